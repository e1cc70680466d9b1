"""A measured store does what the store does, and tells how long it took and what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY

from karst_platform.measured import MeasuredDocuments
from karst_platform.stores.documents import Document, Documents, Query, StoreUnavailableError, Transaction, Write

pytestmark = pytest.mark.anyio
OPERATIONS = ("check", "children", "find", "get", "get_many", "in_transaction", "write")


def counted(operation: str) -> float:
    labels = {"store": "test", "operation": operation}
    return REGISTRY.get_sample_value("karst_store_operation_duration_seconds_count", labels) or 0


async def use(store: Documents) -> None:
    await store.write(Write(path=("a", "1"), fields={"x": 1}), Write(path=("a", "2"), fields={"x": 2}))
    one = await store.get(("a", "1"))
    assert one is not None
    assert one.fields == {"x": 1}
    assert [each and each.id for each in await store.get_many([("a", "2"), ("a", "3")])] == ["2", None]
    assert [each.id async for each in store.find(Query(collection=("a",)))] == ["1", "2"]
    assert await store.children(("a",)) == ["1", "2"]

    async def move(transaction: Transaction) -> str:
        transaction.write(Write(path=("a", "1"), fields=None))
        return "moved"

    assert await store.in_transaction(move) == "moved"
    await store.check()  # last, for an emulator that has just started is slow


async def test_it_does_what_the_store_does_and_counts_it(documents: Documents) -> None:
    before = [counted(each) for each in OPERATIONS]
    await use(MeasuredDocuments(documents, "test"))
    assert [counted(each) for each in OPERATIONS] == [each + 1 for each in before]


async def test_a_stream_that_nobody_reads_on_is_closed(documents: Documents) -> None:
    store = MeasuredDocuments(documents, "test")
    await documents.write(*(Write(path=("a", str(place)), fields={}) for place in range(5)))
    for _ in range(40):
        stream = store.find(Query(collection=("a",)))
        assert (await anext(stream)).id == "0"
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert await store.get(("a", "1")) is not None


async def test_failures_are_counted_by_kind_and_passed_on() -> None:
    class Gone:
        """A store that does not answer."""

        async def check(self) -> None:
            raise StoreUnavailableError("gone")

    labels = {"store": "test", "operation": "check", "error": "StoreUnavailableError"}
    before = REGISTRY.get_sample_value("karst_store_failures_total", labels) or 0
    with pytest.raises(StoreUnavailableError):
        await MeasuredDocuments(Gone(), "test").check()  # type: ignore[arg-type]  # the rest isn't asked for
    assert REGISTRY.get_sample_value("karst_store_failures_total", labels) == before + 1


async def test_a_store_that_says_nothing_is_unavailable() -> None:
    class Silent:
        """A store that is there, and mute."""

        async def check(self) -> None:
            await asyncio.sleep(30)

        async def find(self, _: Query) -> AsyncIterator[Document]:
            await asyncio.sleep(30)
            yield Document(path=("a", "1"), fields={})

    store = MeasuredDocuments(Silent(), "test", limit_s=0.05)  # type: ignore[arg-type]  # the rest isn't asked for
    with pytest.raises(StoreUnavailableError, match=r"said nothing for 0\.05 s"):
        await store.check()
    with pytest.raises(StoreUnavailableError, match="said nothing"):
        _ = [each async for each in store.find(Query(collection=("a",)))]


async def test_a_stream_may_last_longer_than_the_limit() -> None:
    class Slow:
        """A store whose documents come one by one."""

        async def find(self, _: Query) -> AsyncIterator[Document]:
            for place in range(3):
                yield Document(path=("a", str(place)), fields={})
                await asyncio.sleep(0.05)

    store = MeasuredDocuments(Slow(), "test", limit_s=0.08)  # type: ignore[arg-type]
    assert [each.id async for each in store.find(Query(collection=("a",)))] == ["0", "1", "2"]
