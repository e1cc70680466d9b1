"""How the store speaks HTTP, whatever the route: bodies, errors, origins, paths, pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from karst_platform.stores.documents import ContentionError, StoreUnavailableError, UnstorableError
from services_src.clio.tests.memory import MemoryDocuments
from services_src.clio.tests.support import HOST, Server, serving

pytestmark = pytest.mark.anyio
ADA = "ada@example.org"
PAGE = "https://page.example.org"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(owner=ADA) as each:
        yield each


async def post(server: Server, body: bytes, **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await server.ask("POST", "/v2/users", user=ADA, content=body, headers=sent)


@pytest.mark.parametrize("given", [None, "", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "a/b/c"])
async def test_bodies_are_json_whatever_their_type(server: Server, given: str | None) -> None:
    headers = {} if given is None else {"content_type": given}
    answer = await post(server, b'{"b@example.org": {"global_roles": ["x"]}}', **headers)
    assert (answer.status_code, answer.content) == (200, b"null")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "json_invalid"),
        (b"\xff", "json_invalid"),
        (b"[NaN]", "json_invalid"),
        (b"[-Infinity]", "json_invalid"),
        (b'["\\ud800"]', "json_invalid"),
        (b"[" * 10_000 + b"]" * 10_000, "json_invalid"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "json_invalid"),
        (b"[1e999]", "finite_number"),
        (b"[-1" + b"0" * 400 + b".0]", "finite_number"),
        (b"[9223372036854775808]", "int_too_large"),
        (b'{"a": [{"b": -9223372036854775809}]}', "int_too_large"),
        (b"[]", "dict_type"),
        (b"", "missing"),
    ],
)
async def test_bodies_that_cannot_be_kept_are_refused(server: Server, body: bytes, kind: str) -> None:
    answer = await post(server, body)
    assert answer.status_code == 422
    ((fault),) = answer.json()["detail"]
    assert set(fault) == {"loc", "msg", "type"}
    assert (fault["loc"], fault["type"]) == (["body"], kind)


async def test_the_largest_integers_pass(server: Server) -> None:
    answer = await post(server, b'{"b@example.org": {"any": [9223372036854775807, -9223372036854775808]}}')
    assert answer.status_code == 200


async def test_large_bodies_are_refused_told_or_not() -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(512)

    async with serving(owner=ADA, body_limit_kib=1) as server:
        assert (await post(server, bytes(1025))).status_code == 413
        answer = await server.ask("POST", "/v2/users", user=ADA, content=stream())
        assert (answer.status_code, answer.json()) == (413, {"detail": "The body is larger than 1024 bytes."})
        assert (await post(server, b" " * 1024)).status_code == 422


@pytest.mark.parametrize("told", ["x", "-1", "1" * 50])
async def test_a_false_length_is_refused(server: Server, told: str) -> None:
    assert (await post(server, b"{}", content_length=told)).status_code in (400, 413)


@pytest.mark.parametrize(
    ("failure", "status", "retry"),
    [
        (StoreUnavailableError("secret host"), 503, "2"),
        (ContentionError(), 503, "2"),
        (TimeoutError(), 504, None),
        (UnstorableError("too deep"), 422, None),
        (KeyError("inner detail"), 500, None),
    ],
)
async def test_failures_of_the_store_become_answers(failure: Exception, status: int, retry: str | None) -> None:
    store = MemoryDocuments()
    async with serving(store, owner=ADA) as server:
        store.failure = failure
        answer = await server.ask("GET", "/v2/roles", user=ADA, headers={"Origin": PAGE})
        assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry)
        assert set(answer.json()) == {"detail"}
        assert "secret" not in answer.text
        assert "inner" not in answer.text
        assert answer.headers["access-control-allow-origin"] == PAGE
        store.failure = None
        assert (await server.ask("GET", "/v2/roles", user=ADA)).status_code == 200


async def test_unknown_paths_and_methods(server: Server) -> None:
    for path in ("/nope", "/v2/nope", "/v4/roles", "/v2", "/clio_toplevel/server/token"):
        answer = await server.ask("GET", path, user=ADA)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"}), path
    answer = await server.ask("DELETE", "/v2/roles", user=ADA)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize("mount", ["", "/clio_toplevel", "/v2", "/v3", "/test"])
@pytest.mark.parametrize("end", ["", "/", "?app=clio-py", "/?app=clio-py&v0.1"])
async def test_mounts_slashes_and_unknown_parameters(server: Server, mount: str, end: str) -> None:
    answer = await server.ask("GET", f"{mount}/roles{end}", user=ADA)
    assert (answer.status_code, answer.json()["email"]) == (200, ADA)


@pytest.mark.parametrize("prefix", ["api", "/api", "/api/"])
async def test_a_prefix_stands_before_everything_but_the_pages(prefix: str) -> None:
    async with serving(owner=ADA, url_prefix=prefix) as server:
        for path in ("/api/v2/roles", "/api/v3/roles/", "/api/roles"):
            assert (await server.ask("GET", path, user=ADA)).status_code == 200, path
        for path in ("/v2/roles", "/roles", "/apiv2/roles", "/api/api/roles"):
            assert (await server.ask("GET", path, user=ADA)).status_code == 404, path
        for path in ("/docs", "/redoc/", "/openapi.json", "/api/docs", "/api/redoc", "/api/openapi.json"):
            assert (await server.ask("GET", path)).status_code == 200, path


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_pages_load_everything_from_here(prefix: str, page: str) -> None:
    async with serving(url_prefix=prefix) as server:
        answer = await server.ask("GET", prefix + page)
        assert re.findall(r"https?://", answer.text) == []
        loaded = re.findall(r'(?:src|href|spec-url|data-schema)="(?!data:)([^"]+)"', answer.text)
        assert len(loaded) >= 2
        for path in loaded:
            assert path.startswith(prefix + "/")
            assert (await server.ask("GET", path)).status_code == 200
        assert not re.search(r"<script>|<style| on\w+=", answer.text)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "http" not in policy


async def test_every_page_calls_without_credentials_by_default(server: Server) -> None:
    answer = await server.ask("GET", "/v2/roles", headers={"Origin": PAGE})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["vary"] == "Origin"
    assert (await server.ask("GET", "/v2/roles")).headers["access-control-allow-origin"] == "*"


async def test_only_named_pages_call_with_credentials() -> None:
    async with serving(allowed_origins=f"{PAGE}, https://other.example.org/") as server:
        for origin in (PAGE, "https://other.example.org"):
            headers = (await server.ask("GET", "/nope", headers={"Origin": origin})).headers
            assert headers["access-control-allow-origin"] == origin
            assert headers["access-control-allow-credentials"] == "true"
        for given in ({"Origin": "https://evil.example.org"}, {"Origin": "null"}, {}):
            assert (await server.ask("GET", "/", headers=given)).headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize("path", ["/", "/v2/users", "/not/there", "*"])
async def test_options_answer_anywhere(server: Server, path: str) -> None:
    answer = await server.client.request("OPTIONS", HOST if path == "*" else path, headers={"Origin": PAGE})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["access-control-allow-methods"] == "POST, GET, PUT, DELETE, OPTIONS"
    assert answer.headers["access-control-allow-headers"] == "Authorization, Content-Type, Range"
    assert int(answer.headers["access-control-max-age"]) > 0


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_the_front_page_leads_to_the_documentation(prefix: str) -> None:
    async with serving(url_prefix=prefix) as server:
        for path in {"/", prefix + "/", prefix or "/"}:
            answer = await server.ask("GET", path)
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            links = re.findall(r'href="([^"]+)"', answer.text)
            assert links == [f"{prefix}/docs", f"{prefix}/redoc"]


async def test_health_tells_life_from_readiness() -> None:
    store = MemoryDocuments()
    async with serving(store, url_prefix="/api") as server:
        for path in ("/healthz", "/api/healthz"):
            assert (await server.ask("GET", path)).json() == {"status": "live"}
        assert (await server.ask("GET", "/readyz")).json() == {"status": "ready"}
        for store.failure in (StoreUnavailableError("host"), TimeoutError()):
            answer = await server.ask("GET", "/api/readyz")
            assert answer.status_code == 503
            assert answer.json() == {
                "status": "waiting",
                "missing": {"documents": "The store of documents does not answer."},
            }
            assert (await server.ask("GET", "/healthz")).status_code == 200
