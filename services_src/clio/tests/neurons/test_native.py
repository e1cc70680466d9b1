"""Our own engine on every store: reading, writing, history, many writers at a time."""

from __future__ import annotations

import asyncio
import random

import orjson
import pytest

from karst_clio.neurons import revisions
from karst_clio.neurons.engine import ALL, Asked
from karst_clio.neurons.errors import BadInputError
from karst_clio.neurons.merge import Posting
from karst_clio.neurons.metadata import Versions
from karst_clio.neurons.native import NativeEngine
from karst_clio.neurons.portions import MOST_ANNOTATIONS
from karst_clio.neurons.query import parse_query
from karst_clio.neurons.records import Show
from karst_platform.stores.documents import Documents, Fields, Json, Query, UnstorableError, Write
from services_src.clio.tests.neurons.test_query import fits

pytestmark = pytest.mark.anyio
COLLECTION = ("clio_annotations_global", "neurons", "mb20")
VERSIONS = Versions(uuid_of={"v0.3": "abc"}, tag_of={"abc": "v0.3"}, head_tag="v0.5")
NEWEST = Asked()


@pytest.fixture
def engine(documents: Documents) -> NativeEngine:
    return NativeEngine(documents, "neurons", "mb20", VERSIONS)


def by(user: str = "x@e", at_s: float = 1000.0, **options: object) -> Posting:
    return Posting(user=user, at_s=at_s, **options)  # type: ignore[arg-type]


async def bodies(engine: NativeEngine, *ids: int, asked: Asked = NEWEST) -> list[dict[str, Json]]:
    return orjson.loads(b"".join([part async for part in engine.bodies(ids, asked)]))


async def everything(engine: NativeEngine, asked: Asked = NEWEST, **options: int | None) -> list[dict[str, Json]]:
    limits = {"after": None, "size": ALL} | options
    return orjson.loads(b"".join([part async for part in engine.all(asked, **limits)]))  # type: ignore[arg-type]


async def found(engine: NativeEngine, query: Json, asked: Asked = NEWEST) -> list[Json]:
    return orjson.loads(b"".join([part async for part in engine.query(query, asked)]))


async def stored(documents: Documents) -> list[Fields]:
    return [each.fields async for each in documents.find(Query(collection=COLLECTION))]


async def test_bodies_come_in_the_order_asked_for_without_missing_ones(engine: NativeEngine) -> None:
    await engine.write([{"bodyid": each, "n": each} for each in (9, 10, 2**63 - 1)], by(), "")
    assert await bodies(engine, 10, 11, 9, 10, -1, 0) == [{"bodyid": 10, "n": 10}, {"bodyid": 9, "n": 9}]
    assert await bodies(engine, 2**63 - 1) == [{"bodyid": 2**63 - 1, "n": 2**63 - 1}]
    assert await bodies(engine, 12) == []


@pytest.mark.parametrize(
    ("show", "names"),
    [
        (Show.NONE, {"bodyid", "t", "user"}),
        (Show.USER, {"bodyid", "t", "user", "t_user"}),
        (Show.TIME, {"bodyid", "t", "user", "t_time"}),
        (Show.ALL, {"bodyid", "t", "user", "t_user", "t_time"}),
    ],
)
async def test_show_says_which_notes_come_along(engine: NativeEngine, show: Show, names: set[str]) -> None:
    await engine.write([{"bodyid": 1, "t": "A", "user": "u"}], by(), "")
    assert set((await bodies(engine, 1, asked=Asked(show=show)))[0]) == names


async def test_all_come_by_number_and_in_pages(engine: NativeEngine) -> None:
    ids = [1, 2, 9, 10, 11, 99, 100, 1000, 2**53 + 1, 2**53 + 2]
    await engine.write([{"bodyid": each} for each in reversed(ids)], by(), "")
    await engine.write([{"bodyid": 10, "a": 1}], by(), "")
    await engine.delete(99, by())
    left = [each for each in ids if each != 99]
    assert [each["bodyid"] for each in await everything(engine)] == left
    assert [each["bodyid"] for each in await everything(engine, after=10, size=3)] == [11, 100, 1000]
    assert [each["bodyid"] for each in await everything(engine, after=2**53 + 1)] == [2**53 + 2]
    assert await everything(engine, size=0) == []
    assert [part async for part in engine.keys(NEWEST)] == [b"[" + b",\n".join(b'"%d"' % n for n in left) + b"]"]


async def test_many_pages_of_the_store_are_one_answer(engine: NativeEngine) -> None:
    await engine.write([{"bodyid": each, "n": 2500 - each} for each in range(1, 2501)], by(), "")
    assert [each["n"] for each in await everything(engine)] == list(range(2499, -1, -1))
    assert [each["n"] for each in await bodies(engine, *range(2500, 0, -1))] == list(range(2500))
    assert await found(engine, {"n": "exists/1"}, Asked(is_only_ids=True)) == list(range(1, 2501))


async def test_the_layout_in_the_store(engine: NativeEngine, documents: Documents) -> None:
    await engine.write([{"bodyid": 5, "t": "A"}], by("x@e", 1000.0), "v0.1")
    await engine.write([{"bodyid": 5, "t": "B"}], by("y@e", 2000.0), "v0.2")
    head = await documents.get((*COLLECTION, "id5"))
    assert head is not None
    (name,) = head.fields["_archived_keys"]  # type: ignore[misc]
    assert head.fields == {
        "bodyid": 5,
        "t": "B",
        "t_user": "y@e",
        "t_time": "1970-01-01T00:33:20Z",
        "_head": True,
        "_version": 2000,
        "_timestamp": 2000.0,
        "_user": "y@e",
        "_archived_versions": [1000],
        "_archived_keys": [name],
    }
    archived = await documents.get((*COLLECTION, str(name)))
    assert archived is not None
    assert archived.fields == {
        "bodyid": 5,
        "t": "A",
        "t_user": "x@e",
        "t_time": "1970-01-01T00:16:40Z",
        "_head": False,
        "_version": 1000,
        "_timestamp": 1000.0,
        "_user": "x@e",
    }


async def test_an_existing_database_is_read(engine: NativeEngine, documents: Documents) -> None:
    """Documents as the older program wrote them: no tombstones, nulls as values, nothing about fields."""
    old = {"bodyid": 7, "t": "new", "gone": None, "_head": True, "_version": 3000, "_timestamp": 3.0, "_user": "o"}
    await documents.write(
        Write(path=(*COLLECTION, "id7"), fields=old | {"_archived_versions": [1000], "_archived_keys": ["k1"]}),
        Write(path=(*COLLECTION, "k1"), fields={"bodyid": 7, "t": "old", "_head": False, "_version": 1000}),
        Write(path=(*COLLECTION, "id8"), fields={"bodyid": 8, "t": "new", "_head": True}),
    )
    assert [each["t"] for each in await bodies(engine, 7, 8)] == ["new", "new"]
    assert await bodies(engine, 7, asked=Asked(version="v0.2")) == [{"bodyid": 7, "t": "old"}]
    assert await found(engine, {"gone": "exists/0"}, Asked(is_only_ids=True)) == [7, 8]
    assert await found(engine, {"t": "old"}) == []
    assert await engine.fields() == ["bodyid", "gone", "t"]


async def test_reading_as_of_a_version(engine: NativeEngine) -> None:
    for version in ("v0.1", "v0.3", "v0.6"):
        await engine.write([{"bodyid": 5, "t": version}, {"bodyid": 6, version: 1}], by(), version)
    await engine.write([{"bodyid": 7, "t": "late"}], by(), "v0.6")

    async def as_of(version: str) -> list[Json]:
        return [each.get("t") for each in await bodies(engine, 5, 7, asked=Asked(version=version))]

    assert await as_of("v0.0.9") == []
    assert await as_of("v0.1") == ["v0.1"]
    assert await as_of("v0.2.9") == ["v0.1"]
    assert await as_of("v0.3") == ["v0.3"]
    assert await as_of("abc") == await as_of("ab") == ["v0.3"], "a uuid, or the beginning of one"
    assert await as_of("0.3") == ["v0.3"], "the v may be missing"
    assert await as_of("v0.10") == ["v0.6", "late"]
    assert await as_of("v0.5") == ["v0.6", "late"], "the dataset's own tag means the newest"
    assert await as_of("") == ["v0.6", "late"]
    with pytest.raises(BadInputError, match="Bad version"):
        await as_of("vx")
    asked = Asked(version="v0.3", is_only_ids=True)
    assert await found(engine, {"t": "v0.3"}, asked) == [5]
    assert await found(engine, {"t": "v0.1"}, asked) == []
    assert await found(engine, {"t": "re/^v"}, asked) == [5]
    assert await found(engine, {"v0.6": "exists/0"}, asked) == [5, 6]
    assert await found(engine, {"bodyid": [7, 6]}, asked) == [6]
    assert [each["bodyid"] for each in await everything(engine, Asked(version="v0.3"))] == [5, 6]


async def test_writing_as_of_an_older_version_leaves_the_head(engine: NativeEngine) -> None:
    await engine.write([{"bodyid": 5, "a": 1}], by(at_s=1.0), "v0.1")
    await engine.write([{"bodyid": 5, "b": 1}], by(at_s=2.0), "v0.4")
    older = [{"bodyid": 5, "c": 1}, {"bodyid": 5, "d": 1}]
    await engine.write(older, by(at_s=3.0), "v0.2")
    assert await bodies(engine, 5) == [{"bodyid": 5, "a": 1, "b": 1}]
    assert await bodies(engine, 5, asked=Asked(version="v0.3")) == [{"bodyid": 5, "a": 1, "c": 1, "d": 1}]
    assert await bodies(engine, 5, asked=Asked(version="v0.1")) == [{"bodyid": 5, "a": 1}]
    await engine.write([{"bodyid": 5, "e": 1}], by(at_s=4.0), "v0.0.1")
    assert await bodies(engine, 5, asked=Asked(version="v0.0.1")) == [{"bodyid": 5, "e": 1}]
    await engine.write([{"bodyid": 5, "f": 1}], by(at_s=5.0), "v0.5")
    assert (await bodies(engine, 5, asked=Asked(version="v0.4")))[0] == {"bodyid": 5, "a": 1, "b": 1}
    assert (await bodies(engine, 5))[0] == {"bodyid": 5, "a": 1, "b": 1, "f": 1}


async def test_without_a_version_the_head_keeps_its_own(engine: NativeEngine, documents: Documents) -> None:
    await engine.write([{"bodyid": 5, "a": 1}, {"bodyid": 6}], by(), "v0.3")
    await engine.write([{"bodyid": 5, "b": 1}, {"bodyid": 7}], by(), "")
    versions = {each["bodyid"]: each["_version"] for each in await stored(documents) if each["_head"]}
    assert versions == {5: 3000, 6: 3000, 7: 0}


async def test_posting_again_writes_nothing(engine: NativeEngine, documents: Documents) -> None:
    posts = [{"bodyid": 5, "a": 1, "l": [1]}, {"bodyid": 5, "b": None}, {"bodyid": 6, "c": 2.5}]
    for version in ("", "v0.3", "v0.2"):
        await engine.write(posts, by("x@e", 1.0), version)
        before = await stored(documents)
        await engine.write(posts, by("x@e", 9.0), version)
        await engine.write([{"bodyid": 5, "a": 1.0, "l": [1.0]}], by("z@e", 9.0), version)
        assert await stored(documents) == before


async def test_deleting_keeps_history_and_may_be_repeated(engine: NativeEngine, documents: Documents) -> None:
    await engine.write([{"bodyid": 5, "t": "A"}], by(at_s=1.0), "v0.1")
    await engine.write([{"bodyid": 5, "t": "B"}], by(at_s=2.0), "v0.3")
    await engine.delete(5, by("z@e", 3.0))
    before = await stored(documents)
    await engine.delete(5, by("z@e", 4.0))
    await engine.delete(6, by())
    await engine.delete(0, by())
    assert await stored(documents) == before
    assert await bodies(engine, 5) == await everything(engine) == await found(engine, {"t": ["A", "B"]}) == []
    assert await found(engine, {"t": "exists/0"}) == await found(engine, {"bodyid": 5}) == []
    assert await bodies(engine, 5, asked=Asked(version="v0.2")) == [{"bodyid": 5, "t": "A"}]
    await engine.write([{"bodyid": 5, "n": 1}], by(at_s=5.0), "")
    assert await bodies(engine, 5, asked=Asked(show=Show.USER)) == [{"bodyid": 5, "n": 1, "n_user": "x@e"}]
    history = await found(engine, {"n": 1}, Asked(is_with_history=True))
    assert [(each.get("t"), each["_version"], each.get("_deleted")) for each in history if isinstance(each, dict)] == [
        (None, 3000, None),
        (None, 3000, True),
        ("B", 3000, None),
        ("A", 1000, None),
    ]


async def test_the_history_of_a_body_that_is_gone_is_shown_by_its_id(engine: NativeEngine) -> None:
    await engine.write([{"bodyid": 5, "t": "A"}], by(at_s=1.0), "")
    await engine.delete(5, by("z@e", 2.0))
    with_history = Asked(is_with_history=True)
    history = await found(engine, [{"bodyid": [4, 5]}, {"t": "A"}], with_history)
    assert [(each.get("t"), each.get("_deleted")) for each in history if isinstance(each, dict)] == [
        (None, True),
        ("A", None),
    ]
    assert await found(engine, {"t": "A"}, with_history) == []
    assert await found(engine, {"bodyid": 5}, Asked(is_with_history=True, is_only_ids=True)) == []


async def test_the_newest_uuid_means_the_newest_also_without_a_tag(documents: Documents) -> None:
    engine = NativeEngine(documents, "neurons", "mb20", Versions(head_uuid="fedc01"))
    await engine.write([{"bodyid": 5, "t": "A"}], by(), "v0.7")
    await engine.write([{"bodyid": 5, "u": "B"}], by(), "fedc01")
    assert await bodies(engine, 5, asked=Asked(version="fedc01")) == [{"bodyid": 5, "t": "A", "u": "B"}]


async def test_nothing_is_written_where_one_of_many_is_wrong(engine: NativeEngine, documents: Documents) -> None:
    many: list[Fields] = [{"bodyid": each} for each in range(1, 2 * MOST_ANNOTATIONS)]
    deep: Json = 1
    for _ in range(25):
        deep = {"a": deep}
    for unstorable in ({"__x__": 1}, {"": 1}, "\x00", "x" * (1 << 20), deep, {"n" * 1501: 1}):
        with pytest.raises(UnstorableError):
            await engine.write([*many, {"bodyid": 9000, "t": unstorable}], by(), "")
    with pytest.raises(UnstorableError):
        await engine.write([{"bodyid": 1}, {"bodyid": 2, "t": "x" * (1 << 20)}], by(), "")
    with pytest.raises(BadInputError):
        await engine.write(many, by(), "v1.x")
    assert await stored(documents) == []


async def test_one_body_many_times_in_a_list_is_merged_in_order(engine: NativeEngine) -> None:
    await engine.write([{"bodyid": 5, f"f{n % 3}": n} for n in range(2 * MOST_ANNOTATIONS)], by(), "")
    last = 2 * MOST_ANNOTATIONS - 1
    assert await bodies(engine, 5) == [{"bodyid": 5} | {f"f{n % 3}": n for n in range(last - 2, last + 1)}]


async def test_more_revisions_than_the_head_lists(engine: NativeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisions, "MOST_LISTED", 3)
    for minor in range(1, 8):
        await engine.write([{"bodyid": 5, "n": minor}], by(at_s=minor), f"v0.{minor}")
    for minor in range(1, 8):
        assert await bodies(engine, 5, asked=Asked(version=f"v0.{minor}.1")) == [{"bodyid": 5, "n": minor}]
    await engine.write([{"bodyid": 5, "extra": 1}], by(at_s=9.0), "v0.2")
    assert await bodies(engine, 5, asked=Asked(version="v0.2")) == [{"bodyid": 5, "n": 2, "extra": 1}]


async def test_no_field_is_lost_among_many_writers(engine: NativeEngine) -> None:
    writers = 32
    await asyncio.gather(
        *(
            engine.write([{"bodyid": 5, f"f{n}": n}, {"bodyid": 6 + n % 4, f"f{n}": n}], by(f"u{n}@e"), "")
            for n in range(writers)
        )
    )
    (annotation,) = await bodies(engine, 5, asked=Asked(show=Show.USER))
    assert {name for name in annotation if not name.endswith("_user")} == {"bodyid", *(f"f{n}" for n in range(writers))}
    assert all(annotation[f"f{n}_user"] == f"u{n}@e" for n in range(writers))
    others = await bodies(engine, 6, 7, 8, 9)
    assert sum(len(each) - 1 for each in others) == writers


async def test_the_names_of_fields_are_known_as_they_are_written(engine: NativeEngine, documents: Documents) -> None:
    await engine.write([{"bodyid": 5, "a": 1, "user": "u"}], by(), "")
    first = ["a", "a_time", "a_user", "bodyid", "user"]
    assert await engine.fields() == first
    await engine.write([{"bodyid": 6, "b": 1}], by(), "")
    assert await engine.fields() == sorted([*first, "b", "b_time", "b_user"])
    listed = NativeEngine(documents, "neurons", "mb20", Versions(fields=("x",)))
    assert await listed.fields() == ["x"]
    assert await NativeEngine(documents, "neurons", "other", VERSIONS).fields() == []


async def test_types_and_datasets_are_apart(engine: NativeEngine, documents: Documents) -> None:
    await engine.write([{"bodyid": 5, "a": 1}], by(), "")
    for kind, dataset in (("neurons", "other"), ("glia", "mb20")):
        assert await everything(NativeEngine(documents, kind, dataset, VERSIONS)) == []


async def test_queries_find_what_reading_all_finds(engine: NativeEngine) -> None:
    """Looked up by the store's indexes or read one by one: the answer is that of the model."""
    chance = random.Random(7)
    values: list[Json] = ["a", "b", "", 0, 1, 1.5, True, False, 2**53 + 1, None, ["a", 1], ["b"], [], {"x": 1}]
    asked: list[Json] = [*values[:9], 1.0, 0.0, 2.0**53, "re/^a", "exists/0", "exists/1", None, {"x": 1}]
    annotations: dict[int, dict[str, Json]] = {}
    for body in range(1, 121):
        chosen = {name: chance.choice(values) for name in ("t", "u.v", "w`")}
        annotations[body] = {"bodyid": body, **{name: value for name, value in chosen.items() if value is not None}}
    await engine.write(list(annotations.values()), by(), "")
    for _ in range(60):
        query: list[Json] = []
        for _ in range(chance.randint(1, 2)):
            names = chance.sample(("t", "u.v", "w`"), chance.randint(1, 3))
            query.append(
                {name: chance.choice([chance.choice(asked), chance.sample(asked, 2)]) for name in names}
                | ({"bodyid": [chance.randint(1, 120) for _ in range(9)]} if chance.random() < 0.2 else {})
            )
        expected = [body for body, annotation in annotations.items() if fits(query, annotation)]
        ids = await found(engine, query, Asked(is_only_ids=True))
        assert ids == expected, query
    assert parse_query({"t": "a"}).patterns
