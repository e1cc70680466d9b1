"""Accounts, groups and tokens that a deployment declares, so that its first start has no knot: services need tokens.

{
  "admins": [{"email": "ada@example.org", "name": "Ada", "pi": ""}],
  "groups": ["lab"],
  "service_accounts": [{"name": "annotation", "groups": ["lab"], "token_sha256": ["9f86d0..."]}]
}

What is there already is left as people made it since: nobody loses a role, or gets one back, by a new start. A declared
token that is no longer declared is revoked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from sqlalchemy import func, select

from karst_auth.changes import groups, tokens, users
from karst_auth.changes.ledger import DEPLOYMENT, Changing, Ledger
from karst_auth.model import ApiKey, Group, Membership, User
from karst_platform.cave.guard.authority import token_hash

SERVICES = "karst"
"""Name of the service account of the deployment's own services."""
RECONCILER = "karst-reconcile"
"""Name of the service account of the job that makes what the deployment declares."""
_OWNER = ("Deployment", "deployment@karst.invalid")
"""Whoever made the declared service accounts. Nobody can sign in with this address."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class DeclaredError(ValueError):
    """The file can't be read; the message says where it is wrong."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Admin(_Part):
    """A superadmin."""

    email: str
    name: Name
    pi: str = ""


class ServiceAccount(_Part):
    """A service account, and hashes of the tokens that it uses."""

    name: Name
    is_admin: bool = False
    groups: tuple[Name, ...] = ()
    token_sha256: tuple[Sha256, ...] = ()


class Declared(_Part):
    """Everything that a deployment declares."""

    admins: tuple[Admin, ...] = ()
    groups: tuple[Name, ...] = ()
    service_accounts: tuple[ServiceAccount, ...] = ()


def read_declared(path: Path) -> Declared:
    """Read the file. Raises DeclaredError, which quotes no value."""
    try:
        return Declared.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DeclaredError(f"{path}: can't be read ({type(error).__name__})") from None
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        places = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
        raise DeclaredError(f"{path}: {places}") from None


async def apply_declared(ledger: Ledger, declared: Declared) -> None:
    """Make what is missing, all of it or nothing. Several processes may do so at once."""
    async with ledger.change(DEPLOYMENT) as change:
        await exclude_other_starts(change)
        for admin in declared.admins:
            if await _id_of(change, admin.email.lower()) is None:
                await users.create(change, name=admin.name, address=admin.email, pi=admin.pi, is_admin=True)
        named = {*declared.groups, *(name for each in declared.service_accounts for name in each.groups)}
        group_ids = {name: await _group(change, name) for name in sorted(named)}
        for account in declared.service_accounts:
            await _account(change, account, group_ids)


async def exclude_other_starts(change: Changing) -> None:
    """Let nobody else begin with this database, until the change ends."""
    await change.session.execute(select(func.pg_advisory_xact_lock(0x6B61727376)))


async def declare_services(ledger: Ledger, token: str) -> None:
    """Make the service account in whose name the deployment's services ask, with this token.

    A token that is somebody's already, as where the users of an existing service were taken over, stays theirs.
    """
    await _declare_token(ledger, token, SERVICES, is_admin=False)


async def declare_reconciler(ledger: Ledger, token: str) -> None:
    """Make the superadmin in whose name `karst reconcile` makes what the deployment declares, with this token."""
    await _declare_token(ledger, token, RECONCILER, is_admin=True)


async def _declare_token(ledger: Ledger, token: str, name: str, *, is_admin: bool) -> None:
    hashed = token_hash(token)
    async with ledger.change(DEPLOYMENT) as change:
        owners = select(User.email).join(ApiKey, ApiKey.user_id == User.id).where(ApiKey.token_hash == hashed)
        owner = await change.session.scalar(owners)
    if owner in (None, name + users.SUFFIX):
        account = ServiceAccount(name=name, is_admin=is_admin, token_sha256=(hashed,))
        await apply_declared(ledger, Declared(service_accounts=(account,)))


async def _account(change: Changing, account: ServiceAccount, group_ids: dict[str, int]) -> None:
    user_id = await _id_of(change, account.name.lower() + users.SUFFIX)
    if user_id is None:
        owner_id = await _owner(change)
        user_id = await users.declare_service_account(change, name=account.name, parent_id=owner_id)
        if account.is_admin:
            await users.update(change, user_id=user_id, values={"admin": True}, is_service_account=True)
        for name in account.groups:
            await _join(change, group_ids[name], user_id)
    await tokens.declare_keys(change, user_id, frozenset(account.token_sha256))


async def _id_of(change: Changing, address: str) -> int | None:
    return await change.session.scalar(select(User.id).where(User.email == address))


async def _owner(change: Changing) -> int:
    name, address = _OWNER
    return await _id_of(change, address) or await users.create(change, name=name, address=address)


async def _group(change: Changing, name: str) -> int:
    found = await change.session.scalar(select(Group.id).where(Group.name == name))
    return found if found is not None else await groups.create(change, name=name)


async def _join(change: Changing, group_id: int, user_id: int) -> None:
    query = select(Membership.id).where(Membership.group_id == group_id, Membership.user_id == user_id)
    if await change.session.scalar(query) is None:
        await groups.add_member(change, group_id=group_id, user_id=user_id)
