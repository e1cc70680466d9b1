"""Annotations that a DVID server keeps: what is asked of it, and what of its answers reaches clients."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

import httpx
import pytest

from karst_clio.neurons.dvid import DvidEngine, DvidServer
from karst_clio.neurons.merge import Posting
from karst_clio.neurons.metadata import Versions
from karst_platform.stores.documents import Fields, Json
from services_src.clio.tests.support import Server, serving

pytestmark = pytest.mark.anyio
USER = "writer@example.org"
BASE = "/v2/json-annotations/mb20/neurons"
DVID = "https://dvid.example.org:8000"
NODE = f"{DVID}/api/node/abc/segmentation_annotations"
DATASET: Fields = {"dvid": f"{DVID}/", "uuid": "abc", "tag": "v0.5", "versions": [{"tag": "v0.3", "uuid": "de/f ?"}]}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as made:
        await made.store((("clio_datasets", "mb20"), DATASET))
        await made.add_user(USER, datasets={"mb20": ["clio_write"]})
        made.calls.answer = lambda _: httpx.Response(200, json=[])
        yield made


def answering(server: Server, **by_end: object) -> None:
    """Let DVID answer with JSON by the end of the path, or with a text and a status where a pair is given."""

    def answer(request: httpx.Request) -> httpx.Response:
        given = by_end[request.url.path.rsplit("/", 1)[1].replace("-", "_")]
        if isinstance(given, tuple):
            return httpx.Response(given[0], text=given[1])
        return httpx.Response(200, json=given)

    server.calls.answer = answer


async def ask(server: Server, method: str, path: str, body: Json = None) -> Json:
    answer = await server.ask(method, BASE + path, user=USER, **({} if body is None else {"json": body}))
    assert answer.status_code == 200, answer.text
    return answer.json()


def sent(server: Server) -> list[tuple[str, str, object]]:
    return [(each.method, str(each.url), json.loads(each.content or b"null")) for each in server.calls.requests]


async def test_reading_is_passed_on(server: Server) -> None:
    answering(server, fields=["type"], all=[{"bodyid": 5}], query=[5], keyvalues={"7": {"bodyid": 7}, "6": None})
    assert await ask(server, "GET", "/fields") == ["type"]
    assert await ask(server, "GET", "/all?show=user") == [{"bodyid": 5}]
    assert await ask(server, "POST", "/query?show=all&onlyid=true&x=y", {"type": "re/^a&b"}) == [5]
    assert await ask(server, "GET", "/id-number/6,7,8,7?show=time") == [{"bodyid": 7}]
    assert sent(server) == [
        ("GET", f"{NODE}/fields", None),
        ("GET", f"{NODE}/all?show=user", None),
        ("POST", f"{NODE}/query?show=all&onlyid=true", {"type": "re/^a&b"}),
        ("GET", f"{NODE}/keyvalues?json=true&show=time", [6, 7, 8]),
    ]
    assert all("authorization" not in each.headers for each in server.calls.requests), "DVID gets no token"


@pytest.mark.parametrize("nothing", ["null", " null\n", "", "[]"])
async def test_an_empty_answer_is_an_empty_list(server: Server, nothing: str) -> None:
    server.calls.answer = lambda _: httpx.Response(200, text=nothing)
    for method, path, body in (("GET", "/all", None), ("POST", "/query", {"type": "x"}), ("GET", "/id-number/5", None)):
        assert await ask(server, method, path, body) == []


async def test_a_part_of_all_is_asked_for_by_ids(server: Server) -> None:
    answering(server, keys=["100", "9", "23", "24"], keyvalues={str(n): {"bodyid": n} for n in (9, 23, 24, 100)})
    assert await ask(server, "GET", "/all?cursor=9&size=2") == [{"bodyid": 23}, {"bodyid": 24}]
    assert sent(server)[1] == ("GET", f"{NODE}/keyvalues?json=true", [23, 24])


async def test_large_answers_pass_through_whole(server: Server) -> None:
    records = [{"bodyid": n, "type": "nullx" * 20} for n in range(1, 5000)]
    text = json.dumps(records).encode()

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(text), 1000):
            yield text[start : start + 1000]

    server.calls.answer = lambda _: httpx.Response(200, content=parts())
    assert await ask(server, "GET", "/all") == records


async def test_versions_lead_to_nodes(server: Server) -> None:
    answering(server, keyvalues={"5": {"bodyid": 5}})
    for version in ("v0.3", "v0.5", "fe:master"):
        assert await ask(server, "GET", f"/id-number/5?version={version}") == [{"bodyid": 5}]
    nodes = [
        str(each.url).removeprefix(f"{DVID}/api/node/").split("/segmentation")[0] for each in server.calls.requests
    ]
    assert nodes == ["de%2Ff%20%3F", "abc", "fe:master"]
    server.calls.requests.clear()
    for version in ("v9", "..", "."):
        answer = await server.ask("GET", f"{BASE}/id-number/5?version={version}", user=USER)
        assert (answer.status_code, answer.json()["detail"][:11]) == (400, "Bad version")
    assert server.calls.requests == []


async def test_no_version_leads_to_another_call(server: Server) -> None:
    for version in ("../..", "x/../..", "%2e%2e", "a?b", "a#b", "\\..\\"):
        await server.ask("GET", f"{BASE}/all?version={quote(version)}", user=USER)
        await server.ask("POST", f"{BASE}?version={quote(version)}", user=USER, json={"bodyid": 5})
    paths = [each.url.raw_path.decode().partition("?")[0] for each in server.calls.requests]
    assert len(paths) == 12
    assert all(re.fullmatch(r"/api/node/[^/]+/segmentation_annotations/(all|key/5)", path) for path in paths), paths


async def test_writing_is_one_call_a_record(server: Server) -> None:
    server.calls.answer = lambda _: httpx.Response(200)
    records: Json = [{"bodyid": 5, "a": 1}, {"bodyid": 6, "b": None}, {"bodyid": 5, "a": 2}]
    assert await ask(server, "POST", "?conditional=user,a%26b", records) is None
    assert await ask(server, "POST", "?replace=true&designated_user=z%2Bz@example.org", {"bodyid": 7}) is None
    assert await ask(server, "DELETE", "/id-number/5") is None
    noted = f"u={USER.replace('@', '%40')}"
    conditional = "conditional=a%26b%2Cuser"
    assert sorted(map(str, sent(server)[:3])) == sorted(
        str(("POST", f"{NODE}/key/{record['bodyid']}?{noted}&{conditional}", record)) for record in records
    )
    of_five = [body for _, url, body in sent(server)[:3] if "/key/5?" in url]
    assert of_five == [{"bodyid": 5, "a": 1}, {"bodyid": 5, "a": 2}], "one body's in order"
    assert sent(server)[3:] == [
        ("POST", f"{NODE}/key/7?u=z%2Bz%40example.org&replace=true", {"bodyid": 7}),
        ("DELETE", f"{NODE}/key/5?{noted}", None),
    ]


async def test_what_is_wrong_is_found_before_dvid_is_asked(server: Server) -> None:
    for path, body in (("", [{"bodyid": 5}, {"bodyid": 0}]), ("/query", []), ("/query", {"t": "re/("})):
        assert (await server.ask("POST", BASE + path, user=USER, json=body)).status_code == 400
    for number in (2**63, 2**64, "9" * 20, "-" + "9" * 19):
        assert (await server.ask("GET", f"{BASE}/id-number/{number}", user=USER)).status_code == 400
    assert server.calls.requests == []


async def test_every_record_that_failed_is_named(server: Server) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        body = int(request.url.path.rsplit("/", 1)[1])
        return httpx.Response(400, text=f"no {body} at {DVID}") if body % 2 else httpx.Response(200)

    server.calls.answer = answer
    refusal = await server.ask("POST", BASE, user=USER, json=[{"bodyid": body} for body in range(1, 5)])
    assert (refusal.status_code, refusal.json()["detail"]) == (
        400,
        "2 of 4 bodies failed: body 1: no 1 at DVID; body 3: no 3 at DVID",
    )
    assert len(server.calls.requests) == 4


async def test_only_a_few_records_are_written_at_a_time() -> None:
    busy = most = 0

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            await asyncio.sleep(0.001)
            busy -= 1
            return httpx.Response(200, request=request)

    async with httpx.AsyncClient(transport=Slow()) as http:
        engine = DvidEngine(http, DvidServer(url=DVID, uuid="abc"), Versions())
        await engine.write([{"bodyid": body} for body in range(1, 100)], Posting(user=USER, at_s=0), "")
    assert most == 8


def _say(status: int, text: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, text=text)


def _fail(error: Callable[[], Exception]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error()

    return answer


@pytest.mark.parametrize(
    ("answer", "status", "detail"),
    [
        (_say(404, f"no key at {DVID}/api"), 404, "no key at DVID/api"),
        (_say(500, "dvid.example.org:8000 broke"), 500, "DVID broke"),
        (_say(302, ""), 502, "DVID answered 302"),
        (_fail(lambda: httpx.ConnectError(f"no route to {DVID}")), 502, "DVID can't be reached"),
        (_fail(lambda: httpx.ReadTimeout(f"{DVID} slow")), 504, "DVID took too long"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", "/all", None), ("GET", "/id-number/5", None), ("GET", "/fields", None), ("POST", "/query", {"a": 1})],
)
async def test_failures_keep_their_status_and_never_show_where_dvid_is(
    server: Server,
    answer: Callable[[httpx.Request], httpx.Response],
    status: int,
    detail: str,
    method: str,
    path: str,
    body: Json,
) -> None:
    server.calls.answer = answer
    refusal = await server.ask(method, BASE + path, user=USER, json=body)
    assert (refusal.status_code, refusal.json()["detail"]) == (status, detail)


async def test_an_answer_that_is_no_json_is_dvids_fault(server: Server) -> None:
    server.calls.answer = lambda _: httpx.Response(200, text="<html>")
    for path in ("/fields", "/id-number/5", "/all?size=5"):
        assert (await server.ask("GET", BASE + path, user=USER)).status_code == 502


@pytest.mark.parametrize(
    ("dataset", "is_found"),
    [
        ({"neuronEngine": "dvid"}, False),
        ({"dvid": DVID}, False),
        ({"dvid": DVID, "neuronEngine": "native"}, True),
        ({"dvid": ""}, True),
        ({}, True),
    ],
)
async def test_the_dataset_says_which_engine(server: Server, dataset: Fields, is_found: bool) -> None:
    await server.store((("clio_datasets", "mb20"), dataset))
    answer = await server.ask("GET", f"{BASE}/id-number/5", user=USER)
    assert answer.status_code == (200 if is_found else 404)
    assert server.calls.requests == []


async def test_other_types_are_never_in_dvid(server: Server) -> None:
    assert (await server.ask("GET", BASE.replace("neurons", "glia") + "/id-number/5", user=USER)).json() == []
    assert server.calls.requests == []
