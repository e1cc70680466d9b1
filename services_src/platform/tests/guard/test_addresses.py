"""Addresses in headers: no request, however strange, breaks an answer or leads elsewhere."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Scope

from karst_platform.cave.guard.decision import Carried, Redirect, decide, token_of
from services_src.platform.tests.frame_client import HOST, ask
from services_src.platform.tests.guard.guarded import guarded_app
from services_src.platform.tests.guard.people import PLACES, READER, Known
from services_src.platform.tests.guard.table import READER_TOKEN

LOGIN = "https://g.example.org/sticky_auth/api/v1/authorize?redirect="
_TEXT = st.text(max_size=30) | st.sampled_from(["Bearer x", "x", HOST, "null", "same-origin", "https://e.example.org"])


@pytest.fixture
def app() -> FastAPI:
    return guarded_app(Known())


async def raw(
    app: FastAPI, path: str, host: bytes, query: bytes = b"", server: tuple[str, int] | None = None
) -> tuple[int, dict[bytes, bytes]]:
    """What an answer begins with, for a request that no library would send."""
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(errors="surrogatepass"),
        "query_string": query,
        "headers": [(b"host", host)],
        "client": ("127.0.0.1", 1),
        "server": server,
    }
    started: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        started.append(message)

    await app(scope, receive, send)
    return started[0]["status"], dict(started[0]["headers"])


@pytest.mark.anyio
@pytest.mark.parametrize(
    "host", [b"", b"[", b"[::1", b"a b", b"a/../b", b"user@host", b"a\r\nb", b"\xff", b"a?b", b"a:b"]
)
async def test_a_host_that_is_none_is_refused(app: FastAPI, host: bytes) -> None:
    status, _ = await raw(app, "/in", host)
    assert status == 400


@pytest.mark.anyio
@pytest.mark.parametrize("host", [b"data.example.org", b"localhost:8443", b"127.0.0.1:80", b"[::1]:8443"])
async def test_hosts_are_kept(app: FastAPI, host: bytes) -> None:
    status, headers = await raw(app, "/in", host)
    assert status == 302
    assert unquote(headers[b"location"].decode()) == f"{LOGIN}https://{host.decode()}/in"


@pytest.mark.anyio
async def test_without_a_host_it_is_the_server(app: FastAPI) -> None:
    status, headers = await raw(app, "/in", b"", server=("127.0.0.1", 8080))
    assert (status, unquote(headers[b"location"].decode())) == (302, f"{LOGIN}https://127.0.0.1:8080/in")


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=1", "a b", "ä", "\ud800", "a?token=1", "a#b", "%2e"])
async def test_names_in_paths_stay_names(app: FastAPI, name: str) -> None:
    query = f"middle_auth_token={READER_TOKEN}&x=\xff".encode("latin-1")
    status, headers = await raw(app, f"/view/{name}", b"x.example.org", query)
    assert status == 302
    location = headers[b"location"].decode("ascii")
    assert location.isprintable()
    parts = urlsplit(location)
    assert (parts.netloc, parts.query, parts.fragment) == ("x.example.org", "x=%FF", "")
    assert unquote(parts.path, errors="surrogatepass") == f"/view/{name}"
    assert READER_TOKEN not in location


@pytest.mark.anyio
async def test_a_path_of_two_slashes_is_no_other_host(app: FastAPI) -> None:
    answer: httpx.Response = await ask(app, f"{HOST}//evil.example.org/in?middle_auth_token={READER_TOKEN}")
    assert "location" not in answer.headers or answer.headers["location"].startswith(f"{HOST}/")


@given(
    method=st.sampled_from(["GET", "POST", "OPTIONS", "X"]),
    path=st.text(alphabet="/ab?=&#%.", max_size=20),
    authorization=_TEXT,
    requested_with=_TEXT,
    origin=_TEXT,
    fetch_site=_TEXT,
    query_token=_TEXT,
    cookie_token=_TEXT,
    is_known=st.booleans(),
    is_public=st.booleans(),
)
def test_whatever_is_carried_is_decided(
    method: str,
    path: str,
    authorization: str,
    requested_with: str,
    origin: str,
    fetch_site: str,
    query_token: str,
    cookie_token: str,
    is_known: bool,
    is_public: bool,
) -> None:
    carried = Carried(
        method=method,
        url=f"{HOST}/{path}",
        authorization=authorization,
        requested_with=requested_with,
        origin=origin,
        fetch_site=fetch_site,
        query_token=query_token,
        cookie_token=cookie_token,
    )
    token = token_of(carried, PLACES)
    decision = decide(carried, READER if is_known and token is not None else None, PLACES, is_public=is_public)
    if isinstance(decision, Redirect):
        assert not carried.is_programmatic
        assert decision.location.startswith((LOGIN, f"{HOST}/"))
        assert decision.cookie_token is None or is_known
