"""Databases that CAVE's state server filled, in any year, and what it finds of ours."""

from __future__ import annotations

import gzip
import json
import uuid
import zlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.cloud.datastore_v1.types import datastore as protocol
from google.cloud.datastore_v1.types import entity as entities

from karst_nglstate.moving.command import export, import_
from karst_nglstate.record import Column
from karst_nglstate.stores.datastore import Datastore, DatastoreSettings
from karst_nglstate.stores.datastore_records import DatastoreRecords
from karst_nglstate.stores.entities import timestamp
from karst_nglstate.stores.records import Post, post_of
from services_src.nglstate.tests.conftest import unlimited
from services_src.nglstate.tests.support import API, Server, refused, serving
from services_src.platform.tests.guard.people import READER, STRANGER, SUPERADMIN

pytestmark = pytest.mark.anyio
STATE, OTHER = b'{"layers": [1], "n": 9007199254740993}', b'{"layers": [2]}'
MADE = datetime(2023, 4, 5, 6, 7, 8, tzinfo=UTC)


@dataclass
class Database:
    """A database with the tables of a deployment, and its bucket."""

    datastore: Datastore
    host: str
    folder: Path
    table: str
    oldest: str

    def key(self, state_id: int | str, kind: str = "ngl_json", table: str = "") -> entities.Key:
        element = entities.Key.PathElement(kind=kind)
        if isinstance(state_id, int):
            element.id = state_id
        else:
            element.name = state_id
        return entities.Key(partition_id=self.datastore.partition(table or self.table), path=[element])

    async def write(
        self,
        state_id: int | str,
        *,
        kind: str = "ngl_json",
        table: str = "",
        **values: Any,  # noqa: ANN401 - of many types
    ) -> None:
        """Write an entity as upstream's library writes one."""
        told = {name: entities.Value(**kinds) for name, kinds in values.items()}
        entity = entities.Entity(key=self.key(state_id, kind, table), properties=told)
        await self.datastore.commit(protocol.Mutation(upsert=entity))

    async def read(self, state_id: int | str, kind: str = "ngl_json") -> dict[str, entities.Value]:
        (found,) = await self.datastore.lookup(self.key(state_id, kind))
        assert found is not None
        return dict(found.entity.properties)

    def keep(self, bucket: str, key: str, content: bytes) -> None:
        path = self.folder / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def serving(self, bucket: str | None = "states/v2") -> AbstractAsyncContextManager[Server]:
        told: dict[str, object] = {"table": self.table, "older_tables": (self.oldest,)}
        if bucket is not None:
            told |= {"buckets_folder": self.folder, "bucket": bucket}
        return serving(unlimited(datastore_emulator=self.host, **told))


@pytest.fixture
async def database(datastore_emulator: str, tmp_path: Path) -> AsyncIterator[Database]:
    made = Datastore(DatastoreSettings(project="karst", emulator_host=datastore_emulator))
    name = uuid.uuid4().hex
    yield Database(made, datastore_emulator, tmp_path, f"t{name}", f"old{name}")
    await made.close()


def blob(content: bytes) -> dict[str, object]:
    return {"blob_value": zlib.compress(content), "exclude_from_indexes": True}


COUNTED: dict[str, Any] = {
    "user_id": {"string_value": str(READER.id)},
    "date": {"timestamp_value": timestamp(MADE)},
    "date_last": {"timestamp_value": timestamp(MADE)},
    "access_counter": {"integer_value": 7},
}


async def test_states_of_every_year_are_read(database: Database) -> None:
    await database.write(1, v2=blob(STATE), **COUNTED)
    await database.write(2, v1=blob(STATE), **COUNTED)
    await database.write(3, v1=blob(OTHER), v2=blob(STATE), **COUNTED)
    await database.write(4, segment_properties=blob(STATE), **COUNTED)
    await database.write(5, table=database.oldest, json=blob(OTHER), json_graphene_v1=blob(STATE))
    await database.write(6, table=database.oldest, json=blob(STATE), access_counter={"integer_value": 2})
    await database.write(7, **COUNTED)
    database.keep("states/v2", "7", gzip.compress(zlib.compress(STATE)))
    await database.write(8, **COUNTED)
    database.keep("states/v2", "8", zlib.compress(STATE))
    await database.write(9, v1=blob(OTHER), **COUNTED)
    database.keep("states/v2", "9", gzip.compress(zlib.compress(STATE)))
    async with database.serving() as server:
        for state_id in (1, 2, 3, 5, 6, 7, 8, 9):
            assert await server.content(state_id) == STATE, state_id
            raw = await server.ask("GET", f"/nglstate/raw/{state_id}")
            assert zlib.decompress(raw.content) == STATE
        assert await server.content(4, "/property") == STATE
        for path in ("/4", "/raw/4", "/property/1/info", "/property/7/info", "/property/5/info"):
            refused(await server.ask("GET", API + path), 404, "not_found")


async def test_states_of_every_year_move_to_another_store(
    database: Database, postgres_server: Server, tmp_path: Path
) -> None:
    await database.write(1, v2=blob(STATE), **COUNTED)
    await database.write(2, v1=blob(STATE), **COUNTED)
    await database.write(3, **COUNTED)
    database.keep("states/v2", "3", gzip.compress(zlib.compress(STATE)))
    await database.write(4, segment_properties=blob(STATE), **COUNTED)
    await database.write(5, table=database.oldest, json=blob(STATE))
    await database.write(1, table=database.oldest, json=blob(OTHER))
    for number in range(100, 160):
        await database.write(number, v2=blob(OTHER), **COUNTED)
    async with database.serving() as server:
        counts = await export(server.states, tmp_path / "files")
    assert (counts.states, counts.properties) == (64, 1)
    await import_(postgres_server.states, tmp_path / "files")
    for state_id in (1, 2, 3, 5):
        assert await postgres_server.content(state_id) == STATE
    assert await postgres_server.content(4, "/property") == STATE
    assert await postgres_server.content(159) == OTHER
    moved = await postgres_server.states.find(Column.STATE, 1)
    assert (moved.user_id, moved.created) == (str(READER.id), MADE)


async def test_the_same_id_in_two_tables_is_that_of_the_newer_one(database: Database) -> None:
    await database.write(1, v2=blob(STATE), **COUNTED)
    await database.write(1, table=database.oldest, json=blob(OTHER))
    async with database.serving() as server:
        assert await server.content(1) == STATE


async def test_states_are_found_where_the_older_service_wrote_that_they_are(database: Database) -> None:
    told = json.dumps({"v2": {"bucket_path": "gs://another/place", "path_elements": []}})
    await database.write("column", kind=f"{database.table}_config", value={"string_value": told})
    await database.write(1, **COUNTED)
    database.keep("another/place", "1", gzip.compress(zlib.compress(STATE)))
    async with database.serving() as server:
        assert await server.content(1) == STATE
        kept = await server.post(OTHER)
        assert (database.folder / "states/v2" / str(kept)).exists()


async def test_what_has_no_content_anywhere_is_not_found(database: Database) -> None:
    await database.write(1, **COUNTED)
    async with database.serving() as server:
        refused(await server.ask("GET", f"{API}/1"), 404, "not_found")
        assert (await server.ask("DELETE", f"{API}/1")).status_code == 200


async def test_upstream_reads_what_we_write(database: Database) -> None:
    async with database.serving() as server:
        state, properties = await server.post(STATE), await server.post(OTHER, folder="/property")
    values = await database.read(state)
    assert not {"v1", "v2"} & values.keys(), "the bucket has it"
    assert zlib.decompress((database.folder / "states/v2" / str(state)).read_bytes()) == STATE
    assert values["user_id"].string_value == str(READER.id)
    assert values["access_counter"].integer_value == 1
    assert values["date"].timestamp_value == values["date_last"].timestamp_value
    assert zlib.decompress((await database.read(properties))["segment_properties"].blob_value) == OTHER


async def test_large_properties_are_in_the_bucket(database: Database) -> None:
    large = json.dumps(uuid.uuid4().hex * 1000 + "".join(uuid.uuid4().hex for _ in range(60_000))).encode()
    async with database.serving() as server:
        kept = await server.post(large, folder="/property")
        assert await server.content(kept, "/property") == large
        assert (database.folder / "states/v2/properties" / str(kept)).exists()
        assert (await server.ask("DELETE", f"{API}/property/{kept}")).status_code == 200
        assert not (database.folder / "states/v2/properties" / str(kept)).exists()
    async with database.serving(bucket=None) as server:
        answer = await server.ask("POST", f"{API}/property/post", large)
        assert "bucket" in refused(answer, 413, "content_too_large")["message"]
        kept = await server.post(STATE)
        assert await server.content(kept) == STATE
    assert zlib.decompress((await database.read(kept))["v2"].blob_value) == STATE


async def test_counters_are_added_to_and_nothing_else_changes(database: Database) -> None:
    await database.write(1, v2=blob(STATE), extra={"string_value": "of somebody else"}, **COUNTED)
    async with database.serving() as server:
        for _ in range(5):
            await server.content(1)
        before = await database.read(1)
        assert before["access_counter"].integer_value == 7, "reading writes nothing"
        await database.write(2, v2=blob(STATE))
        await server.content(2)
        (found,) = await database.datastore.lookup(database.key(2))
        assert found is not None
        await database.datastore.commit(protocol.Mutation(delete=found.entity.key))
    after = await database.read(1)
    assert after["access_counter"].integer_value == 12
    assert after["date_last"].timestamp_value != before["date_last"].timestamp_value
    kept = ("v2", "extra", "user_id", "date")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    (gone,) = await database.datastore.lookup(database.key(2))
    assert gone is None, "what was deleted meanwhile stays so"


async def test_states_of_older_services_are_their_posters_to_delete(database: Database) -> None:
    await database.write(1, v2=blob(STATE), **COUNTED)
    await database.write(2, table=database.oldest, json=blob(STATE))
    async with database.serving() as server:
        refused(await server.ask("DELETE", f"{API}/1", who=STRANGER), 403, "missing_role")
        assert (await server.ask("DELETE", f"{API}/1", who=READER)).status_code == 200
        refused(await server.ask("DELETE", f"{API}/2", who=READER), 403, "missing_role")
        assert (await server.ask("DELETE", f"{API}/2", who=SUPERADMIN)).status_code == 200
        for state_id in (1, 2):
            refused(await server.ask("GET", f"{API}/{state_id}"), 404, "not_found")


async def test_damaged_contents_are_a_failure_that_says_so(database: Database) -> None:
    await database.write(1, v2={"blob_value": b"no zlib", "exclude_from_indexes": True})
    await database.write(2, v2={"blob_value": zlib.compress(STATE * 100)[:-9], "exclude_from_indexes": True})
    async with database.serving() as server:
        for state_id in (1, 2):
            refused(await server.ask("GET", f"{API}/{state_id}"), 500, "internal_server_error")


async def test_posts_of_long_ago_are_other_ones(database: Database) -> None:
    records = DatastoreRecords(database.datastore, database.table, is_in_bucket=True)
    async with database.serving() as server:
        first = await server.post(STATE)
        record = await server.states.find(Column.STATE, first)
        post = post_of(record)
        assert await records.posted(post) == first
        await records.forget_posts()
        assert await records.posted(post) == first
        await _age(database, post)
        assert await records.posted(post) is None
        second = await server.post(STATE)
        assert second != first
        assert await server.post(STATE) == second
        await _age(database, post)
        await records.forget_posts()
        (gone,) = await database.datastore.lookup(database.key(post.name, "karst_nglstate_post"))
        assert gone is None


async def _age(database: Database, post: Post) -> None:
    """Let a post be one of eleven minutes ago."""
    values = await database.read(post.name, "karst_nglstate_post")
    at = timestamp(datetime.now(UTC) - timedelta(minutes=11))
    first = {"integer_value": values["id"].integer_value}
    await database.write(post.name, kind="karst_nglstate_post", id=first, at={"timestamp_value": at})


async def test_two_databases_of_one_project_are_apart(database: Database) -> None:
    other = Datastore(DatastoreSettings(project="karst", database="state", emulator_host=database.host))
    await database.write(1, v2=blob(STATE))
    found = await DatastoreRecords(other, database.table, is_in_bucket=False).get(1, Column.STATE)
    assert found is None
    await other.close()
