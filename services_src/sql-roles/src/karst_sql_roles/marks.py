"""What says that a role is Karst's: its comment, which also lists who was made a member, for each deployment.

By it a later run takes away what is no longer wanted, and leaves alone what others did by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

_KEY = "karst"
EMPTY = json.dumps({_KEY: {}})
"""The comment with which a person hands a role over to Karst."""

Members = Mapping[str, tuple[str, ...]]
"""Deployment to those that it made members of a role."""


def read_mark(comment: str | None) -> Members | None:
    """Who made whom a member; None for a role that isn't Karst's."""
    try:
        found = json.loads(comment or "")
    except ValueError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get(_KEY), dict):
        return None
    return {str(name): tuple(map(str, members)) for name, members in found[_KEY].items() if isinstance(members, list)}


def write_mark(members: Mapping[str, Iterable[str]]) -> str:
    """The comment that says so."""
    return json.dumps({_KEY: {name: sorted(each) for name, each in sorted(members.items())}}, ensure_ascii=False)
