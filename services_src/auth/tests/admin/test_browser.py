"""Administration in a browser, as somebody does it who has a telephone's width and a keyboard, and no pointer."""

from __future__ import annotations

from playwright.async_api import Page, expect

from karst_auth.main import Auth
from karst_auth.settings import AuthSettings
from services_src.auth.tests.real_browser import WIDTH, browsing, serving
from services_src.auth.tests.world import World

MOST_TABS = 80
FORMER = {
    "": "overview",
    "#/user/create": "users/new",
    "#/tos/7": "terms/7",
    "#/service_account": "service_accounts",
    "#/stats": "stats",
    "#/constructor/1": "overview",
    "#/group/1/..%2F..%2Fapi": "groups/1",
    "#//evil.example.org": "overview",
}
"""Where links of the former administration lead."""
_FOCUSED = """() => {
  const at = document.activeElement;
  return at.getAttribute("aria-label") || at.labels?.[0]?.textContent.trim() || at.textContent.trim();
}"""


async def reach(page: Page, name: str) -> None:
    """Press Tab until this has the focus."""
    reached: list[str] = []
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate(_FOCUSED))
        if reached[-1] == name:
            return
    raise AssertionError(f"{name} can't be reached: {reached}")


async def press(page: Page, name: str) -> None:
    """Reach something by keyboard and press it; what it leads to fits a telephone."""
    await reach(page, name)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert await page.evaluate("document.documentElement.scrollWidth") <= WIDTH, page.url


async def test_a_group_is_administered_by_keyboard(auth: Auth, auth_settings: AuthSettings, world: World) -> None:
    complaints: list[str] = []
    async with (
        serving(auth, auth_settings) as at,
        browsing(at, world.tokens["group_admin"], complaints) as page,
    ):
        home = f"{at}/admin"
        await page.goto(f"{home}/")
        await page.wait_for_url(f"{home}/overview")
        await press(page, "Groups")
        await press(page, "viewers")
        await expect(page.get_by_role("heading", level=1)).to_have_text("viewers")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"
        await reach(page, "Name, or whole e-mail address")
        await page.keyboard.type("edit")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await press(page, "Add Editor")
        await expect(page.get_by_role("status")).to_have_text("Added.")
        await press(page, "Make Editor group admin")
        await expect(page.get_by_role("row").filter(has_text="Editor")).to_contain_text("group admin")
        await press(page, "Make Editor a member only")
        await press(page, "Remove Editor from viewers")
        await expect(page.get_by_role("status")).to_have_text("Removed.")
        await expect(page.get_by_role("row").filter(has_text="Editor")).to_have_count(0)

        await page.goto(f"{home}/#/group/{world.groups['viewers']}")
        await page.wait_for_url(f"{home}/groups/{world.groups['viewers']}")
        assert complaints == []
        for link, path in FORMER.items():  # most of which say that they are for superadmins
            await page.goto(f"{home}/index.html{link}")
            await page.wait_for_url(f"{home}/{path}")
