"""Forms: what is wrong stands where it is wrong, and only pages of ours can send them."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import httpx
import pytest

from karst_platform.pages import csrf_token, is_csrf_token
from services_src.platform.tests.guard.people import PLACES, token
from services_src.platform.tests.pages.conftest import ORIGIN, ROOT

OWN = {"Origin": ORIGIN}
HIDDEN = re.compile(r'name="csrf_token" value="([^"]+)"')


async def form_token(browser: httpx.AsyncClient) -> str:
    found = HIDDEN.findall((await browser.get("/things")).text)
    assert len(found) == len(set(found)) > 1
    return found[-1]


async def test_a_form_is_done_and_leads_on(browser: httpx.AsyncClient) -> None:
    sent = {"name": "new", "csrf_token": await form_token(browser)}
    answer = await browser.post("/things", data=sent, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{ROOT}/things")


async def test_what_is_wrong_stands_at_its_field_and_what_was_written_stays(browser: httpx.AsyncClient) -> None:
    told = [("name", ""), ("text", "<b>\nlines"), ("kind", "b"), ("may", "2"), ("open", "y")]
    body = urlencode([*told, ("csrf_token", await form_token(browser))])
    headers = {**OWN, "Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.post("/things", content=body, headers=headers)
    assert answer.status_code == 422
    html = answer.text
    said = 'required aria-invalid="true" aria-describedby="field-name-hint field-name-error" autofocus'
    assert f'id="field-name" name="name" {said}' in html
    assert '<p class="wrong" id="field-name-error">Name is missing.</p>' in html
    assert '<a href="#field-name">Name is missing.</a>' in html
    assert "&lt;b&gt;\nlines</textarea>" in html
    assert '<option value="b" selected>' in html
    assert 'value="2" checked' in html
    assert 'value="1" checked' not in html
    assert re.search(r'value="y" id="field-open" name="open" checked', html)


async def test_refusals_of_the_service_stand_at_the_field_that_they_name(browser: httpx.AsyncClient) -> None:
    sent = {"name": "thing 1", "csrf_token": await form_token(browser)}
    answer = await browser.post("/things", data=sent, headers=OWN)
    assert '<p class="wrong" id="field-name-error">Name is taken: choose another.</p>' in answer.text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"csrf_token": ""}, "too old"),
        ({"csrf_token": "0" * 80}, "too old"),
        ({"csrf_token": csrf_token(token(2))}, "too old"),
        ({"csrf_token": "é" * 80}, "too old"),
    ],
)
async def test_forms_without_a_token_of_the_sender_are_refused(
    browser: httpx.AsyncClient, change: dict[str, str], says: str
) -> None:
    answer = await browser.post("/things", data={"name": "new", **change}, headers={**OWN, "Accept": "*/*"})
    assert (answer.status_code, answer.json()["error"]) == (403, "csrf")
    assert says in answer.json()["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.org"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
async def test_forms_of_other_sites_are_refused_whatever_they_hold(
    browser: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    sent = {"name": "new", "csrf_token": await form_token(browser)}
    answer = await browser.post("/things", data=sent, headers={**headers, "Accept": "*/*"})
    assert answer.status_code in (401, 403)


async def test_forms_of_pages_without_a_referrer_are_let_in(browser: httpx.AsyncClient) -> None:
    sent = {"name": "new", "csrf_token": await form_token(browser)}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert (await browser.post("/things", data=sent, headers=headers)).status_code == 303


async def test_a_token_in_the_address_is_no_pass(browser: httpx.AsyncClient) -> None:
    del browser.headers["Cookie"]
    path = f"/things?{PLACES.token_name}={token(1)}"
    for headers in ({"Origin": "https://evil.example.org"}, OWN):
        answer = await browser.post(path, data={"name": "new"}, headers={**headers, "Accept": "*/*"})
        assert (answer.status_code, answer.json()["error"]) == (403, "csrf")


async def test_programs_with_a_header_need_no_token_of_a_page(browser: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {token(1)}"}
    assert (await browser.post("/things", data={"name": "new"}, headers=headers)).status_code == 303


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"name=%ff", "application/x-www-form-urlencoded", 400),
        (b"\xff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=1" for _ in range(1001)), "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
        (b"--x\r\n", "multipart/form-data; boundary=x", 415),
        (b"", "application/x-www-form-urlencoded", 422),
    ],
)
async def test_bodies_that_are_no_forms_are_refused(
    browser: httpx.AsyncClient, content: bytes, kind: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {token(1)}", "Content-Type": kind}
    assert (await browser.post("/things", content=content, headers=headers)).status_code == status


def test_tokens_are_for_one_key_and_never_the_same() -> None:
    first, second = csrf_token("a"), csrf_token("a")
    assert first != second
    assert is_csrf_token("a", first)
    assert is_csrf_token("a", second)
    assert not is_csrf_token("b", first)
    assert not is_csrf_token("", csrf_token(""))
    assert not is_csrf_token("a", first[:-1])
    assert not is_csrf_token("a", "1" + first[1:] if first[0] != "1" else "2" + first[1:])
