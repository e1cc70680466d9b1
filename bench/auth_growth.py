"""What look-ups of one user take among a hundred people, and among a million: nothing is remembered between them."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping

import psycopg
from sqlalchemy.engine import make_url

from bench.measure import Figure
from karst_auth.changes import arrivals, tokens
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.login.providers import Identity
from karst_auth.main import Auth, make_auth
from karst_auth.migrations import MIGRATIONS
from karst_auth.people import groups_of
from karst_auth.settings import AuthSettings
from karst_platform.cave.guard.push import LocalChanges

USERS, GROUPS = 1_000_000, 10_000
_FEW_USERS, _FEW_GROUPS = 100, 1
_TIMES, _WARM_UP = 400, 50
_LIMIT = 1.5
_ISSUER = "https://accounts.example.org"
_FILL = (
    """INSERT INTO "user" (id, name, email)
        SELECT n, 'U' || n, 'u' || n || '@example.org' FROM generate_series(%(users_from)s::int, %(users)s) n""",
    """INSERT INTO "group" (id, name)
        SELECT 1000 + n, 'g' || n FROM generate_series(%(groups_from)s::int, %(groups)s) n""",
    """INSERT INTO user_group (user_id, group_id)
        SELECT n, 1001 + (n - 1) / 100 FROM generate_series(%(users_from)s::int, %(users)s) n""",
    """INSERT INTO dataset (id, name)
        SELECT 1000 + n, 'd' || n FROM generate_series(%(groups_from)s::int, %(groups)s) n""",
    """INSERT INTO group_dataset_permission (group_id, dataset_id, permission_id)
        SELECT 1000 + n, 1000 + n, p FROM generate_series(%(groups_from)s::int, %(groups)s) n,
        generate_series(1, 2) p""",
    """INSERT INTO api_key (user_id, token_hash)
        SELECT n, encode(sha256(lpad(to_hex(n), 32, '0')::bytea), 'hex')
        FROM generate_series(%(users_from)s::int, %(users)s) n""",
    """INSERT INTO user_identity (user_id, issuer, subject)
        SELECT n, 'https://accounts.example.org', 's' || n FROM generate_series(%(users_from)s::int, %(users)s) n""",
)


def sample(connection: psycopg.Connection) -> str:
    """Fill a database with a few people, and return the token of one."""
    _fill(connection, 0, _FEW_USERS, 0, _FEW_GROUPS)
    return _token(1)


async def growth(dsn: str) -> list[Figure]:
    """Ask about people in turn, of the database with few of them that is there, and of one with a million."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE many")
    many = make_url(dsn).set(database="many").render_as_string(hide_password=False)
    MIGRATIONS.run(many)
    with psycopg.connect(many, autocommit=True) as connection:
        _fill(connection, 0, USERS, 0, GROUPS)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    return [
        Figure(
            step=f"{what} among {USERS:,} people in {GROUPS:,} groups against {_FEW_USERS}",
            value=many_ms / few_ms,
            limit=_LIMIT,
            unit="times",
            note=f"median {few_ms:.2f} ms, then {many_ms:.2f} ms",
        )
        for what, (few_ms, many_ms) in (await _medians_ms(dsn, many)).items()
    ]


def _fill(connection: psycopg.Connection, users_from: int, users: int, groups_from: int, groups: int) -> None:
    numbers = {"users_from": users_from + 1, "users": users, "groups_from": groups_from + 1, "groups": groups}
    for statement in _FILL:
        connection.execute(statement.encode(), numbers)


async def _medians_ms(few: str, many: str) -> Mapping[str, tuple[float, float]]:
    """What each look-up takes in either database, one after the other: so a busy machine slows both alike."""
    chance = random.Random(3)  # noqa: S311 - the same people in every run
    auths = [make_auth(AuthSettings.model_validate({"KARST_POSTGRES_DSN": dsn}), LocalChanges()) for dsn in (few, many)]
    medians: dict[str, tuple[float, float]] = {}
    for what, ask in _ASKED.items():
        taken: list[tuple[float, ...]] = []
        for _ in range(_TIMES + _WARM_UP):
            pairs = zip(auths, (_FEW_USERS, USERS), strict=True)
            taken.append(tuple([await _timed(ask, auth, chance.randint(1, users)) for auth, users in pairs]))
        few_s, many_s = zip(*taken[_WARM_UP:], strict=True)
        medians[what] = (statistics.median(few_s) * 1000, statistics.median(many_s) * 1000)
    for auth in auths:
        await auth.needs.database.close()
    return medians


async def _timed(ask: Callable[[Auth, int], Awaitable[None]], auth: Auth, user_id: int) -> float:
    begin_s = time.perf_counter()
    await ask(auth, user_id)
    return time.perf_counter() - begin_s


async def _permissions(auth: Auth, user_id: int) -> None:
    found = await auth.needs.tables.record(_token(user_id))
    if found is None or found.id != user_id or len(found.permissions) != 1:
        raise RuntimeError(f"user {user_id} has other permissions")


async def _groups(auth: Auth, user_id: int) -> None:
    async with auth.needs.database.begin() as session:
        if len(await groups_of(session, user_id)) != 1:
            raise RuntimeError(f"user {user_id} is in other groups")


async def _login(auth: Auth, user_id: int) -> None:
    identity = Identity(
        issuer=_ISSUER, subject=f"s{user_id}", email=f"u{user_id}@example.org", name=f"U{user_id}", is_verified=True
    )
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        arrival = await arrivals.arrive(change, identity)
        await tokens.sign_in(change, arrival.user_id)


_ASKED = {"whose token it is, with all permissions": _permissions, "groups": _groups, "sign in": _login}


def _token(user_id: int) -> str:
    return f"{user_id:032x}"
