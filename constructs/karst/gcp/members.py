"""Whom a permission is given to: an account of another stack by its address, or one declared beside the grant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from cdktn import ITerraformDependable

_EMAIL = re.compile(r"(?P<id>[a-z][a-z0-9-]{4,28}[a-z0-9])@[a-z][a-z0-9.:-]*[a-z0-9]\.iam\.gserviceaccount\.com")


class DeclaredAccount(Protocol):
    """A service account declared in this very stack, which must exist before it is granted anything."""

    email: str
    dependable: ITerraformDependable


Grantee = str | DeclaredAccount
"""Whom a `grant_*` method takes. An account of the same stack is passed itself, so that it is created first."""

Accounts = Mapping[str, Grantee]
"""The accounts of a deployment's workloads, by the workload's name."""


def email_of(grantee: Grantee) -> str:
    """Return the address of `grantee`.

    Raises `ValueError` for anything but the address of a service account, written out in full: people, groups and
    `allUsers` get no permission by this way, and an address known only after an apply could not name a resource.
    """
    email = grantee if isinstance(grantee, str) else grantee.email
    if not _EMAIL.fullmatch(email):
        raise ValueError(
            f"{email!r} is not the address of a service account: write <id>@<project>.iam.gserviceaccount.com"
        )
    return email


def member_of(grantee: Grantee) -> str:
    """Write `grantee` as access policies do."""
    return f"serviceAccount:{email_of(grantee)}"


def grant_id(permission: str, grantee: Grantee) -> str:
    """Make the construct id of a grant: what is allowed, and to whom.

    The project is left out, so two accounts of one name in two projects cannot both hold `permission` on one thing.
    """
    return f"{permission}-{email_of(grantee).partition('@')[0]}"


def needs_of(grantee: Grantee) -> list[ITerraformDependable]:
    """List what must be created before `grantee` can be granted anything; nothing for an account of another stack."""
    return [] if isinstance(grantee, str) else [grantee.dependable]
