"""What anybody may read without saying who they are: public roots, and tables that have some."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import cast

from fastapi import Request

from karst_platform.cave.guard.authority import Authority

PublicBy = Callable[[Authority, str, Request], Awaitable[bool]]
"""Tells of a table and a request whether anybody may."""

_LARGEST_ROOT = 1 << 63
_MOST_ROOTS = 10_000


async def by_table(authority: Authority, table: str, _request: Request) -> bool:
    """Anybody may where a single root of the table is public: for what tells about the table, never for its content."""
    return await authority.has_public(table)


def by_root(variable: str) -> PublicBy:
    """Anybody may where the root that the path names by this variable is public."""

    async def is_public(authority: Authority, table: str, request: Request) -> bool:
        told = str(request.path_params.get(variable, ""))
        return _is_root(told) and await authority.is_public(table, int(told))

    return is_public


def by_roots_in_body(key: str) -> PublicBy:
    """Anybody may where all roots are public that the JSON object of the body lists below this key."""

    async def is_public(authority: Authority, table: str, request: Request) -> bool:
        try:
            body: object = json.loads(await request.body())
        except (ValueError, RecursionError):
            return False
        told = cast("dict[str, object]", body).get(key) if isinstance(body, dict) else None
        if not isinstance(told, list) or not 0 < len(told) <= _MOST_ROOTS:
            return False
        roots = [str(each) for each in told if isinstance(each, int | str) and not isinstance(each, bool)]
        if len(roots) != len(told) or not all(map(_is_root, roots)):
            return False
        return await authority.all_public(table, sorted(set(map(int, roots))))

    return is_public


def _is_root(told: str) -> bool:
    return told.isascii() and told.isdigit() and len(told) < 20 and int(told) < _LARGEST_ROOT
