"""Makes, changes, disables and removes people and service accounts."""

from __future__ import annotations

from collections.abc import Mapping
from unicodedata import normalize

from sqlalchemy import delete, exists, func, or_, select

from karst_auth.changes import groups, tokens
from karst_auth.changes.ledger import Changing
from karst_auth.changes.values import email, flag, only, text
from karst_auth.model import (
    ApiKey,
    CustomName,
    DatasetAdmin,
    Group,
    LoginToken,
    Membership,
    TosAcceptance,
    User,
    UserAffiliation,
    UserIdentity,
)
from karst_platform.cave.errors import CaveError

NAME = 80
SUFFIX = "@serviceaccount"
"""What stands after the name of a service account where people have an e-mail address."""
CHANGEABLE = frozenset({"active", "admin", "gdpr_consent", "name", "pi", "read_only"})
RESERVED = frozenset({"admin", "administrator", "anonymous", "default", "deployment", "karst", "root", "superadmin"})
"""Names that nobody may choose, since they look like somebody with a duty."""
_OWN = (
    Membership,
    DatasetAdmin,
    TosAcceptance,
    UserAffiliation,
    UserIdentity,
    CustomName,
    ApiKey,
    LoginToken,
)
"""What goes with a user."""


async def create(change: Changing, *, name: object, address: object, pi: object = "", is_admin: bool = False) -> int:
    """Make a person, who joins `default`. Raises CaveError, 422, where the address is somebody's."""
    user = User(
        name=text(name, "name", NAME), email=email(address), pi=text(pi, "pi", NAME, may_be_blank=True), admin=is_admin
    )
    if user.email.endswith(SUFFIX):
        raise CaveError(422, "invalid_email", f"Addresses that end with {SUFFIX} are those of service accounts.")
    if await change.session.scalar(select(exists().where(func.lower(User.email) == user.email))):
        raise CaveError(422, "already_exists", "Somebody has this e-mail address already.")
    return await _add(change, user, "user.create")


async def create_service_account(
    change: Changing, *, name: object, parent_id: int, is_revealed: bool = False
) -> tuple[int, str]:
    """Make a service account with its one key, which the answer alone holds. Raises CaveError, 422, where it exists."""
    named = text(name, "name", NAME)
    user_id = await _add_service_account(change, named, parent_id)
    return user_id, await tokens.create_key(change, user_id, description=named, is_revealed=is_revealed)


async def declare_service_account(change: Changing, *, name: str, parent_id: int) -> int:
    """Make a service account without a key."""
    return await _add_service_account(change, text(name, "name", NAME), parent_id)


async def update(change: Changing, *, user_id: int, values: Mapping[str, object], is_service_account: bool) -> None:
    """Change what `CHANGEABLE` names. Raises CaveError: 404, and 403 where it would lock out whoever does it."""
    user = await locked(change, user_id, is_service_account=is_service_account)
    before: dict[str, object] = {}
    for field, value in only(values, CHANGEABLE).items():
        before[field] = getattr(user, field)
        setattr(user, field, _value(field, value))
    after = {field: getattr(user, field) for field in before}
    if user_id == change.actor.id and (after.get("admin") is False or after.get("active") is False):
        raise CaveError(403, "own_account", "Nobody takes away their own rights: ask another superadmin.")
    change.note("user.update", f"user/{user_id}", before=before, after=after)
    change.concerns_users(user_id)
    if "active" in after and after["active"] != before["active"]:
        await _switched(change, user)


async def remove(change: Changing, *, user_id: int, is_service_account: bool | None = None) -> None:
    """Take a user away, with all that is theirs, their service accounts too. Raises CaveError, 403, for oneself.

    The audit log stays. An unknown id changes nothing; where `is_service_account` says what it must be, it is 404.
    """
    if is_service_account is not None:
        await locked(change, user_id, is_service_account=is_service_account)
    if user_id == change.actor.id:
        raise CaveError(403, "own_account", "Nobody removes themselves: ask another superadmin.")
    query = select(User).where(or_(User.id == user_id, User.parent_id == user_id)).with_for_update()
    users = (await change.session.scalars(query)).all()
    for user in sorted(users, key=lambda each: each.parent_id is None):
        await tokens.revoke_keys(change, user.id)
        await tokens.sign_out_everywhere(change, user.id)
        await change.session.flush()
        for table in _OWN:
            await change.session.execute(delete(table).where(table.user_id == user.id))
        await change.session.execute(delete(User).where(User.id == user.id))
        change.note("user.remove", f"user/{user.id}", before={"email": user.email, "name": user.name})
        change.concerns_users(user.id)


async def choose_name(change: Changing, *, user_id: int, name: object) -> None:
    """Have others see another name; a blank one brings back the name of the account.

    A name is chosen once, and only one that nobody else is seen by. Raises CaveError, 422.
    """
    chosen = _as_seen(text(name, "name", NAME, may_be_blank=True))
    row = await change.session.scalar(select(CustomName).where(CustomName.user_id == user_id).with_for_update())
    if chosen and row is not None and row.name != chosen:
        raise CaveError(422, "already_chosen", "A name can be chosen once.")
    if chosen:
        await _demand_free(change, user_id, chosen)
    before = {"name": row.name, "active": row.active} if row is not None else None
    if row is None and chosen:
        change.session.add(CustomName(user_id=user_id, name=chosen))
    elif row is not None:
        row.active, row.updated = bool(chosen), func.now()
    after = {"name": chosen, "active": bool(chosen)}
    change.note("user.choose_name", f"user/{user_id}", before=before, after=after)
    change.concerns_users(user_id)


async def locked(change: Changing, user_id: int, *, is_service_account: bool) -> User:
    """The row of a person, or of a service account, which nobody else changes meanwhile. Raises CaveError, 404."""
    user = await change.session.get(User, user_id, with_for_update=True)
    if user is None or (user.parent_id is not None) is not is_service_account:
        raise CaveError(404, "not_found", "There is no such user.")
    return user


async def _add(change: Changing, user: User, action: str) -> int:
    change.session.add(user)
    await change.session.flush()
    after = {"email": user.email, "name": user.name, "admin": bool(user.admin)}
    change.note(action, f"user/{user.id}", after=after)
    change.concerns_users(user.id)
    default_id = await change.session.scalar(select(Group.id).where(Group.name == groups.DEFAULT))
    if default_id is not None:
        await groups.add_member(change, group_id=default_id, user_id=user.id)
    return user.id


async def _add_service_account(change: Changing, name: str, parent_id: int) -> int:
    """One that a service account makes belongs to the person behind: what ends with them ends for both."""
    behind = await change.session.scalar(select(User.parent_id).where(User.id == parent_id))
    user = User(name=name, email=name.lower() + SUFFIX, parent_id=behind if behind is not None else parent_id)
    return await _add(change, user, "service_account.create")


async def _switched(change: Changing, user: User) -> None:
    """Sign-ins end with being disabled; keys only wait, so that whoever comes back needs no new ones."""
    children = (await change.session.scalars(select(User.id).where(User.parent_id == user.id))).all()
    change.concerns_users(*children)
    # Tokens that were refused a moment ago are remembered as nobody's.
    keys = select(ApiKey.token_hash).where(ApiKey.user_id.in_([user.id, *children]), ApiKey.token_hash.is_not(None))
    change.concerns_tokens(user.id, *(each for each in await change.session.scalars(keys) if each is not None))
    if not user.active:
        for user_id in (user.id, *children):
            await tokens.sign_out_everywhere(change, user_id)


async def _demand_free(change: Changing, user_id: int, name: str) -> None:
    # Two who choose one name at once wait for each other.
    await change.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name.lower(), 0))))
    taken = exists().where(User.id != user_id, func.lower(User.name) == func.lower(name))
    chosen = exists().where(CustomName.user_id != user_id, func.lower(CustomName.name) == func.lower(name))
    if name.lower() in RESERVED or await change.session.scalar(select(or_(taken, chosen))):
        raise CaveError(422, "name_taken", "Others are known by this name. Choose another one.")


def _as_seen(name: str) -> str:
    """The name with each character in its usual form. Raises CaveError, 422, for what nobody sees in it."""
    usual = " ".join(normalize("NFKC", name).split())
    if not usual.isprintable() or len(usual) > NAME:
        raise CaveError(422, "invalid_name", "name has characters that can't be seen, or is too long.")
    return usual


def _value(field: str, value: object) -> object:
    match field:
        case "name":
            return text(value, "name", NAME)
        case "pi":
            return text(value, "pi", NAME, may_be_blank=True)
        case _:
            return flag(value, field)
