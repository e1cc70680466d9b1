"""Auth asked over HTTP: what it is asked, what its answers mean, and what happens while it fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from karst_platform.cave.guard.authority import AuthorityUnavailableError, Freshness
from karst_platform.cave.guard.push import LocalChanges
from karst_platform.cave.guard.remember import UNKNOWN_PER_S, Remembering
from karst_platform.cave.guard.remote import PAUSE_S, HttpAuthority
from karst_platform.rates import BURST_S
from services_src.platform.tests.frame_client import ask
from services_src.platform.tests.guard.guarded import guarded_app
from services_src.platform.tests.guard.people import EDITOR, READER, SERVICE, Known, token
from services_src.platform.tests.guard.table import bearer

pytestmark = pytest.mark.anyio

Break = Callable[[httpx.Request], httpx.Response]


class Auth:
    """An auth service that a test can break."""

    def __init__(self) -> None:
        self.known, self.now_s = Known(), 1000.0
        self.asked: list[str] = []
        self.broken: Break | None = None
        self.authority = HttpAuthority(
            "https://g.example.org/auth/",
            token(SERVICE.id),
            transport=httpx.MockTransport(self.answer),
            clock=lambda: self.now_s,
        )

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.raw_path.decode().removeprefix('/auth/api/v1')}")
        if self.broken is not None:
            return self.broken(request)
        sent = request.headers["authorization"].removeprefix("Bearer ")
        match request.url.raw_path.decode().removeprefix("/auth/api/v1/").split("/"):
            case ["user", "cache"]:
                record = self.known.records.get(sent)
                return httpx.Response(200, json=record.to_json()) if record else httpx.Response(401)
            case ["service", namespace, "table", table, "dataset"] if sent == token(SERVICE.id):
                dataset = self.known.tables.get((namespace, table))
                return httpx.Response(200, json=dataset) if dataset else httpx.Response(404)
            case ["service", namespace, "tables", "datasets"] if sent == token(SERVICE.id):
                return httpx.Response(200, json=await self.known.datasets_of(namespace, json.loads(request.content)))
            case ["table", table, "root", root, "is_public"] if sent == token(SERVICE.id):
                return httpx.Response(200, json=await self.known.is_public(table, int(root)))
            case ["table", table, "has_public"] if sent == token(SERVICE.id):
                return httpx.Response(200, json=await self.known.has_public(table))
            case ["table", table, "root_all_public"] if sent == token(SERVICE.id):
                return httpx.Response(200, json=await self.known.all_public(table, json.loads(request.content)))
            case ["user", number, "permissions"] if sent == token(SERVICE.id):
                record = await self.known.record_of_user(int(number))
                return httpx.Response(200, json=record.to_json()) if record else httpx.Response(404)
            case _:
                return httpx.Response(403)

    def app(self) -> FastAPI:
        """A service that remembers what this one tells it."""
        return guarded_app(Remembering(self.authority, LocalChanges(), clock=lambda: self.now_s))


def refuse(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def hang(_request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("hangs")


def answering(status: int, **content: object) -> Break:
    def broken(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, **content)  # type: ignore[arg-type]

    return broken


async def test_everything_can_be_asked() -> None:
    auth = Auth()
    of = auth.authority
    assert await of.record(token(READER.id)) == READER
    assert await of.record("f" * 32) is None
    assert await of.record_of_user(READER.id) == READER
    assert await of.record_of_user(99) is None
    assert await of.dataset_of("datastack", "stack") == "h01"
    assert await of.dataset_of("datastack", "x") is None
    assert await of.datasets_of("datastack", ["stack", "x"]) == {"stack": "h01"}
    assert await of.datasets_of("datastack", []) == {}
    assert (await of.has_public("stack"), await of.has_public("x")) == (True, False)
    assert (await of.is_public("stack", 864), await of.is_public("stack", 9)) == (True, False)
    assert (await of.all_public("stack", [864, 865]), await of.all_public("stack", [864, 9])) == (True, False)
    assert not await of.all_public("stack", [])
    await of.close()


@pytest.mark.parametrize("table", ["..", ".", "", "a/b", "a/../../../user/cache"])
async def test_no_name_of_a_table_leads_elsewhere(table: str) -> None:
    auth = Auth()
    assert await auth.authority.dataset_of("datastack", table) is None
    assert not await auth.authority.has_public(table)
    assert not await auth.authority.is_public(table, 1)
    assert auth.asked == []


async def test_names_are_sent_as_they_are() -> None:
    auth = Auth()
    auth.known.tables["datastack", "h01 ä?#%2F"] = "h01"
    await auth.authority.dataset_of("datastack", "h01 ä?#%2F")
    assert auth.asked == ["GET /service/datastack/table/h01%20%C3%A4%3F%23%252F/dataset"]


@pytest.mark.parametrize("sent", ["", "a b", "a\r\nX-Evil: 1", "ä", "x" * 2000])
async def test_what_can_be_no_token_is_not_asked_about(sent: str) -> None:
    auth = Auth()
    assert await auth.authority.record(sent) is None
    assert auth.asked == []


async def test_an_older_service_is_asked_for_each_table() -> None:
    auth = Auth()
    answer = auth.answer

    async def older(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404) if request.method == "POST" else await answer(request)

    authority = HttpAuthority("https://g.example.org/auth", token(SERVICE.id), transport=httpx.MockTransport(older))
    assert await authority.datasets_of("datastack", ["stack", "x", "gated_stack"]) == {
        "stack": "h01",
        "gated_stack": "gated",
    }


@pytest.mark.parametrize(
    "broken",
    [
        refuse,
        hang,
        *(answering(status) for status in (302, 400, 403, 404, 429, 500, 502, 503, 504)),
        answering(200, content=b"<html>"),
        answering(200, json=[]),
        answering(200, json={"id": None}),
    ],
)
async def test_only_401_says_that_a_token_is_nobodys(broken: Break) -> None:
    auth = Auth()
    auth.broken = broken
    with pytest.raises(AuthorityUnavailableError):
        await auth.authority.record(token(READER.id))


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_a_service_whose_own_token_fails_denies_nothing(status: int) -> None:
    auth = Auth()
    auth.broken = answering(status)
    with pytest.raises(AuthorityUnavailableError):
        await auth.authority.dataset_of("datastack", "stack")
    with pytest.raises(AuthorityUnavailableError):
        await auth.authority.is_public("stack", 864)


async def test_a_fault_of_one_request_keeps_nobody_else_waiting() -> None:
    auth = Auth()
    auth.broken = answering(500)
    with pytest.raises(AuthorityUnavailableError):
        await auth.authority.record("f" * 32)
    auth.broken = None
    assert await auth.authority.record(token(READER.id)) == READER


async def test_a_connection_that_auth_closed_meanwhile_is_no_failure() -> None:
    auth = Auth()
    left = [httpx.RemoteProtocolError("closed"), httpx.ReadError("closed")]

    async def closing(request: httpx.Request) -> httpx.Response:
        if left and len(auth.asked) % 2 == 0:
            auth.asked.append("closed")
            raise left.pop()
        return await auth.answer(request)

    authority = HttpAuthority("https://g.example.org/auth", token(SERVICE.id), transport=httpx.MockTransport(closing))
    assert await authority.record(token(READER.id)) == READER
    assert await authority.record(token(EDITOR.id)) == EDITOR
    assert auth.asked.count("closed") == 2


async def test_one_question_finds_out_whether_auth_is_back() -> None:
    auth = Auth()
    goes_on = asyncio.Event()

    async def hanging(request: httpx.Request) -> httpx.Response:
        if auth.broken is None:
            auth.asked.append("hangs")
            await goes_on.wait()
        return await auth.answer(request)

    authority = HttpAuthority(
        "https://g.example.org/auth",
        token(SERVICE.id),
        transport=httpx.MockTransport(hanging),
        clock=lambda: auth.now_s,
    )
    auth.broken = refuse
    with pytest.raises(AuthorityUnavailableError):
        await authority.record(token(READER.id))
    auth.broken = None
    auth.now_s += PAUSE_S
    asked = [asyncio.create_task(authority.record(token(READER.id))) for _ in range(10)]
    await asyncio.sleep(0.05)
    goes_on.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert auth.asked.count("hangs") == 1
    assert answers[0] == READER
    assert all(isinstance(each, AuthorityUnavailableError) for each in answers[1:])
    assert await authority.record(token(READER.id)) == READER


async def test_too_many_questions_at_once_are_no_reason_to_stop_asking() -> None:
    auth = Auth()

    def full(_request: httpx.Request) -> httpx.Response:
        raise httpx.PoolTimeout("full")

    auth.broken = full
    with pytest.raises(AuthorityUnavailableError):
        await auth.authority.record("f" * 32)
    auth.broken = None
    assert await auth.authority.record(token(READER.id)) == READER


@pytest.mark.parametrize("broken", [refuse, hang, answering(503)])
async def test_auth_gone_for_two_minutes(broken: Break) -> None:
    """Views go on; edits are refused with 503 once what we know is ten seconds old; nobody is told to sign in."""
    auth = Auth()
    app = auth.app()
    assert (await ask(app, "/view/stack", headers=bearer(READER))).status_code == 200
    assert (await ask(app, "/edit/stack", method="POST", headers=bearer(EDITOR))).status_code == 200
    auth.broken = broken
    auth.asked.clear()
    edits: list[int] = []
    for _ in range(120):
        auth.now_s += 1
        for _ in range(5):
            assert (await ask(app, "/view/stack", headers=bearer(READER))).status_code == 200
            edits.append((await ask(app, "/edit/stack", method="POST", headers=bearer(EDITOR))).status_code)
        assert (await ask(app, "/in", headers={"Authorization": f"Bearer {'e' * 32}"})).status_code == 503
    assert set(edits[: 5 * 10]) == {200}
    assert set(edits[5 * 10 :]) == {503}
    assert len(auth.asked) <= 121
    auth.broken = None
    auth.now_s += 1
    assert (await ask(app, "/edit/stack", method="POST", headers=bearer(EDITOR))).status_code == 200
    assert (await ask(app, "/in", headers={"Authorization": f"Bearer {'e' * 32}"})).status_code == 401


async def test_a_thousand_made_up_tokens_a_second_harm_nobody() -> None:
    auth = Auth()
    app = auth.app()
    await ask(app, "/view/stack", headers=bearer(READER))
    auth.asked.clear()
    statuses: dict[int, int] = {}
    for number in range(1500):
        answer = await ask(app, "/in", headers={"Authorization": f"Bearer {number:031x}f"})
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        auth.now_s += 0.001
        if number % 100 == 0:
            assert (await ask(app, "/view/stack", headers=bearer(READER))).status_code == 200
    assert set(statuses) == {401, 503}
    assert len(auth.asked) <= UNKNOWN_PER_S * (BURST_S + 2)
    assert statuses[401] == len(auth.asked)
    auth.now_s += 61
    assert (await ask(app, "/view/stack", headers=bearer(READER))).status_code == 200


async def test_whoever_is_refused_costs_twenty_questions_in_five_minutes() -> None:
    auth = Auth()
    app = auth.app()
    for _ in range(100):
        assert (await ask(app, "/edit/stack", method="POST", headers=bearer(READER))).status_code == 403
        auth.now_s += 1
    # One of its own at first and each ten seconds, as for any edit, and twenty more.
    assert auth.asked.count("GET /user/cache") <= 1 + 10 + 20


async def test_a_grant_counts_at_once_though_nobody_tells_of_it() -> None:
    auth = Auth()
    authority = Remembering(auth.authority, LocalChanges(), clock=lambda: auth.now_s)
    assert await authority.record(token(READER.id), Freshness.RECENT) == READER
    app = guarded_app(authority)
    auth.known.records[token(READER.id)] = EDITOR
    assert (await ask(app, "/edit/stack", method="POST", headers=bearer(READER))).status_code == 200
