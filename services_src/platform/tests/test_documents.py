"""Stores of documents: what every implementation promises, on PostgreSQL and on Firestore's emulator."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

import pytest

from karst_platform.stores.documents import (
    ContentionError,
    Document,
    Documents,
    Fields,
    Json,
    Path,
    Query,
    Transaction,
    UnstorableError,
    Write,
)
from karst_platform.testing import OpenDocuments

POINTS = ("clio_annotations_v2", "mb20", "ada@example.org")


def put(path: str, **fields: Json) -> Write:
    return Write(path=tuple(path.split("/")), fields=fields)


async def ids(documents: Documents, query: Query) -> list[str]:
    return [document.id async for document in documents.find(query)]


async def kept(documents: Documents, fields: Fields) -> Fields:
    await documents.write(Write(path=("things", "one"), fields=fields))
    document = await documents.get(("things", "one"))
    assert document is not None
    return document.fields


async def test_a_document_is_what_was_written(documents: Documents):
    assert await documents.get(("things", "one")) is None
    await documents.write(put("things/one", old=1), put("things/two"))
    await documents.write(put("things/one", new=2))
    assert await documents.get(("things", "one")) == Document(path=("things", "one"), fields={"new": 2})
    assert await documents.get(("things", "two")) == Document(path=("things", "two"), fields={})
    await documents.write(Write(path=("things", "one"), fields=None), Write(path=("things", "never"), fields=None))
    assert await documents.get(("things", "one")) is None


async def test_a_number_changes_its_kind(documents: Documents):
    for value in (1, 1.0, 1):
        fields = await kept(documents, {"n": value})
        assert type(fields["n"]) is type(value)
        await documents.write(put("things/one", n=value), put("things/two", n=value))
        found = await documents.get(("things", "two"))
        assert found is not None
        assert type(found.fields["n"]) is type(value)


async def test_documents_come_in_the_order_asked_for(documents: Documents):
    await documents.write(*(put(f"things/{name}", name=name) for name in "abc"))
    paths = [("things", name) for name in ("c", "x", "a", "c")]
    found = await documents.get_many(paths)
    assert [document and document.fields["name"] for document in found] == ["c", None, "a", "c"]
    assert await documents.get_many([]) == []


@pytest.mark.parametrize(
    "value",
    [
        0,
        (1 << 63) - 1,
        -(1 << 63),
        1.0,
        -0.5,
        1e16,
        -1e300,
        5e-324,
        0.1 + 0.2,
        "",
        "\\u0000 '; DROP TABLE documents; -- \U0001f9e0 \x7f\u202e",
        True,
        None,
        [],
        {},
        [[1, 2], [[3], []], {"a": [[4]]}],
        [1, 1.5, "1", True, None, {}],
        {"a.b": 1, "`": 2, "a/b": 3, "\\": 4, "é": 5, "[]": [6]},
    ],
    ids=ascii,
)
async def test_values_come_back_exactly(documents: Documents, value: Json):
    back = (await kept(documents, {"value": value}))["value"]
    assert back == value
    assert repr_of_types(back) == repr_of_types(value)


def repr_of_types(value: Json) -> object:
    match value:
        case dict():
            return {name: repr_of_types(item) for name, item in value.items()}
        case list():
            return [repr_of_types(item) for item in value]
        case _:
            return type(value)


def nested(depth: int) -> Json:
    value: Json = 1
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, "finite"),
        ([{"deep": math.inf}], "finite"),
        (1 << 63, "64 bits"),
        (-(1 << 63) - 1, "64 bits"),
        (1 << 4000, "64 bits"),
        ("half \ud800", "surrogate"),
        ({"half \udfff": 1}, "surrogate"),
        ("nul \x00", r"U\+0000"),
        ({"": 1}, "name of a field"),
        ({"__x__": 1}, "name of a field"),
        ({"x" * 1501: 1}, "name of a field"),
        (nested(21), "levels"),
        (nested(5000), "levels"),
        ([{"[]": [1]}], "only field"),
        ("x" * (1 << 20), "bytes"),
        (b"bytes", "no JSON"),
        ({1: 1}, "names are text"),
    ],
    ids=range(17),
)
async def test_what_cannot_be_kept_is_refused_before_anything_is_written(
    documents: Documents, value: Json, reason: str
):
    with pytest.raises(UnstorableError, match=reason):
        await documents.write(put("things/first", good=1), put("things/second", bad=value))

    async def work(transaction: Transaction) -> None:
        transaction.write(put("things/first", good=1), put("things/second", bad=value))

    with pytest.raises(UnstorableError, match=reason):
        await documents.in_transaction(work)
    assert await documents.children(("things",)) == []


async def test_the_largest_and_the_deepest_document_are_kept(documents: Documents):
    for value in ("x" * ((1 << 20) - 100), nested(20)):
        assert (await kept(documents, {"a": value}))["a"] == value


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "__x__", "__id7__", "a\x00b", "a\nb", "x" * 1501, "\ud800"], ids=ascii
)
async def test_hostile_ids_are_refused(documents: Documents, name: str):
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: documents.get(("things", name)),
        lambda: documents.get((name, "one")),
        lambda: documents.write(Write(path=("things", name), fields={})),
        lambda: documents.children((name,)),
        lambda: ids(documents, Query(collection=("things", name, "parts"))),
    ]
    for call in calls:
        with pytest.raises(UnstorableError, match="can't be"):
            await call()


async def test_a_path_that_is_too_long_is_refused(documents: Documents):
    with pytest.raises(UnstorableError, match="2400 bytes"):
        await documents.get(("a" * 1000, "b" * 1000, "c" * 500, "d"))
    longest = ("a" * 1200, "é" * 598)
    await documents.write(Write(path=longest, fields={"a": 1}))
    assert await documents.get(longest) is not None


STRANGE_IDS = [
    "...",
    "_",
    "__x",
    "x__",
    "a b",
    "a%2Fb",
    "a.b",
    "é",
    "\U0001f9e0",
    "\uffff",
    "~",
    "'",
    '"',
    "$1",
    "a\u202eb",
]


async def test_strange_ids_are_kept_and_sorted_by_their_bytes(documents: Documents):
    await documents.write(*(Write(path=("things", name, name, "x"), fields={"i": name}) for name in STRANGE_IDS))
    await documents.write(*(Write(path=("things", name), fields={"i": name}) for name in STRANGE_IDS))
    in_order = sorted(STRANGE_IDS, key=str.encode)
    assert await documents.children(("things",)) == in_order
    assert await ids(documents, Query(collection=("things",))) == in_order
    for name in STRANGE_IDS:
        assert await documents.children(("things", name)) == [name]


async def test_queries_find_by_equality(documents: Documents):
    await documents.write(
        put("things/a", user="ada", n=1, tags=["x"], prop={"k": [1]}),
        put("things/b", user="ada", n=2.0, tags=["x", "y"], prop={"k": [1], "l": 2}),
        put("things/c", user="ben", n=2, tags="x", gone=None),
        put("things/d", n=True),
        put("things/a/parts/e", user="ada"),
        put("others/f", user="ada"),
    )

    async def found(**equals: Json) -> list[str]:
        return await ids(documents, Query(collection=("things",), equals=tuple(equals.items())))

    assert await found() == ["a", "b", "c", "d"]
    assert await found(user="ada") == ["a", "b"]
    assert await found(user="ada", n=2) == ["b"]
    assert await found(n=2) == ["b", "c"]
    assert await found(n=True) == ["d"]
    assert await found(gone=None) == ["c"]
    assert await found(prop={"k": [1]}) == ["a"]
    assert await found(tags=["x"]) == ["a"]
    assert await found(tags=[]) == []
    assert await ids(documents, Query(collection=("things",), contains=(("tags", "x"),))) == ["a", "b"]
    query = Query(collection=("things",), contains=(("tags", "x"),), equals=(("user", "ada"),), after_id="a")
    assert await ids(documents, query) == ["b"]


async def test_elements_of_several_lists_can_be_searched(documents: Documents):
    await documents.write(
        put("things/a", tags=["x", "y"], n=[1, 2.0]),
        put("things/b", tags=["x"], n=[True, [2]]),
        put("things/c", tags=["x"], n=2),
        put("things/d", tags=["x"]),
        put("things/e", tags=["x"], n=[2, {"m": [1]}]),
    )

    async def found(*contains: tuple[str, Json], limit: int | None = None) -> list[str]:
        query = Query(collection=("things",), contains=contains, limit=limit)

        async def work(transaction: Transaction) -> list[str]:
            return [document.id for document in await transaction.find(query)]

        names = await ids(documents, query)
        assert await documents.in_transaction(work) == names
        return names

    assert await found(("tags", "x"), ("n", 2)) == ["a", "e"]
    assert await found(("tags", "x"), ("n", 2), limit=1) == ["a"]
    assert await found(("tags", "x"), ("tags", "y")) == ["a"]
    assert await found(("tags", "x"), ("n", 1)) == ["a"]
    assert await found(("tags", "x"), ("n", {"m": [1]})) == ["e"]


async def test_names_of_fields_that_need_quoting_can_be_searched(documents: Documents):
    names = ["a.b", "`", "\\", "1", "a b", "é", "'", "$", "%s", "{}"]
    for number, name in enumerate(names):
        await documents.write(Write(path=("things", f"id{number}"), fields={name: number, "order": 1}))
    for number, name in enumerate(names):
        for query in (
            Query(collection=("things",), equals=((name, number),)),
            Query(collection=("things",), order_by=name),
        ):
            assert await ids(documents, query) == [f"id{number}"]


async def test_queries_order_and_page(documents: Documents):
    values: dict[str, Json] = {
        "a": 3, "b": 1, "c": "z", "d": "Z", "e": None, "f": True, "g": 2.5, "h": "é", "i": 1, "j": [1], "k": {"a": 1},
    }  # fmt: skip
    await documents.write(*(put(f"things/{name}", v=value) for name, value in values.items()), put("things/l", w=1))

    async def found(**options: object) -> str:
        return "".join(await ids(documents, Query(collection=("things",), **options)))  # pyright: ignore[reportArgumentType]

    assert await found() == "abcdefghijkl"
    assert await found(limit=0) == ""
    assert await found(limit=2) == "ab"
    assert await found(after_id="c", limit=3) == "def"
    assert await found(after_id="cc", limit=1) == "d"
    assert await found(after_id="l") == ""
    assert await found(order_by="v") == "efbigadchjk"
    assert await found(order_by="v", is_descending=True) == "kjhcdagibfe"
    assert await found(order_by="v", limit=3) == "efb"
    with pytest.raises(ValueError, match="descending"):
        await found(is_descending=True)
    with pytest.raises(ValueError, match="follow an id"):
        await found(order_by="v", after_id="a")


async def test_children_are_found_below_documents_that_are_not_there(documents: Documents):
    await documents.write(
        put("kv/ada/merges/main"), put("kv/ben/x/y/z/1"), put("kv/cy"), put("kv-2/a"), put("kv/ada/merges-2/k"),
        put("kv/ada-b/c/d"), put("kv/ada/merges/main/deep/er"), put("zoo/1"), put("kv/ada/a/1"),
    )  # fmt: skip
    assert await documents.children(()) == ["kv", "kv-2", "zoo"]
    assert await documents.children(("kv",)) == ["ada", "ada-b", "ben", "cy"]
    assert await documents.children(("kv", "ada")) == ["a", "merges", "merges-2"]
    assert await documents.children(("kv", "ada", "merges")) == ["main"]
    assert await documents.children(("kv", "ben")) == ["x"]
    assert await documents.children(("kv", "ben", "x")) == ["y"]
    assert await documents.children(("kv", "cy")) == []
    assert await documents.children(("none",)) == []


async def test_the_last_change_to_a_path_wins(documents: Documents):
    await documents.write(put("things/a", n=1), put("things/b", n=1), Write(path=("things", "a"), fields=None))
    assert await documents.children(("things",)) == ["b"]
    await documents.write(Write(path=("things", "b"), fields=None), put("things/b", n=2))
    assert (await documents.get(("things", "b"))) == Document(path=("things", "b"), fields={"n": 2})


async def test_many_documents_are_written_and_streamed(documents: Documents):
    await documents.write(*(Write(path=(*POINTS, f"Pt{i:05}"), fields={"pos": [i, i, i]}) for i in range(4_500)))
    seen = [document.fields["pos"] async for document in documents.find(Query(collection=POINTS))]
    assert seen == [[i, i, i] for i in range(4_500)]
    assert len(await documents.children(POINTS)) == 4_500
    paths = [(*POINTS, f"Pt{i:05}") for i in range(2_500)]
    assert [document and document.path for document in await documents.get_many(paths)] == paths
    await documents.write(*(Write(path=path, fields=None) for path in paths))
    assert len(await documents.children(POINTS)) == 2_000


async def test_large_documents_fit_into_commits(documents: Documents):
    await documents.write(*(put(f"things/{i:02}", text="x" * 900_000) for i in range(25)))
    assert await documents.children(("things",)) == [f"{i:02}" for i in range(25)]


async def test_32_writers_of_one_document_lose_nothing(open_documents: OpenDocuments):
    stores = [open_documents() for _ in range(4)]  # as many processes would

    async def merge(documents: Documents, number: int) -> None:
        async def work(transaction: Transaction) -> None:
            old = await transaction.get(("things", "one"))
            fields = dict(old.fields) if old else {}
            transaction.write(Write(path=("things", "one"), fields={**fields, f"f{number}": number}))

        await documents.in_transaction(work)

    await asyncio.gather(*(merge(stores[number % 4], number) for number in range(32)))
    found = await stores[0].get(("things", "one"))
    assert found is not None
    assert found.fields == {f"f{number}": number for number in range(32)}
    for store in stores:
        await store.close()


async def test_a_search_in_a_transaction_sees_what_others_add(documents: Documents):
    query = Query(collection=("atlas",), equals=(("location", "1_2_3"),))

    async def work(transaction: Transaction) -> Path:
        found = await transaction.find(query)
        path = found[0].path if found else ("atlas", f"new{id(transaction)}")
        transaction.write(Write(path=path, fields={"location": "1_2_3"}))
        return path

    paths = await asyncio.gather(*(documents.in_transaction(work) for _ in range(16)))
    assert len(set(paths)) == 1
    assert await documents.children(("atlas",)) == [paths[0][1]]


async def test_a_transaction_that_fails_writes_nothing_and_frees_the_document(documents: Documents):
    async def work(transaction: Transaction) -> None:
        await transaction.get(("things", "one"))
        transaction.write(put("things/one", n=1))
        raise KeyError("one")

    with pytest.raises(KeyError):
        await documents.in_transaction(work)
    assert await documents.get(("things", "one")) is None
    async with asyncio.timeout(5):
        await documents.write(put("things/one", n=2))


async def test_a_transaction_reads_before_it_writes(documents: Documents):
    async def work(transaction: Transaction) -> None:
        transaction.write(put("things/one", n=1))
        await transaction.get(("things", "one"))

    with pytest.raises(RuntimeError, match="before the first write"):
        await documents.in_transaction(work)


async def test_work_that_others_always_overtake_is_given_up(
    open_documents: OpenDocuments, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("karst_platform.stores.turns.ATTEMPTS", 3)
    mine, other = open_documents(), open_documents()
    await other.write(put("things/one", n=0))
    attempts = 0

    async def work(transaction: Transaction) -> None:
        nonlocal attempts
        attempts += 1
        await transaction.get(("things", "one"))
        await other.write(put("things/one", n=-attempts))
        transaction.write(put("things/one", n=attempts))

    with pytest.raises(ContentionError):
        await mine.in_transaction(work)
    assert attempts == 3
    assert await other.get(("things", "one")) == Document(path=("things", "one"), fields={"n": -3})
    for store in (mine, other):
        await store.close()


async def test_a_sign_of_life(documents: Documents):
    await documents.check()
