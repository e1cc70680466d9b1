"""Auth that fails, hangs and comes back, and floods: who goes on, and who is told to try again."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from karst_platform.cave.guard.authority import AuthorityUnavailableError, Freshness
from karst_platform.cave.guard.push import LocalChanges
from karst_platform.cave.guard.remember import UNKNOWN_PER_S, Remembering
from karst_platform.cave.guard.remote import PAUSE_S, HttpAuthority
from karst_platform.rates import BURST_S
from services_src.platform.tests.frame_client import ask
from services_src.platform.tests.guard.auth_service import Auth, Break, answering, hang, refuse
from services_src.platform.tests.guard.guarded import guarded_app
from services_src.platform.tests.guard.people import EDITOR, READER, SERVICE, token
from services_src.platform.tests.guard.table import bearer

pytestmark = pytest.mark.anyio


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
    """Views go on; edits are refused with 503 once what we know is five seconds old; nobody is told to sign in."""
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
    assert set(edits[: 5 * 5]) == {200}
    assert set(edits[5 * 5 :]) == {503}
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
    # One of its own at first and each five seconds, as for any edit, and twenty more.
    assert auth.asked.count("GET /user/cache") <= 1 + 20 + 20


async def test_a_grant_counts_at_once_though_nobody_tells_of_it() -> None:
    auth = Auth()
    authority = Remembering(auth.authority, LocalChanges(), clock=lambda: auth.now_s)
    assert await authority.record(token(READER.id), Freshness.RECENT) == READER
    app = guarded_app(authority)
    auth.known.records[token(READER.id)] = EDITOR
    assert (await ask(app, "/edit/stack", method="POST", headers=bearer(READER))).status_code == 200


async def test_a_service_without_a_token_hears_that_auth_does_not_know_it(caplog: pytest.LogCaptureFixture) -> None:
    def refusing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200 if "authorization" in request.headers else 401, json={"error": "no_token"})

    authority = HttpAuthority("https://g.example.org/auth", "", transport=httpx.MockTransport(refusing))
    with pytest.raises(AuthorityUnavailableError, match="auth answered with 401"):
        await authority.datasets_of("datastack", ["fish"])
    assert "auth does not know the token of this service" in caplog.text
    await authority.close()
