"""Makes and revokes tokens."""

from __future__ import annotations

import hmac
from datetime import timedelta
from hashlib import sha256
from secrets import token_urlsafe

from sqlalchemy import delete, func, select

from karst_auth.changes.ledger import Changing
from karst_auth.changes.values import text
from karst_auth.model import ApiKey, LoginToken
from karst_auth.tokens import CODE, LOGIN_S, hint, new_token, utc_now
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.authority import token_hash

DESCRIPTION = 120
MOST_KEYS = 1000
"""Of one user: whoever makes one for each run of a program is told so, before they fill the database."""
CODE_S = 60
"""How long a code waits to be redeemed."""
_DECLARED = "declared"
"""Stands for the characters of a token that nobody here has seen."""


async def create_key(change: Changing, user_id: int, *, description: object = None, is_revealed: bool = False) -> str:
    """Make a key that works until it is revoked; the answer is the only place where it ever stands.

    `is_revealed` keeps the key itself, so that its owner can see it again.
    """
    told = None if description is None else text(description, "description", DESCRIPTION, may_be_blank=True)
    if (await change.session.scalar(select(func.count()).where(ApiKey.user_id == user_id)) or 0) >= MOST_KEYS:
        raise CaveError(422, "too_many", f"There are {MOST_KEYS} keys already. Revoke those that nobody uses.")
    key = new_token()
    row = ApiKey(
        user_id=user_id,
        description=told,
        token_hash=token_hash(key),
        token_hint=hint(key),
        key=key if is_revealed else None,
    )
    change.session.add(row)
    await change.session.flush()
    change.note("token.create", f"user/{user_id}", after={"id": row.id, "token": hint(key), "description": told})
    change.concerns_tokens(user_id, token_hash(key))
    change.made.append((user_id, key))
    return key


async def declare_keys(change: Changing, user_id: int, hashes: frozenset[str]) -> None:
    """Let exactly these declared tokens work, of which only the hashes are known; keys made otherwise stay.

    Raises CaveError, 422, where one of them is somebody else's.
    """
    query = select(ApiKey).where(ApiKey.user_id == user_id, ApiKey.token_hint == _DECLARED)
    present = (await change.session.scalars(query)).all()
    for row in present:
        if row.token_hash not in hashes:
            await _revoke(change, row)
    for hashed in sorted(hashes - {row.token_hash for row in present}):
        change.session.add(ApiKey(user_id=user_id, token_hash=hashed, token_hint=_DECLARED))
        change.note("token.declare", f"user/{user_id}", after={"token": _DECLARED})
        change.concerns_tokens(user_id, hashed)
    await change.session.flush()


async def hash_stored_keys(change: Changing, *, is_revealed: bool) -> int:
    """Hash the keys of an imported dump, and forget them unless their owners may see them; return how many."""
    rows = await change.session.scalars(select(ApiKey).where(ApiKey.token_hash.is_(None), ApiKey.key.is_not(None)))
    count = 0
    for row in rows:
        key = row.key or ""
        row.token_hash, row.token_hint, row.key = token_hash(key), hint(key), key if is_revealed else None
        count += 1
    if count:
        change.note("token.hash_stored", "api_key", after={"count": count})
        change.concerns_everybody()
    return count


async def sign_in(change: Changing, user_id: int, *, lasts_s: int = LOGIN_S) -> str:
    """Make a token that ends by itself."""
    token = new_token()
    expires = utc_now() + timedelta(seconds=lasts_s)
    change.session.add(
        LoginToken(user_id=user_id, token_hash=token_hash(token), token_hint=hint(token), expires=expires)
    )
    ended = delete(LoginToken).where(LoginToken.user_id == user_id, LoginToken.expires <= utc_now())
    await change.session.execute(ended)
    change.note("login.create", f"user/{user_id}", after={"token": hint(token), "expires": expires.isoformat()})
    change.concerns_tokens(user_id, token_hash(token))
    change.made.append((user_id, token))
    return token


async def create_code(change: Changing, user_id: int, bound: str) -> str:
    """Make a code that `redeem_code` takes once, within a minute, from whoever it is bound to. It is no token."""
    code = token_urlsafe(24)
    expires = utc_now() + timedelta(seconds=CODE_S)
    row = LoginToken(user_id=user_id, token_hash=_code_hash(code, bound), token_hint=CODE, expires=expires)
    change.session.add(row)
    change.note("login.create_code", f"user/{user_id}")
    return code


async def redeem_code(change: Changing, code: str, bound: str) -> int | None:
    """Take a code, and return whose it is; None where it was taken, is too old, or is bound to somebody else."""
    taken = (
        delete(LoginToken)
        .where(LoginToken.token_hash == _code_hash(code, bound), LoginToken.expires > func.now())
        .returning(LoginToken.user_id)
    )
    return await change.session.scalar(taken)


async def revoke_key(change: Changing, user_id: int, key_id: int) -> None:
    """Revoke one key of a user. Raises CaveError, 404, where it is nobody's or somebody else's."""
    query = select(ApiKey).where(ApiKey.id == key_id, ApiKey.user_id == user_id).with_for_update()
    row = await change.session.scalar(query)
    if row is None:
        raise CaveError(404, "not_found", "There is no such token.")
    await _revoke(change, row)


async def revoke_keys(change: Changing, user_id: int) -> None:
    """Revoke all keys of a user."""
    for row in (await change.session.scalars(select(ApiKey).where(ApiKey.user_id == user_id).with_for_update())).all():
        await _revoke(change, row)


async def sign_out(change: Changing, user_id: int, login_id: int) -> None:
    """End one sign-in. Raises CaveError, 404, where it is nobody's or somebody else's."""
    query = select(LoginToken).where(LoginToken.id == login_id, LoginToken.user_id == user_id).with_for_update()
    row = await change.session.scalar(query)
    if row is None:
        raise CaveError(404, "not_found", "There is no such sign-in.")
    await _end(change, row)


async def sign_out_everywhere(change: Changing, user_id: int) -> None:
    """End all sign-ins of a user; keys stay."""
    rows = await change.session.scalars(select(LoginToken).where(LoginToken.user_id == user_id).with_for_update())
    for row in rows.all():
        await _end(change, row)


def _code_hash(code: str, bound: str) -> str:
    """Another hash than that of tokens, so that no code is ever taken for one."""
    return hmac.new(b"karst one-time code", f"{code} {bound}".encode(errors="replace"), sha256).hexdigest()


async def _revoke(change: Changing, row: ApiKey) -> None:
    await change.session.delete(row)
    before = {"id": row.id, "token": row.token_hint, "description": row.description}
    change.note("token.revoke", f"user/{row.user_id}", before=before)
    if row.token_hash is not None:
        change.concerns_tokens(row.user_id, row.token_hash)


async def _end(change: Changing, row: LoginToken) -> None:
    await change.session.delete(row)
    change.note("login.revoke", f"user/{row.user_id}", before={"token": row.token_hint})
    change.concerns_tokens(row.user_id, row.token_hash)
