"""Brings names into the forms that cloud resources accept: no longer, no shorter, no other characters."""

from __future__ import annotations

import hashlib
import re

_HASH_CHARS = 5


def shorten(name: str, limit: int) -> str:
    """`name` where it fits `limit` characters, else its beginning and a short hash of the whole.

    The hash keeps two long names apart that begin alike.
    """
    if len(name) <= limit:
        return name
    return f"{name[: limit - _HASH_CHARS - 1].rstrip('-_.')}-{_mark(name)}"


def lengthen(name: str, limit: int) -> str:
    """`name` where it has `limit` characters or more, else with a short hash behind it."""
    if len(name) >= limit:
        return name
    return f"{name}-{_mark(name)}"


def dashed(name: str) -> str:
    """`name` in lower case with a dash for every character that names of cloud resources can't hold."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")


def underscored(name: str) -> str:
    """`name` with an underscore for every character that names in BigQuery and Terraform can't hold."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", name)


def _mark(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:_HASH_CHARS]
