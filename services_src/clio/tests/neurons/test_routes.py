"""`json-annotations` as clients call it, on every store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from karst_platform.stores.documents import Documents, Fields, Json, StoreUnavailableError, Write
from services_src.clio.tests.memory import MemoryDocuments
from services_src.clio.tests.support import Server, serving

pytestmark = pytest.mark.anyio
READER, WRITER, MANAGER, NOBODY = (f"{name}@example.org" for name in ("reader", "writer", "manager", "nobody"))
BASE = "/v2/json-annotations/mb20/neurons"
DATASET: Fields = {
    "description": "d",
    "tag": "v0.5",
    "uuid": "fedc01",
    "versions": [{"version": "v0.3", "uuid": "abcd01"}, {"title": "v0.4", "uuid": "abce02"}, {"tag": "v0.1"}],
}


@pytest.fixture
async def server(documents: Documents) -> AsyncIterator[Server]:
    async with serving(documents) as made:
        await made.store((("clio_datasets", "mb20"), DATASET), (("clio_datasets", "bare"), {"description": "d"}))
        for user, roles in ((READER, ["clio_read"]), (WRITER, ["clio_write"]), (MANAGER, ["dataset_admin"])):
            await made.add_user(user, datasets={"mb20": roles, "bare": roles})
        await made.add_user("everywhere@example.org", global_roles=["clio_general"])
        yield made


async def ask(server: Server, method: str, path: str, body: Json = None, user: str = WRITER, base: str = BASE) -> Json:
    answer = await server.ask(method, base + path, user=user, **({} if body is None else {"json": body}))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


async def refused(server: Server, method: str, path: str, body: Json = None, user: str = WRITER) -> tuple[int, str]:
    answer = await server.ask(method, BASE + path, user=user, **({} if body is None else {"json": body}))
    return answer.status_code, str(answer.json()["detail"])


async def test_what_is_written_is_read(server: Server) -> None:
    sent: Json = [{"bodyid": 23, "type": "DNp01", "status": "Traced", "é": "ü"}, {"bodyid": 101, "type": "x"}]
    assert await ask(server, "POST", "?app=clio-py&v0.5", sent) is None
    assert await ask(server, "PUT", "", {"bodyid": 101, "status": "Anchor"}) is None
    assert await ask(server, "GET", "/all", user=READER) == [sent[0], {"bodyid": 101, "type": "x", "status": "Anchor"}]
    assert await ask(server, "GET", "/all?cursor=23&size=5", user=READER) == [
        {"bodyid": 101, "type": "x", "status": "Anchor"}
    ]
    assert await ask(server, "GET", "/id-number/101,5,23") == [
        {"bodyid": 101, "type": "x", "status": "Anchor"},
        sent[0],
    ]
    assert await ask(server, "GET", "/id-number/5") == []
    query: Json = [{"type": "re/^DN", "status": ["Anchor", "Traced"]}, {"bodyid": [23, 101]}]
    assert await ask(server, "POST", "/query?onlyid=true", query, READER) == [23, 101]
    assert await ask(server, "POST", "/query?show=user&id_field=bodyid&changes=false", {"type": "x"}, READER) == [
        {"bodyid": 101, "type": "x", "type_user": WRITER, "status": "Anchor", "status_user": WRITER}
    ]
    raw = await server.ask("GET", BASE + "/all", user=READER)
    assert "ü".encode() in raw.content


async def test_every_alias_and_a_slash_at_the_end_answer(server: Server) -> None:
    for mount in ("/v2", "/v3", "/test"):
        base = f"{mount}/json-annotations/mb20/neurons"
        assert await ask(server, "POST", "/", {"bodyid": 23}, base=base) is None
        assert await ask(server, "GET", "/all/", base=base) == [{"bodyid": 23}]
        assert await ask(server, "POST", "/query/", {"bodyid": 23}, base=base) == [{"bodyid": 23}]


async def test_notes_say_who_and_when(server: Server) -> None:
    await ask(server, "POST", "", {"bodyid": 5, "type": "A"})
    server.clock.now_s += 60
    await ask(server, "POST", "?designated_user=z@example.org", {"bodyid": 5, "class": "c", "type": "A"})
    assert await ask(server, "GET", "/id-number/5?show=all") == [
        {
            "bodyid": 5,
            "type": "A",
            "type_user": WRITER,
            "type_time": "2026-11-20T09:20:00Z",
            "class": "c",
            "class_user": "z@example.org",
            "class_time": "2026-11-20T09:21:00Z",
        }
    ]


async def test_conditional_and_replace(server: Server) -> None:
    await ask(server, "POST", "", {"bodyid": 5, "user": "first", "a": 1})
    await ask(server, "POST", "?conditional=user,a", {"bodyid": 5, "user": "second", "a": 2, "b": 2})
    assert await ask(server, "GET", "/id-number/5") == [{"bodyid": 5, "user": "first", "a": 1, "b": 2}]
    await ask(server, "POST", "?replace=true&conditional=user", {"bodyid": 5, "user": "third"})
    assert await ask(server, "GET", "/id-number/5") == [{"bodyid": 5, "user": "third"}]


@pytest.mark.parametrize("content_type", ["text/plain;charset=UTF-8", "", "application/x-www-form-urlencoded"])
async def test_any_content_type_is_json(server: Server, content_type: str) -> None:
    body = b'[{"bodyid": 9007199254740993}]'
    answer = await server.ask("POST", BASE, user=WRITER, content=body, headers={"content-type": content_type})
    assert (answer.status_code, answer.content) == (200, b"null")
    assert await ask(server, "GET", "/id-number/9007199254740993") == [{"bodyid": 9007199254740993}]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "A"},
        {"bodyid": "5"},
        {"bodyid": 5.0},
        {"bodyid": True},
        {"bodyid": None},
        {"bodyid": 0},
        {"bodyid": -1},
        {"bodyid": 5, "_x": 1},
        {"bodyid": 5, "": 1},
        {"bodyid": 5, "bodyid_user": "u"},
        {"bodyid": 5, "bodyid_time": "t"},
        "text",
        [5],
        [{"bodyid": 6}, {"bodyid": 0}],
    ],
)
async def test_what_is_no_annotation_is_refused_and_nothing_written(server: Server, body: Json) -> None:
    status, detail = await refused(server, "POST", "", body)
    assert status == 400
    assert detail
    assert await ask(server, "GET", "/all") == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/id-number/x", None, 400),
        ("GET", "/id-number/1,,2", None, 400),
        ("GET", "/id-number/1.5", None, 400),
        ("GET", "/id-number/" + "9" * 30, None, 400),
        ("GET", f"/id-number/{2**63}", None, 400),
        ("GET", "/id-number/5?version=v1.x", None, 400),
        ("GET", "/id-number/5?version=what", None, 400),
        ("GET", "/id-number/5?version=ab", None, 400),
        ("GET", "/all?size=-1", None, 422),
        ("GET", "/all?cursor=x", None, 422),
        ("GET", "/all?cursor=99999999999999999999", None, 422),
        ("POST", "/query", [], 400),
        ("POST", "/query", "x", 400),
        ("POST", "/query", {"type": "re/("}, 400),
        ("POST", "/query?version=vv", {"type": "A"}, 400),
        ("POST", "/query?onlyid=maybe", {"type": "A"}, 422),
        ("POST", "?replace=2", {"bodyid": 5}, 422),
        ("POST", "?version=v1.2.3.4", {"bodyid": 5}, 400),
        ("DELETE", "/id-number/1,2", None, 400),
        ("DELETE", "/id-number/x", None, 400),
    ],
)
async def test_bad_requests_say_so(server: Server, method: str, path: str, body: Json, status: int) -> None:
    assert (await refused(server, method, path, body))[0] == status


async def test_numbers_that_are_none_are_refused(server: Server) -> None:
    for body in (b'{"bodyid": 1e999}', b'{"bodyid": NaN}', b'{"bodyid": 99999999999999999999}', b"{", b""):
        for path in ("", "/query"):
            answer = await server.ask("POST", BASE + path, user=WRITER, content=body)
            assert answer.status_code == 422, body


async def test_history_by_version(server: Server) -> None:
    await ask(server, "POST", "?version=v0.3", {"bodyid": 5, "type": "A"})
    await ask(server, "POST", "?version=v0.4", {"bodyid": 5, "type": "B"})
    for version, expected in (("v0.3", "A"), ("abcd", "A"), ("abcd01ff", "A"), ("v0.4", "B"), ("abce02", "B")):
        assert await ask(server, "GET", f"/id-number/5?version={version}") == [{"bodyid": 5, "type": expected}]
        assert await ask(server, "POST", f"/query?onlyid=1&version={version}", {"type": expected}) == [5]
    assert await ask(server, "GET", "/id-number/5?version=v0.2") == []
    answer = await server.ask("POST", BASE + "/query?changes=true&show=user", user=READER, json={"bodyid": 5})
    assert [(each["type"], each["_version"], each["_user"]) for each in answer.json()] == [
        ("B", 4000, WRITER),
        ("A", 3000, WRITER),
    ]


async def test_deleting_is_for_writers_and_managers_and_repeatable(server: Server) -> None:
    await ask(server, "POST", "", [{"bodyid": 5}, {"bodyid": 6}])
    assert (await refused(server, "DELETE", "/id-number/5", user=READER))[0] == 401
    assert await ask(server, "DELETE", "/id-number/5") is None
    assert await ask(server, "DELETE", "/id-number/5") is None
    assert await ask(server, "DELETE", "/id-number/6", user=MANAGER) is None
    assert await ask(server, "GET", "/all") == []


async def test_versions_come_from_the_dataset(server: Server) -> None:
    assert await ask(server, "GET", "/versions") == {"v0.3": "abcd01", "v0.4": "abce02", "v0.5": "fedc01"}
    assert await ask(server, "GET", "/head_tag") == "v0.5"
    assert await ask(server, "GET", "/head_uuid") == "fedc01"
    assert await ask(server, "GET", "/tag_to_uuid/v0.4") == "abce02"
    assert await ask(server, "GET", "/uuid_to_tag/abcd") == "v0.3"
    assert await ask(server, "GET", "/uuid_to_tag/abcd01234") == "v0.3"
    assert (await refused(server, "GET", "/uuid_to_tag/abc"))[0] == 400
    assert (await refused(server, "GET", "/uuid_to_tag/ffff"))[0] == 404
    assert (await refused(server, "GET", "/tag_to_uuid/v9"))[0] == 404
    for path in ("/versions", "/head_tag", "/head_uuid"):
        answer = await server.ask("GET", BASE.replace("mb20", "bare") + path, user=WRITER)
        assert answer.status_code == 404


async def test_versions_come_from_the_metadata_where_it_has_them(server: Server) -> None:
    entry = {
        "fields": ["type"],
        "tag_to_uuid": {"v7": "aa"},
        "uuid_to_tag": {"aa": "v7"},
        "head_tag": "v8",
        "head_uuid": "bb",
    }
    assert await ask(server, "GET", "/head_tag") == "v0.5"
    path = ("clio_annotations_global", "metadata")
    await server.documents.write(Write(path=path, fields={"neurons": {"mb20": entry}}))
    assert await ask(server, "GET", "/head_tag") == "v0.5", "known for two minutes"
    server.clock.now_s += 121
    assert await ask(server, "GET", "/versions") == {"v7": "aa"}
    assert await ask(server, "GET", "/head_tag") == "v8"
    assert await ask(server, "GET", "/head_uuid") == "bb"
    assert await ask(server, "GET", "/fields") == ["type"]
    assert await ask(server, "GET", "/tag_to_uuid/v7") == "aa"


async def test_fields_are_those_that_annotations_have(server: Server) -> None:
    assert await ask(server, "GET", "/fields") == []
    await ask(server, "POST", "", {"bodyid": 5, "type": "A"})
    assert await ask(server, "GET", "/fields") == ["bodyid", "type", "type_time", "type_user"]


async def test_a_schema_is_held_and_converts_numbers(server: Server) -> None:
    schema = {"properties": {"group": {"type": "integer"}, "class": {"enum": ["a", "b"]}}, "required": ["group"]}
    await server.store((("clio_datasets", "mb20"), {**DATASET, "neuronSchema": schema}))
    await ask(server, "POST", "", {"bodyid": 5, "group": "12", "class": "a"})
    assert await ask(server, "GET", "/id-number/5") == [{"bodyid": 5, "group": 12, "class": "a"}]
    for wrong in ({"group": "x"}, {"group": 1, "class": "z"}, {"class": "a"}, {"group": 1.5}):
        status, detail = await refused(server, "POST", "", [{"bodyid": 6, "group": 1}, {"bodyid": 7, **wrong}])
        assert (status, detail[:7]) == (400, "Body 7:")
    assert await ask(server, "GET", "/all") == [{"bodyid": 5, "group": 12, "class": "a"}]
    await ask(server, "POST", "", {"bodyid": 5, "group": 12, "class": None})


@pytest.mark.parametrize("schema", [{"type": "what"}, 5, {"$ref": "https://elsewhere.example.org/schema.json"}])
async def test_a_schema_that_is_none_says_so(server: Server, schema: Json) -> None:
    await server.store((("clio_datasets", "mb20"), {**DATASET, "neuronSchema": schema}))
    status, detail = await refused(server, "POST", "", {"bodyid": 6})
    assert (status, "neuronSchema" in detail) == (400, True)


async def test_other_types_are_kept_apart(server: Server) -> None:
    glia = BASE.replace("neurons", "glia")
    await ask(server, "POST", "", {"bodyid": 5, "g": 1}, base=glia)
    assert await ask(server, "GET", "/all", base=glia) == [{"bodyid": 5, "g": 1}]
    assert await ask(server, "GET", "/all") == []
    answer = await server.ask("GET", BASE.replace("neurons", "a b") + "/all", user=WRITER)
    assert answer.status_code == 422


async def test_an_unknown_dataset_is_not_found_by_those_who_may_read_all(server: Server) -> None:
    path = BASE.replace("mb20", "none")
    for rest in ("/all", "/fields", "/versions", "/id-number/5"):
        answer = await server.ask("GET", path + rest, user="everywhere@example.org")
        assert (answer.status_code, answer.json()["detail"]) == (404, "No dataset none")
        assert (await server.ask("GET", path + rest, user=NOBODY)).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/all", None),
        ("GET", "/fields", None),
        ("GET", "/versions", None),
        ("GET", "/id-number/5", None),
        ("POST", "/query", {"bodyid": 5}),
        ("POST", "", {"bodyid": 5}),
        ("DELETE", "/id-number/5", None),
    ],
)
async def test_without_a_role_nothing_is_allowed(server: Server, method: str, path: str, body: Json) -> None:
    await ask(server, "POST", "", {"bodyid": 5, "a": 1})
    assert (await refused(server, method, path, body, NOBODY))[0] == 401
    assert (await server.ask(method, BASE + path, json=body)).status_code == 401
    if path == "":
        assert (await refused(server, method, path, body, READER))[0] == 401
    assert await ask(server, "GET", "/all") == [{"bodyid": 5, "a": 1}]


async def test_a_store_that_is_away_is_an_error_and_no_broken_list() -> None:
    store = MemoryDocuments({("clio_datasets", "mb20"): {"public": True}})
    async with serving(store) as server:
        assert (await server.ask("GET", BASE + "/fields", user=NOBODY)).status_code == 200
        store.failure = StoreUnavailableError("away")
        for path in ("/all", "/id-number/5"):
            answer = await server.ask("GET", BASE + path, user=NOBODY)
            assert (answer.status_code, answer.headers.get("retry-after")) == (503, "2")


async def test_the_facade_shows_public_datasets_as_dvid_does(server: Server) -> None:
    def facade(node: str, what: str, dataset: str = "mb20") -> str:
        return f"/dvid/{dataset}/api/node/{node}/segmentation_annotations/{what}"

    async def get(path: str) -> httpx.Response:
        return await server.client.get(path)

    await ask(server, "POST", "?version=v0.3", [{"bodyid": 9, "type": "A"}, {"bodyid": 10}])
    await ask(server, "POST", "?version=v0.4", {"bodyid": 9, "type": "B"})
    assert (await get(facade(":master", "all"))).status_code == 404
    dvid = "https://clio.example.org/dvid/mb20"
    public: Fields = {**DATASET, "public": True, "dvid": dvid, "neuronEngine": "native"}
    await server.store((("clio_datasets", "mb20"), public))
    for node, kind in ((":master", "B"), ("fedc01", "B"), ("fedc01:master", "B"), ("abcd01", "A")):
        assert (await get(facade(node, "all"))).json() == [{"bodyid": 9, "type": kind}, {"bodyid": 10}]
    assert (await get(facade(":master", "keys"))).json() == ["9", "10"]
    any_schema = {"type": "object", "required": ["bodyid"], "properties": {"bodyid": {"type": "integer"}}}
    assert (await get(facade(":master", "json_schema"))).json() == any_schema
    assert (await get(facade("abcd01", "all?show=user"))).json()[0]["type_user"] == WRITER
    assert (await get(facade("ffff", "all"))).status_code == 404
    assert (await get(facade(":master", "all", "bare"))).status_code == 404
    schema = {"properties": {"group": {"type": "integer"}}}
    await server.store((("clio_datasets", "mb20"), {**public, "neuronSchema": schema}))
    assert (await get(facade(":master", "json_schema"))).json() == any_schema | schema
    assert await ask(server, "GET", "/all", user=NOBODY) == [{"bodyid": 9, "type": "B"}, {"bodyid": 10}]
