"""Look-ups of one user stay look-ups, however many there are: each step of their plans is an index's, but for tables
of a few rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import event, text

from karst_auth.authority import SqlAuthority
from karst_auth.main import Auth
from karst_platform.relational import Relational
from services_src.auth.tests.world import World

USERS, GROUPS = 100_000, 1_000
_NUMBERS = {"users": USERS, "groups": GROUPS}
_SMALL = {"permission", "tos", "affiliation"}
_FILL = (
    "INSERT INTO \"user\" (name, email) SELECT 'U' || n, 'u' || n || '@example.org' FROM generate_series(1, :users) n",
    "INSERT INTO \"group\" (name) SELECT 'g' || n FROM generate_series(1, :groups) n",
    'INSERT INTO user_group (user_id, group_id) SELECT id, 10 + id % (:groups - 10) FROM "user" WHERE id > 100',
    "INSERT INTO dataset (name) SELECT 'd' || n FROM generate_series(1, :groups) n",
    """
    INSERT INTO group_dataset_permission (group_id, dataset_id, permission_id)
        SELECT id, id, 1 FROM "group" WHERE id > 10 AND id < :groups
    """,
    "INSERT INTO service_table (service_name, table_name, dataset_id) SELECT 'datastack', 't' || id, id FROM dataset",
    'INSERT INTO api_key (user_id, token_hash) SELECT id, md5(id::text) || md5(id::text) FROM "user" WHERE id > 100',
    """
    INSERT INTO login_token (user_id, token_hash, token_hint, expires)
        SELECT user_id, token_hash, '', '2100-01-01' FROM api_key WHERE user_id > 100
    """,
    "INSERT INTO user_custom_name (user_id, name) SELECT id, 'N' || id FROM \"user\" WHERE id % 10 = 0",
    'INSERT INTO dataset_admin (user_id, dataset_id) SELECT id, 10 + id % (:groups - 10) FROM "user" WHERE id > 100',
    'INSERT INTO user_tos (user_id, tos_id) SELECT "user".id, tos.id FROM "user", tos',
    "INSERT INTO affiliation (name) VALUES ('Inst')",
    'INSERT INTO user_affiliation (user_id, affiliation_id) SELECT "user".id, 1 FROM "user"',
    """
    INSERT INTO cell_temp (table_id, root_id, public)
        SELECT 't' || n % :groups, n, n % 3 = 0 FROM generate_series(1, :users) n
    """,
)


def _steps(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "Relation Name" in plan:
        yield plan["Node Type"], plan["Relation Name"]
    for inner in plan.get("Plans", ()):
        yield from _steps(inner)


async def _fill(database: Relational) -> None:
    async with database.begin() as session:
        for statement in _FILL:
            await session.execute(text(statement), _NUMBERS)
    async with database.begin() as session:
        await session.execute(text("ANALYZE"))


@pytest.fixture
async def grown(auth: Auth, world: World) -> Auth:
    assert world.users
    await _fill(auth.needs.database)
    return auth


async def test_no_look_up_reads_a_whole_table(grown: Auth) -> None:
    scans: list[str] = []
    database = grown.needs.database
    asked: list[tuple[str, Any]] = []

    def keep(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    direct = SqlAuthority(database, grown.uses)
    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", keep)
    assert await direct.record("no such token") is None
    assert await direct.record_of_user(USERS // 2) is not None
    assert await direct.dataset_of("datastack", "t500") == "d497"
    assert await direct.has_public("t51")
    assert await direct.is_public("t51", 51)
    event.remove(engine, "before_cursor_execute", keep)
    assert len(asked) >= 9
    async with database.begin() as session:
        connection = await session.connection()
        for statement, parameters in asked:
            rows = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            ((explained,),) = rows.all()
            scans += [f"{kind} of {table}" for kind, table in _steps(explained[0]["Plan"]) if "Seq" in kind]
    assert [scan for scan in scans if scan.split()[-1] not in _SMALL] == []
