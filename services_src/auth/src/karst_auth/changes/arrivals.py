"""People who come from a provider of identities: known ones are found again, new ones get an account."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from karst_auth.changes import users
from karst_auth.changes.ledger import Changing
from karst_auth.changes.values import email
from karst_auth.login.providers import Identity
from karst_auth.model import User, UserIdentity
from karst_platform.cave.errors import CaveError

_ISSUER, _SUBJECT = 200, 255


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Somebody who may sign in."""

    user_id: int
    is_new: bool
    """Whether they had no account before."""


async def arrive(change: Changing, identity: Identity) -> Arrival:
    """Find the account of an identity, or make one, and take over the name that it has now.

    Somebody is who they are by issuer and subject. An address leads to an account that has neither yet, such as those
    that an administrator made, or that came from elsewhere. Raises CaveError, 403: the address was not
    verified, is that of somebody else's account, or the account is disabled.
    """
    if not identity.is_verified:
        raise CaveError(
            403, "unverified_email", "Your provider did not verify your e-mail address. Verify it there first."
        )
    if not 0 < len(identity.subject) <= _SUBJECT or len(identity.issuer) > _ISSUER:
        raise CaveError(403, "unknown_identity", "Your provider doesn't say who you are.")
    address, name = email(identity.email), _name(identity)
    if address.endswith(users.SUFFIX):
        raise CaveError(403, "service_account", "Nobody signs in as a service account.")
    # Two windows in which one new person signs in wait for each other.
    await change.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(address, 1))))
    user_id = await _known(change, identity)
    is_new = False
    if user_id is None:
        user_id, is_new = await _by_address(change, address, name)
        await _link(change, user_id, identity)
    user = await users.locked(change, user_id, is_service_account=False)
    if not user.active:
        raise CaveError(403, "disabled", "Your account is disabled. Ask whoever runs this deployment.")
    if user.name != name:
        await users.update(change, user_id=user_id, values={"name": name}, is_service_account=False)
    return Arrival(user_id=user_id, is_new=is_new)


async def _known(change: Changing, identity: Identity) -> int | None:
    query = select(UserIdentity.user_id)
    return await change.session.scalar(
        query.where(UserIdentity.issuer == identity.issuer, UserIdentity.subject == identity.subject)
    )


async def _by_address(change: Changing, address: str, name: str) -> tuple[int, bool]:
    query = select(User.id).where(func.lower(User.email) == address, User.parent_id.is_(None)).order_by(User.id)
    found = await change.session.scalar(query.limit(1))
    return (found, False) if found is not None else (await users.create(change, name=name, address=address), True)


async def _link(change: Changing, user_id: int, identity: Identity) -> None:
    query = select(UserIdentity.id).where(UserIdentity.user_id == user_id, UserIdentity.issuer == identity.issuer)
    if await change.session.scalar(query) is not None:
        message = "This address belongs to another account of your provider. Ask whoever runs this deployment."
        raise CaveError(403, "other_identity", message)
    change.session.add(UserIdentity(user_id=user_id, issuer=identity.issuer, subject=identity.subject))
    await change.session.flush()
    change.note("user.identify", f"user/{user_id}", after={"issuer": identity.issuer})


def _name(identity: Identity) -> str:
    """The name that the provider tells, in one line; the beginning of the address where it tells none."""
    told = " ".join("".join(each if each.isprintable() else " " for each in identity.name).split())
    return told[: users.NAME].strip() or identity.email.partition("@")[0][: users.NAME]
