"""The store's pages about itself in a browser, under a prefix: to try the API, and to read about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from karst_platform.testing_programs import find_browser
from tests.clients.up import Platform

PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_browser()
    with sync_playwright() as playwright:
        # Chromium's own sandbox doesn't start for root, who runs tests in containers; it opens our page only.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, platform: Platform) -> Iterator[Page]:
    """A page that loads nothing from elsewhere, and to which nothing was refused when the test ends."""
    page = browser.new_page(viewport={"width": 1100, "height": 760})
    complaints: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((platform.plain, "data:", "blob:")):
            complaints.append(request.url)

    page.on("request", note)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


def test_the_api_is_tried_with_a_token(page: Page, platform: Platform, tmp_path: Path) -> None:
    page.goto(f"{platform.plain}/docs")
    page.get_by_role("button", name="Authorize").click(timeout=PATIENCE_MS)
    page.get_by_label("auth-bearer-value").fill(platform.token)
    page.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").last.click()
    folder = Path(os.environ.get("KARST_SCREENSHOTS", tmp_path))
    assert len(page.screenshot(path=folder / "clio-docs.png")) > 20_000
    page.get_by_role("button", name="GET /v2/roles Show").click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".live-responses-table .response").first
    expect(answer).to_contain_text("200", timeout=PATIENCE_MS)
    expect(answer).to_contain_text(platform.email)
    expect(page.locator(".request-url")).to_contain_text(f"{platform.plain}/v2/roles")


def test_the_api_is_read(page: Page, platform: Platform) -> None:
    page.goto(f"{platform.plain}/redoc")
    expect(page.get_by_role("heading", name="Karst clio-store")).to_be_visible(timeout=PATIENCE_MS)
    for resource in ("Datasets", "Annotations", "Atlas", "Neurons", "Image search"):
        expect(page.get_by_role("menuitem", name=resource, exact=True).first).to_be_visible()


def test_the_first_page_leads_to_both(page: Page, platform: Platform) -> None:
    for name, title in (("Try the API", "docs"), ("Read about the API", "redoc")):
        page.goto(f"{platform.plain}/")
        page.get_by_role("link", name=name).click()
        page.wait_for_url(f"{platform.plain}/{title}")
        expect(page).to_have_title("Karst clio-store")
