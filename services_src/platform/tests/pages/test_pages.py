"""What pages load, say and escape."""

from __future__ import annotations

import re

import httpx
import pytest

from karst_platform.pages import Pages
from services_src.platform.tests.pages.conftest import ROOT

LOADED = re.compile(r'<(?:link|script|img)[^>]* (?:href|src)="([^"]*)"')


async def test_a_page_is_whole(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/things")
    assert answer.status_code == 200
    html = answer.text
    for part in (
        '<html lang="en">',
        'name="viewport" content="width=device-width, initial-scale=1"',
        '<a class="skip" href="#main">',
        '<main id="main"',
        "<title>Things · Example</title>",
        f'<a href="{ROOT}/things" aria-current="page">Things</a>',
        '<a href="https://g.example.org/schema/">Schemas</a>',
        "stranger",
        f'action="{ROOT}/out"',
    ):
        assert part in html, part
    assert html.count("<h1>") == 1


async def test_pages_load_only_what_is_ours_and_run_nothing_of_their_own(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/things")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=", answer.text)
    loaded = LOADED.findall(answer.text)
    assert len(loaded) == 4
    for each in loaded:
        assert each.startswith(f"{ROOT}/static/")
        found = await browser.get(each.removeprefix(ROOT))
        assert found.status_code == 200
        assert "immutable" in found.headers["cache-control"]


async def test_files_of_the_service_stand_beside_ours_and_no_others(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/static/example.css")).text.startswith("body {")
    assert (await browser.get("/static/karst.css")).headers["cache-control"] == "public, max-age=300"
    assert (await browser.get("/static/karst.css?v=old")).headers["cache-control"] == "public, max-age=300"
    for name in ("x.css", "..%2F__init__.py", "%2Fetc%2Fpasswd"):
        assert (await browser.get(f"/static/{name}")).status_code == 404


async def test_what_people_wrote_is_no_markup(browser: httpx.AsyncClient) -> None:
    hostile = '"><script>alert(1)</script>'
    answer = await browser.get("/things", params={"search": hostile, "kind": hostile})
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "Delete &lt;all&gt;?" in (await browser.get("/ask")).text


async def test_lists_are_searched_and_turned(browser: httpx.AsyncClient) -> None:
    first = (await browser.get("/things?kind=a")).text
    assert "1 to 50 of 120" in first
    assert 'href="?kind=a&amp;page=2"' in first
    assert "Previous" not in first
    last = (await browser.get("/things?page=99")).text
    assert "101 to 120 of 120" in last
    assert "Next" not in last
    found = (await browser.get("/things?search=thing+11")).text
    assert found.count('<th scope="row">') == 10
    assert 'value="thing 11"' in found
    assert "Nothing here yet." in (await browser.get("/things?search=nowhere")).text


@pytest.mark.parametrize("page", ["0", "-1", "x", "1e9", "99999999999", "٣", "1%00", ""])
async def test_pages_that_make_no_sense_are_the_first_or_last(browser: httpx.AsyncClient, page: str) -> None:
    assert (await browser.get(f"/things?page={page}&search=%00")).status_code == 200


async def test_a_confirmation_sends_what_it_asks_about(browser: httpx.AsyncClient) -> None:
    html = (await browser.get("/ask")).text
    assert f'action="{ROOT}/delete"' in html
    assert 'name="csrf_token"' in html
    assert '<button class="danger" type="submit">Delete</button> <a href="/">Cancel</a>' in html


async def test_errors_are_pages_for_people(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/fails")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert answer.headers["x-kept"] == "yes"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "You need &lt;em&gt;more&lt;/em&gt;." in answer.text
    assert f'href="{ROOT}/static/karst.css?' in answer.text
    broken = await browser.get("/breaks")
    assert broken.status_code == 500
    assert "a secret reason" not in broken.text
    head = await browser.head("/fails")
    assert (head.status_code, head.content) == (403, b"")
    outside = await browser.get("https://g.example.org/elsewhere")
    assert (outside.status_code, outside.headers["content-type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "*/*"},
        {"Accept": "application/json"},
        {"Authorization": "Bearer x"},
        {"X-Requested-With": "Fetch"},
        {"Sec-Fetch-Mode": "cors"},
    ],
)
async def test_errors_stay_what_they_are_for_programs(browser: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await browser.get("/fails", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/json")
    assert answer.json() == {"error": "missing_role", "message": "You need <em>more</em>."}


async def test_a_page_can_let_forms_go_on_to_one_other_origin(pages: Pages) -> None:
    assert "form-action 'self' https://viewer.example.org;" in pages.policy(["https://viewer.example.org"])
