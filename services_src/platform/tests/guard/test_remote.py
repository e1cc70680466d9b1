"""Auth asked over HTTP: what it is asked, and what its answers mean."""

from __future__ import annotations

import httpx
import pytest

from karst_platform.cave.guard.authority import AuthorityUnavailableError
from karst_platform.cave.guard.remote import HttpAuthority
from services_src.platform.tests.guard.auth_service import Auth, Break, answering, hang, refuse
from services_src.platform.tests.guard.people import READER, SERVICE, token

pytestmark = pytest.mark.anyio


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
