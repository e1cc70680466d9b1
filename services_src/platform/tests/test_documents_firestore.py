"""What only Firestore can suffer: a network between, data of other programs, commits that are too large for it."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator

import pytest
from google.cloud.firestore_v1.types import firestore as protocol

from karst_platform.stores.documents import Query, StoreUnavailableError, Transaction, Write
from karst_platform.stores.documents_firestore import FirestoreDocuments
from karst_platform.stores.firestore import Firestore, FirestoreSettings
from karst_platform.testing_way import Place, Way

THINGS = ("things",)


@pytest.fixture
async def way(firestore_emulator: str) -> AsyncIterator[Way]:
    """The way to the emulator."""
    way = Way(Place(), Place(port=int(firestore_emulator.rpartition(":")[2])))
    await way.mend()
    yield way
    way.cut()


def settings(host: str) -> FirestoreSettings:
    return FirestoreSettings(project=f"test-{uuid.uuid4().hex[:20]}", emulator_host=host)


async def test_a_connection_cut_in_mid_write_leaves_nothing_half_written(way: Way):
    store = FirestoreDocuments(settings(f"127.0.0.1:{way.near.port}"))
    await store.get(("things", "one"))
    changes = [Write(path=("things", f"id{n:04}"), fields={"text": "x" * 1000}) for n in range(2000)]
    way.bytes_left = 1 << 20
    with pytest.raises(StoreUnavailableError):
        await store.write(*changes)
    with pytest.raises(StoreUnavailableError):
        await store.get(("things", "id0000"))
    await way.mend()
    assert await store.children(THINGS) == []
    await store.write(*changes)
    assert len(await store.children(THINGS)) == 2000
    await store.close()


async def test_a_transaction_cut_off_from_its_store_writes_nothing(way: Way):
    store = FirestoreDocuments(settings(f"127.0.0.1:{way.near.port}"))

    async def work(transaction: Transaction) -> None:
        await transaction.get(("things", "one"))
        transaction.write(Write(path=("things", "one"), fields={"n": 1}))
        way.cut()

    with pytest.raises(StoreUnavailableError):
        await store.in_transaction(work)
    await way.mend()
    assert await store.get(("things", "one")) is None
    await store.close()


async def test_a_store_that_is_not_there_is_named_soon():
    store = FirestoreDocuments(settings("127.0.0.1:9"))
    started = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        await store.check()
    assert time.monotonic() - started < 5
    with pytest.raises(StoreUnavailableError):
        await store.write(Write(path=("things", "one"), fields={}))
    with pytest.raises(StoreUnavailableError):
        await anext(store.find(Query(collection=THINGS)))
    await store.close()


async def test_what_other_programs_keep_can_be_read(firestore_emulator: str):
    where = settings(firestore_emulator)
    firestore = Firestore(where)
    request = protocol.CommitRequest.pb()()
    request.database = firestore.database
    update = request.writes.add().update
    update.name = firestore.name(("things", "one"))
    update.fields["time"].timestamp_value.FromJsonString("2026-11-21T17:00:00.5Z")
    update.fields["bytes"].bytes_value = b"\x00\xff"
    update.fields["place"].geo_point_value.latitude = 47.5
    update.fields["other"].reference_value = firestore.name(("things", "two"))
    update.fields["nan"].double_value = float("nan")
    await firestore.client().commit(protocol.CommitRequest.wrap(request), metadata=firestore.metadata)
    store = FirestoreDocuments(where)
    found = await store.get(("things", "one"))
    assert found is not None
    assert found.fields == {
        "time": "2026-11-21T17:00:00.500Z",
        "bytes": "AP8=",
        "place": {"latitude": 47.5, "longitude": 0.0},
        "other": firestore.name(("things", "two")),
        "nan": None,
    }
    await store.close()
    await firestore.close()


async def test_databases_are_apart(firestore_emulator: str):
    project = f"test-{uuid.uuid4().hex[:20]}"
    stores = [
        FirestoreDocuments(FirestoreSettings(project=project, database=name, emulator_host=firestore_emulator))
        for name in ("(default)", "clio")
    ]
    for number, store in enumerate(stores):
        await store.write(Write(path=("things", "one"), fields={"n": number}))
    for number, store in enumerate(stores):
        found = await store.get(("things", "one"))
        assert found is not None
        assert found.fields == {"n": number}
        await store.close()


async def test_a_commit_that_the_store_finds_too_large_is_split(
    firestore_emulator: str, monkeypatch: pytest.MonkeyPatch
):
    # As for the real one; the emulator takes 4 MiB.
    monkeypatch.setattr("karst_platform.stores.firestore._EMULATOR_COMMIT_BYTES", 9 << 20)
    store = FirestoreDocuments(settings(firestore_emulator))
    await store.write(*(Write(path=("things", f"{n:02}"), fields={"text": "x" * 900_000}) for n in range(12)))
    assert len(await store.children(THINGS)) == 12
    await store.close()


async def test_what_is_only_read_must_stay_as_it_was(firestore_emulator: str):
    where = settings(firestore_emulator)
    mine, other = FirestoreDocuments(where), FirestoreDocuments(where)
    await mine.write(Write(path=("things", "limit"), fields={"n": 5}))
    attempts: list[object] = []

    async def work(transaction: Transaction) -> None:
        limit = await transaction.get(("things", "limit"))
        assert limit is not None
        attempts.append(limit.fields["n"])
        if len(attempts) == 1:
            await other.write(Write(path=("things", "limit"), fields={"n": 6}))
        transaction.write(Write(path=("things", "one"), fields={"below": limit.fields["n"]}))

    await mine.in_transaction(work)
    assert attempts == [5, 6]
    found = await mine.get(("things", "one"))
    assert found is not None
    assert found.fields == {"below": 6}
    await mine.close()
    await other.close()
