"""Auth on this machine: who is there at the start, and a token for the first of them.

Whoever owns the deployment is superadmin. Where nobody else can connect, two more people show what grants do, and
anybody may choose who they are (`karst_auth.login.demo`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from karst_auth.changes import groups, tokens, users
from karst_auth.changes.ledger import DEPLOYMENT, Changing
from karst_auth.login.demo import Demo
from karst_auth.main import Auth, make_auth
from karst_auth.model import Group, Membership, User
from karst_auth.settings import AuthSettings
from karst_local.deployment import Deployment
from karst_local.state import State, write_private
from karst_platform import load_settings
from karst_platform.cave.guard.push import LocalChanges

_RENEW_BEFORE_S = 2 * 24 * 3600
_VIEW, _EDIT = "view", "edit"


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """Somebody who shows what a grant does."""

    email: str
    name: str
    permissions: frozenset[str]


NEIGHBOURS = (
    Neighbour(email="viewer@example.org", name="Demo Viewer", permissions=frozenset({_VIEW})),
    Neighbour(email="proofreader@example.org", name="Demo Proofreader", permissions=frozenset({_VIEW, _EDIT})),
)


@dataclass(frozen=True, kw_only=True)
class AuthHere:
    """Auth in this process: other services ask it without a network between."""

    auth: Auth
    demo: Demo | None
    """How people sign in where nobody else can connect."""


def declare_owner(state: State, deployment: Deployment) -> str:
    """Write the file that makes the owner superadmin, and return its path."""
    path = state.folder / "auth.json"
    owner = {"email": deployment.owner, "name": deployment.owner_name}
    write_private(path, json.dumps({"admins": [owner]}))
    return str(path)


def auth_here(told: Mapping[str, str], state: State, *, is_loopback: bool) -> AuthHere:
    """Make auth, with the settings that its service is told."""
    auth = make_auth(load_settings(AuthSettings, told), LocalChanges())
    return AuthHere(auth=auth, demo=Demo(key=state.secret("demo-key")) if is_loopback else None)


async def first_people(here: AuthHere, state: State, deployment: Deployment) -> str:
    """Make the first people, who belong to declared groups, and return a token of the owner.

    It is the same in every run, until it gets old or somebody ends it.
    """
    needs = here.auth.needs
    async with needs.ledger.change(DEPLOYMENT) as change:
        owner_id = await _person(change, deployment.owner, deployment.owner_name, is_admin=True)
        for name, permissions in _groups(deployment).items():
            await _join(change, name, owner_id)
            for each in NEIGHBOURS:
                neighbour_id = await _person(change, each.email, each.name)
                if permissions == each.permissions:
                    await _join(change, name, neighbour_id)
    path = state.subfolder("secrets") / "cave-token"
    if path.exists():
        token = path.read_text(encoding="utf-8")
        known = await needs.tables.record(token)
        if known is not None and known.id == owner_id and known.token and known.token.ttl_s() > _RENEW_BEFORE_S:
            return token
    async with needs.ledger.change(DEPLOYMENT) as change:
        token = await tokens.sign_in(change, owner_id)
    write_private(path, token)
    return token


def _groups(deployment: Deployment) -> dict[str, frozenset[str]]:
    """Declared groups, and what each may do."""
    found: dict[str, frozenset[str]] = {}
    for dataset in deployment.datasets:
        for name, group in dataset.groups.items():
            found[name] = frozenset(group.permissions)
    return found


async def _person(change: Changing, address: str, name: str, *, is_admin: bool = False) -> int:
    found = await change.session.scalar(select(User.id).where(func.lower(User.email) == address.lower()))
    if found is not None:
        return found
    return await users.create(change, name=name, address=address, is_admin=is_admin)


async def _join(change: Changing, group: str, user_id: int) -> None:
    group_id = await change.session.scalar(select(Group.id).where(Group.name == group))
    is_member = select(Membership.id).where(Membership.group_id == group_id, Membership.user_id == user_id)
    if group_id is not None and await change.session.scalar(is_member) is None:
        await groups.add_member(change, group_id=group_id, user_id=user_id)
