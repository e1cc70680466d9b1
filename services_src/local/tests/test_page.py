"""The front page in a browser: what it shows, the button that copies the token, health that follows what happens."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from karst_platform.testing_programs import find_browser
from services_src.local.tests.runner import DEPLOYMENT, Running, launch, ready

PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_browser()
    with sync_playwright() as playwright:
        # Chromium's own sandbox doesn't start for root, who runs tests in containers; it opens our page only.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def running(stopped: Path, services: Path) -> Iterator[Running]:
    state = stopped.with_name("browsed")
    subprocess.run(["cp", "-a", str(stopped), str(state)], check=True)
    run = ready(launch(state, services, deployment=DEPLOYMENT))
    yield run
    assert run.stop() == 0


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, running: Running, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, in which nothing was refused or failed when the test ends."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1100, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=running.url)
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(running.url)
    yield page
    context.close()
    assert complaints == []


def test_it_shows_what_runs_and_what_it_serves(page: Page) -> None:
    expect(page.get_by_role("heading", name="Karst: demo")).to_be_visible()
    expect(page.get_by_role("link", name="clio", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Tiny")).to_be_visible()
    expect(page.locator(".state.ready")).to_have_count(2)


def test_the_button_copies_the_token(page: Page, running: Running) -> None:
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == running.token


def test_links_lead_to_the_description_of_an_api(page: Page) -> None:
    page.get_by_role("listitem").filter(has_text="The connectomics store").get_by_role("link", name="API").click()
    expect(page).to_have_title("Karst clio-store")


def test_it_fits_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 780})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_all_can_be_reached_by_keyboard(page: Page) -> None:
    reached: list[str] = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert "Copy" in reached
    assert "clio" in reached


def test_health_follows_what_happens(browser: Browser, running: Running) -> None:
    page = browser.new_page()
    page.goto(running.url)
    expect(page.locator(".state.ready")).to_have_count(2)
    page.evaluate("document.querySelector('[data-health]').dataset.health = '/nothing/here'")
    expect(page.get_by_text("no answer")).to_have_count(2, timeout=PATIENCE_MS)
    page.evaluate("document.querySelector('[data-health]').dataset.health = '/api/v1/health'")
    expect(page.locator(".state.ready")).to_have_count(2, timeout=PATIENCE_MS)
    page.close()
