"""How services of CAVE speak: errors that clients can read, paths however they are written, headers for any page."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from starlette.middleware import Middleware

from karst_platform import Settings
from karst_platform.app import Frame
from karst_platform.cave.cors import Cors
from karst_platform.cave.errors import CaveError, answer_cave
from karst_platform.cave.paths import Heads, Paths
from services_src.platform.tests.frame_client import HOST, ask, plain_app

pytestmark = pytest.mark.anyio


@pytest.fixture
def app() -> FastAPI:
    frame = Frame(
        answer=answer_cave,
        outside=[Middleware(Cors), Middleware(Heads)],
        inside=[Middleware(Paths, prefixes=("/info", "/old"), bare=("/health/live",))],
    )
    made = plain_app(Settings(body_limit_kib=1, rate_per_address=0), frame)

    @made.get("/")
    async def index() -> str:
        return "index"

    @made.get("/a/b")
    async def read(count: int = 0) -> int:
        return count

    @made.post("/a/b")
    async def write() -> None:
        headers = {"WWW-Authenticate": "Bearer"}
        raise CaveError(403, "missing_tos", "Accept the terms.", data={"tos_id": 1}, headers=headers)

    @made.get("/fault")
    async def fault() -> None:
        raise RuntimeError("a secret of the house")

    return made


@pytest.mark.parametrize("path", ["/info/a/b", "//info/a/b", "/info//a///b", "/info/a/b/", "/info/a/b//", "/old/a/b"])
async def test_slashes_make_no_difference_and_no_redirect(app: FastAPI, path: str) -> None:
    answer = await ask(app, HOST + path)
    assert (answer.status_code, answer.json()) == (200, 0)


@pytest.mark.parametrize("path", ["/info", "/info/", "//info//"])
async def test_the_prefix_alone_is_the_first_page(app: FastAPI, path: str) -> None:
    assert (await ask(app, HOST + path)).json() == "index"


@pytest.mark.parametrize("path", ["/a/b", "/", "/information/a/b", "/INFO/a/b", "/x/info/a/b", "/info/../a/b"])
async def test_nothing_answers_elsewhere(app: FastAPI, path: str) -> None:
    answer = await ask(app, HOST + path)
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


async def test_probes_need_no_prefix(app: FastAPI) -> None:
    assert (await ask(app, "/health/live")).status_code == 200
    assert (await ask(app, "/info/health/live")).status_code == 200


async def test_without_a_prefix_it_stands_at_the_root() -> None:
    app = plain_app(frame=Frame(inside=[Middleware(Paths, prefixes=("",))]))
    assert (await ask(app, HOST + "//health//live/")).status_code == 200


def error(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["error"] == code
    assert isinstance(body["message"], str)
    return body


async def test_errors_are_objects_that_clients_can_read(app: FastAPI) -> None:
    assert set(error(await ask(app, "/info/nothing"), 404, "not_found")) == {"error", "message"}
    error(await ask(app, "/info/a/b", method="DELETE"), 405, "method_not_allowed")
    error(await ask(app, "/info/a/b", method="POST", content=b"x" * 1025), 413, "content_too_large")
    assert "secret" not in str(error(await ask(app, "/info/fault"), 500, "internal_server_error"))
    faulty = error(await ask(app, "/info/a/b?count=x"), 422, "invalid_request")
    assert "query.count" in str(faulty["message"])
    answer = await ask(app, "/info/a/b", method="POST")
    assert error(answer, 403, "missing_tos")["data"] == {"tos_id": 1}
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/info/a/b", "/info/nothing", "/nothing", "/info/fault", "/health/live"])
async def test_any_page_may_read_any_answer_without_credentials(app: FastAPI, path: str) -> None:
    answer = await ask(app, path, headers={"Origin": "https://viewer.example.org"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "WWW-Authenticate"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/info/a/b", "/info/nothing", "/nothing", "/info/"])
async def test_browsers_may_ask_first(app: FastAPI, path: str) -> None:
    answer = await ask(app, path, method="OPTIONS", headers={"Origin": "https://viewer.example.org"})
    assert (answer.status_code, answer.content) == (200, b"")
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type", "x-requested-with", "range"} <= set(allowed)
    methods = answer.headers["access-control-allow-methods"].split(", ")
    assert set(methods) == {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


async def test_head_is_get_without_the_body(app: FastAPI) -> None:
    for path, status in (("/info/a/b", 200), ("/info/nothing", 404), ("/nothing", 404)):
        got, headed = await ask(app, path), await ask(app, path, method="HEAD")
        assert (headed.status_code, headed.content) == (status, b"")
        assert headed.headers["content-length"] == got.headers["content-length"]
