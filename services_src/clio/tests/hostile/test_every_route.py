"""What no route may let pass: forged tokens, pages of other origins that use a cookie, or that read with one."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator

import httpx
import jwt
import pytest

from services_src.clio.tests.memory import MemoryDocuments
from services_src.clio.tests.routes import Found, all_routes
from services_src.clio.tests.support import HOST, KEY, NOW_S, Server, serving, token

pytestmark = pytest.mark.anyio
ADA = "ada@example.org"
PAGE, EVIL = "https://page.example.org", "https://evil.example.org"
DATASET = "mb20"
ROUTES = [each for each in all_routes() if not each.path.startswith("/docs")]
GUARDED = [each for each in ROUTES if each.needs[0].name != "public"]
WRITING = [each for each in GUARDED if each.method != "GET"]


def unsigned(algorithm: str) -> str:
    claims = {"email": ADA, "exp": NOW_S + 60, "iss": "flyem-clio-store"}
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in ({"alg": algorithm}, claims)]
    return ".".join([*(each.rstrip("=") for each in parts), ""])


FORGED = {
    "alg none": unsigned("none"),
    "alg NONE": unsigned("NONE"),
    "no algorithm": unsigned(""),
    "another key": token(ADA, key="another key of thirty-two bytes!!"),
    "another algorithm": jwt.encode({"email": ADA, "exp": NOW_S + 60}, KEY * 2, algorithm="HS512"),
    "another issuer": token(ADA, iss="https://accounts.google.com"),
    "another audience": token(ADA, aud="another-service"),
    "expired": token(ADA, exp=NOW_S - 1),
    "not yet valid": token(ADA, nbf=NOW_S + 600),
    "oversized": token(ADA, padding="x" * 100_000),
    "nothing": "",
}


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Server]:
    async with serving(MemoryDocuments(), owner=ADA, allowed_origins=PAGE) as made:
        await made.add_user(ADA, global_roles=["admin", "clio_general", "clio_write"])
        await made.store((("clio_datasets", DATASET), {"description": "d", "public": True}))
        yield made


async def ask(server: Server, route: Found, **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await server.client.request(route.method, route.url(DATASET), headers=sent, content=b"{}")


@pytest.mark.parametrize("name", FORGED)
async def test_forged_tokens_open_no_route(server: Server, name: str) -> None:
    for route in GUARDED:
        answer = await ask(server, route, Authorization=f"Bearer {FORGED[name]}")
        assert (answer.status_code, answer.json()) == (401, {"detail": "Could not validate credentials"}), str(route)
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_no_other_spelling_of_a_path_opens_a_route() -> None:
    async with serving(MemoryDocuments(), owner=ADA, url_prefix="/api") as server:
        for route in GUARDED:
            inner = route.url(DATASET)
            aliases = [inner.replace("/v2/", f"{alias}/") for alias in ("/v3", "/test")] if inner[:4] == "/v2/" else []
            for path in (inner, *aliases):
                for spelled in (f"/api{path}", f"/api{path}/", f"/api{path}?public=1&user={ADA}"):
                    answer = await server.client.request(route.method, spelled)
                    assert answer.status_code == 401, f"{route.method} {spelled}"
                for spelled in (f"/api/{path}", f"//api{path}", f"/API{path}", f"/api{path}//", path):
                    answer = await server.client.request(route.method, HOST + spelled)
                    assert answer.status_code in (401, 404, 405), f"{route.method} {spelled}"


async def test_two_tokens_open_no_route(server: Server) -> None:
    good, bad = (b"authorization", f"Bearer {token(ADA)}".encode()), (b"authorization", b"Bearer x")
    for headers in ([good, bad], [bad, good], [good, good]):
        for route in GUARDED:
            answer = await server.client.request(route.method, route.url(DATASET), headers=headers)
            assert answer.status_code == 401, str(route)


@pytest.mark.parametrize("place", ["cookie", "query"])
async def test_forged_tokens_open_no_route_from_elsewhere(server: Server, place: str) -> None:
    forged = FORGED["alg none"]
    for route in GUARDED:
        headers = {"Cookie": f"dsg_token={forged}"} if place == "cookie" else {}
        query = {"dsg_token": forged} if place == "query" else {}
        answer = await server.client.request(route.method, route.url(DATASET), headers=headers, params=query)
        assert answer.status_code == 401, str(route)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL, "Content-Type": "application/json"},
        {"Origin": "null", "Content-Type": "application/json"},
        {"Origin": f"{PAGE}.evil.example.org", "Content-Type": "application/json"},
        {"Origin": HOST.replace("https", "ftp") + ":444", "Content-Type": "application/json"},
        {"Content-Type": "text/plain"},
        {},
    ],
)
async def test_foreign_pages_write_nowhere_with_a_cookie(server: Server, headers: dict[str, str]) -> None:
    assert isinstance(server.documents, MemoryDocuments)
    before = dict(server.documents.documents)
    for route in WRITING:
        answer = await ask(server, route, Cookie=f"dsg_token={token(ADA)}", **headers)
        assert answer.status_code == 403, str(route)
        assert "origin" in answer.json()["detail"]
    assert server.documents.documents == before


async def test_pages_of_ours_may_write_with_a_cookie(server: Server) -> None:
    for route in WRITING:
        for origin in (PAGE, HOST):
            answer = await ask(server, route, Cookie=f"dsg_token={token(ADA)}", Origin=origin)
            assert "origin" not in answer.text, str(route)


@pytest.mark.parametrize("origins", ["*", PAGE, f"*,{PAGE}"])
async def test_foreign_pages_read_nothing_with_credentials(origins: str) -> None:
    async with serving(MemoryDocuments(), owner=ADA, allowed_origins=origins) as server:
        for route in ROUTES:
            for origin in (EVIL, "null"):
                for method in (route.method, "OPTIONS"):
                    answer = await server.client.request(method, route.url(DATASET), headers={"Origin": origin})
                    may = answer.headers["access-control-allow-origin"]
                    with_credentials = answer.headers.get("access-control-allow-credentials")
                    assert may in ("*", PAGE, origin)
                    assert with_credentials is None or may == PAGE, str(route)
                    assert "Origin" in answer.headers["vary"]


TARGETS = (
    "//evil.example.org",
    "\\\\evil.example.org",
    "http:evil.example.org",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "\u2028//evil.example.org",
    "/\u2028/evil.example.org",
    "https://clio.example.org\u3002evil.example.org",
    "https://clio\uff0eexample.org",
    "https://clio.example.org:80@evil.example.org",
    "https://[::ffff:1.2.3.4]/",
    "\x00//evil.example.org",
    "/\r\nSet-Cookie: a=b",
    "/\r\n\r\n<script>",
    "vbscript:x",
    "//",
    "///",
    "https:",
    "https://",
    "?//evil.example.org",
    "#https://evil.example.org",
)


async def test_no_redirect_leads_away() -> None:
    async with serving(gateway_url="https://auth.example.org", allowed_origins=PAGE) as beside:
        for target in TARGETS:
            for method, path in (("GET", "/login"), ("GET", "/logout"), ("POST", "/logout"), ("GET", "/logout/")):
                answer = await beside.client.request(method, path, params={"redirect": target})
                assert answer.status_code == 400, (path, target, answer.headers.get("location"))
                assert "location" not in answer.headers
                assert "set-cookie" not in answer.headers
