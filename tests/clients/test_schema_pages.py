"""The pages of annotation types in a browser, as people read them: in order, on a telephone too, and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from karst_platform.testing_programs import find_browser
from tests.clients.up import Platform

TYPE = "/schema/views/type/fly_cell_type/view"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, platform: Platform) -> Iterator[Page]:
    """The page of a type, in which nothing was refused or failed when the test ends."""
    complaints: list[str] = []
    address = platform.found(r"runs at (http://\S+)")
    context = browser.new_context(base_url=address, viewport={"width": 1100, "height": 900})
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(TYPE)
    yield page
    context.close()
    assert complaints == []


def test_the_front_page_leads_to_a_type_and_its_columns(page: Page) -> None:
    page.goto("/")
    page.get_by_role("main").get_by_role("link", name="schema", exact=True).click()
    expect(page.get_by_role("heading", name="Types of annotations")).to_be_visible()
    page.get_by_role("link", name="fly_cell_type", exact=True).click()
    expect(page).to_have_title("fly_cell_type")
    expect(page.get_by_role("row").filter(has_text="hemisphere")).to_contain_text("L, R, M, U")
    page.get_by_role("link", name="BoundSpatialPoint").click()
    expect(page.get_by_role("heading", name="BoundSpatialPoint")).to_be_in_viewport()
    page.get_by_role("link", name="Columns").click()
    expect(page.get_by_role("row").filter(has_text="pt_root_id")).to_contain_text("segmentation")


def test_the_style_is_there(page: Page) -> None:
    """A policy that forbids it would go unseen otherwise."""
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "1152px"


@pytest.mark.parametrize("path", ["/schema/", TYPE, "/schema/views/type/fly_cell_type/flatview"])
def test_pages_fit_a_telephone(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 360, "height": 780})
    assert page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_all_can_be_reached_by_keyboard(page: Page) -> None:
    reached: list[str] = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert {"Fields", "Columns", "JSON Schema"} <= set(reached)


def test_the_api_can_be_tried(page: Page) -> None:
    page.get_by_role("link", name="API", exact=True).click()
    expect(page.get_by_role("heading", name="Karst schemas")).to_be_visible()
