"""Errors in the words of each wire contract: one table, one frame, two forms of the answer."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from karst_platform import Settings
from karst_platform.app import Frame
from karst_platform.stores.documents import ContentionError, StoreUnavailableError, UnstorableError
from karst_platform.wire import Answer, answer_detail, answer_error
from services_src.platform.tests.frame_client import ask, plain_app

pytestmark = pytest.mark.anyio


def message(answer: httpx.Response) -> str:
    """What the answer tells, after a look at its form."""
    body = answer.json()
    if "detail" in body:
        assert set(body) == {"detail"}
        return body["detail"]
    error = body["error"]
    assert set(error) == {"status", "code", "message", "request_id"}
    assert (error["status"], error["request_id"]) == (answer.status_code, answer.headers["X-Request-ID"])
    return error["message"]


def app(answer: Answer, failure: Exception | None = None) -> FastAPI:
    made = plain_app(Settings(body_limit_kib=1), Frame(answer=answer))

    @made.post("/fails")
    async def fails(count: int = 0) -> int:
        if failure is not None:
            raise failure
        return count

    return made


async def post(made: FastAPI, path: str = "/fails") -> httpx.Response:
    return await ask(made, path, method="POST", headers={"X-Request-ID": "abc"})


@pytest.fixture(params=[answer_error, answer_detail], ids=["error", "detail"])
def answer(request: pytest.FixtureRequest) -> Answer:
    return request.param


@pytest.mark.parametrize(
    ("failure", "status", "retry"),
    [
        (StoreUnavailableError("secret host"), 503, "2"),
        (ConnectionResetError("secret host"), 503, "2"),
        (ContentionError(), 503, "2"),
        (TimeoutError("secret host"), 504, None),
        (KeyError("secret host"), 500, None),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_failures_become_answers_without_what_only_logs_may_tell(
    answer: Answer, failure: Exception, status: int, retry: str | None
) -> None:
    given = await post(app(answer, failure))
    assert (given.status_code, given.headers.get("retry-after")) == (status, retry)
    assert "secret" not in message(given)
    assert ("abc" in message(given)) is (status == 500)
    assert given.headers["X-Content-Type-Options"] == "nosniff"


async def test_what_a_store_refuses_is_said(answer: Answer) -> None:
    given = await post(app(answer, UnstorableError("fields nest deeper than 20")))
    assert (given.status_code, message(given)) == (422, "fields nest deeper than 20")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [("POST", "/none", b"", 404), ("GET", "/fails", b"", 405), ("POST", "/fails", bytes(1025), 413)],
)
async def test_the_frame_itself_keeps_to_the_contract(
    answer: Answer, method: str, path: str, body: bytes, status: int
) -> None:
    given = await ask(app(answer), path, method=method, content=body)
    assert given.status_code == status
    assert isinstance(message(given), str)
    assert given.headers.get("allow") == ("POST" if status == 405 else None)


async def test_all_methods_of_a_path_are_named(answer: Answer) -> None:
    made = app(answer)

    @made.get("/fails")
    @made.delete("/{name}")
    async def other(name: str = "") -> str:
        return name

    given = await ask(made, "/fails", method="PATCH")
    assert (given.status_code, given.headers["allow"]) == (405, "DELETE, GET, POST")


async def test_bad_input_names_its_place_and_does_not_repeat_it(answer: Answer) -> None:
    given = await post(app(answer), "/fails?count=hello")
    assert given.status_code == 422
    assert "hello" not in given.text
    if answer is answer_error:
        assert message(given) == "These parts of the request are not valid: query.count"
    else:
        ((fault),) = given.json()["detail"]
        assert (fault["loc"], set(fault)) == (["query", "count"], {"loc", "msg", "type"})
