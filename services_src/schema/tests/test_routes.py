"""What clients get: lists, documents, errors, and nothing twice that they have already."""

from __future__ import annotations

import gzip
import json

import httpx
import pytest

from karst_schema.types import annotation_types, document
from services_src.schema.tests.support import HOST, ask, client

pytestmark = pytest.mark.anyio
TYPES = annotation_types()
SYNAPSE = document(TYPES["synapse"])


async def test_the_list_has_all_types_the_oldest_first() -> None:
    names = (await ask("GET", "/api/v2/type")).json()
    assert names == list(TYPES)
    assert (names[0], names[56]) == ("synapse", "cell_match_reference")


@pytest.mark.parametrize("name", TYPES)
async def test_each_type_has_its_document(name: str) -> None:
    answer = await ask("GET", f"/api/v2/type/{name}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == document(TYPES[name])


async def test_all_documents_come_at_once() -> None:
    answer = (await ask("GET", "/api/v2/types_all")).json()
    assert list(answer) == list(TYPES)
    assert answer == {name: document(each) for name, each in TYPES.items()}


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("?schema_names=synapse%2Cbound_tag", b""),
        ("?schema_names=synapse,bound_tag", b""),
        ("?schema_names=+synapse,%20bound_tag,,synapse", b"no JSON: the query counts"),
        ("", b'{"schema_names": "synapse,bound_tag"}'),
        ("", b'{"schema_names": ["synapse", "bound_tag"], "other": 1}'),
    ],
)
@pytest.mark.parametrize("content_type", [None, "application/json", "text/plain", "application/x-www-form-urlencoded"])
async def test_some_documents_come_at_once(query: str, body: bytes, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = await ask("POST", f"/api/v2/types{query}", content=body, headers=headers)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {name: document(TYPES[name]) for name in ("synapse", "bound_tag")}


async def test_no_names_have_no_documents() -> None:
    assert (await ask("POST", "/api/v2/types?schema_names=")).json() == {}


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b"{}", b"synapse", b"NaN", b"\xff\xfe", b"[" * 60_000),
        *(b'{"schema_names": 1}', b'{"schema_names": [1]}', b'{"schema_names": {}}', b'{"schema_names": null}'),
        b'{"schema_names": "a"',
    ],
)
async def test_what_names_no_types_is_refused(body: bytes) -> None:
    error(await ask("POST", "/api/v2/types", content=body), 400, "missing_schema_names")


def error(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert answer.json()["error"] == code
    assert answer.json()["message"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "cache-control" not in answer.headers, "what is wrong now may be right tomorrow"


@pytest.mark.parametrize(
    "name",
    [
        *("Synapse", "synaps", "synapse ", "synapse%00", "%22", "%5C", "%F0%9F%A7%A0", "%FF", "x" * 5000),
        *("constructor", "__proto__", "{name}", "%3Cscript%3E", "synapse,bound_tag"),
    ],
)
async def test_unknown_types_are_not_found(name: str) -> None:
    answer = await ask("GET", f"/api/v2/type/{name}")
    error(answer, 404, "unknown_type")
    assert len(answer.content) < 1000
    if name != "synapse,bound_tag":
        error(await ask("POST", f"/api/v2/types?schema_names=synapse,{name}x"), 404, "unknown_type")


@pytest.mark.parametrize(
    "path", ["/api/v2/type/", "/api/v2", "/api/v1/type", "/type", "/version", "/views/type/synapse"]
)
async def test_nothing_else_is_there(path: str) -> None:
    answer = await ask("GET", path)
    if path == "/api/v2/type/":
        assert answer.status_code == 200, "a slash at the end makes no difference"
    else:
        error(answer, 404, "not_found")


async def test_clients_negotiate_the_version() -> None:
    assert (await ask("GET", "/versions")).text == "[2]"
    assert (await ask("GET", "/views/version")).json().startswith("5.26.3+karst.")


@pytest.mark.parametrize("path", ["/api/v2/types_all", "/api/v2/type", "/api/v2/type/synapse", "/", "/views"])
async def test_compressed_answers_say_the_same(path: str) -> None:
    plain = await ask("GET", path)
    assert "content-encoding" not in plain.headers
    async with client() as made, made.stream("GET", f"/schema{path}", headers={"Accept-Encoding": "gzip"}) as zipped:
        raw = b"".join([part async for part in zipped.aiter_raw()])
    assert zipped.headers["content-encoding"] == "gzip"
    assert int(zipped.headers["content-length"]) == len(raw) < len(plain.content) / 2
    assert gzip.decompress(raw) == plain.content
    assert zipped.headers["etag"] == plain.headers["etag"]
    assert plain.headers["vary"] == zipped.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/api/v2/types_all", "/api/v2/type/synapse", "/versions", "/views/type/synapse/view"])
async def test_what_a_client_has_is_not_sent_again(path: str) -> None:
    first = await ask("GET", path)
    assert first.headers["cache-control"] == "public, max-age=3600"
    tag = first.headers["etag"]
    for known in (tag, f'"x", {tag}', tag.removeprefix("W/"), "*"):
        again = await ask("GET", path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["access-control-allow-origin"] == "*"
    for other in ('"x"', "", tag.strip('W/"'), tag.upper()):
        assert (await ask("GET", path, headers={"If-None-Match": other})).content == first.content


async def test_tags_differ_as_answers_do() -> None:
    paths = ["/api/v2/types_all", "/api/v2/type", *(f"/api/v2/type/{name}" for name in TYPES)]
    tags = {(await ask("GET", path)).headers["etag"] for path in paths}
    assert len(tags) == len(paths)


@pytest.mark.parametrize("path", ["/api/v2/types_all", "/api/v2/type/synapse", "/versions", "/", "/api/v2/type/x"])
async def test_head_tells_the_same_without_the_body(path: str) -> None:
    got, headed = await ask("GET", path), await ask("HEAD", path)
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    for name in ("content-length", "content-type", "etag"):
        assert headed.headers.get(name) == got.headers.get(name)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
async def test_nothing_is_written_here(method: str) -> None:
    error(await ask(method, "/api/v2/types_all"), 405, "method_not_allowed")


async def test_a_body_that_names_a_type_very_often_costs_little() -> None:
    names = json.dumps({"schema_names": "synapse," * 8000})
    assert (await ask("POST", "/api/v2/types", content=names)).json() == {"synapse": SYNAPSE}
    error(await ask("POST", "/api/v2/types", content=b" " * 65_537), 413, "content_too_large")


async def test_probes_stand_behind_the_prefix_and_without_it() -> None:
    async with client() as made:
        for path in ("/healthz", "/readyz", "/schema/healthz", "/schema/readyz"):
            assert (await made.get(path)).status_code == 200
        assert (await made.get("/api/v2/type")).status_code == 404


EVERY_PATH = (
    "/versions",
    "/api/v2/type",
    "/api/v2/type/x",
    "/api/v2/types",
    "/api/v2/types_all",
    "/",
    "/views/version",
)


@pytest.mark.parametrize("path", EVERY_PATH)
async def test_pages_of_other_origins_may_ask_and_read(path: str) -> None:
    headers = {"Origin": "https://viewer.example.org", "Access-Control-Request-Headers": "authorization"}
    question = await ask("OPTIONS", path, headers=headers)
    assert (question.status_code, question.content) == (200, b"")
    assert "authorization" in question.headers["access-control-allow-headers"]
    for answer in (question, await ask("GET", path, headers=headers)):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", EVERY_PATH)
@pytest.mark.parametrize(
    "credentials",
    [
        {"Authorization": "Bearer " + "0" * 32, "Cookie": "middle_auth_token=" + "0" * 32},
        {"Authorization": "Bearer"},
        {"Authorization": "x" * 10_000},
        {"Cookie": "=;;=%00"},
    ],
)
async def test_tokens_make_no_difference(path: str, credentials: dict[str, str]) -> None:
    """Clients send theirs to all services."""
    plain, with_token = await ask("GET", path), await ask("GET", path, headers=credentials)
    assert (with_token.status_code, with_token.content) == (plain.status_code, plain.content)
    assert "set-cookie" not in with_token.headers


@pytest.mark.parametrize("path", EVERY_PATH)
async def test_slashes_make_no_difference_and_nothing_redirects(path: str) -> None:
    plain = await ask("GET", path)
    async with client() as made:
        for written in (
            f"//schema{path}",
            f"/schema{path}/",
            f"//schema//{path}//",
            f"/schema{path}?middle_auth_token=x",
        ):
            answer = await made.get(HOST + written)
            assert (answer.status_code, answer.content) == (plain.status_code, plain.content), written
