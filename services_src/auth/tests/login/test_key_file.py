"""The file with a key, made in a browser: at once when the key is new, later only where owners see their keys again."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from karst_auth.main import make_auth
from karst_auth.settings import AuthSettings
from karst_platform.cave.guard.push import LocalChanges
from services_src.auth.tests.real_browser import browsing, serving
from services_src.auth.tests.world import make_world


async def _downloaded(page: Page, button: str) -> object:
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name=button).click()
    download = await waiting.value
    assert download.suggested_filename == "cave-secret.json"
    return json.loads((await download.path()).read_bytes())


@pytest.mark.parametrize("is_revealed", [False, True])
async def test_a_key_is_saved_as_clients_read_it(auth_settings: AuthSettings, is_revealed: bool) -> None:
    settings = auth_settings.model_copy(update={"token_reveal": "owner" if is_revealed else "never"})
    auth = make_auth(settings, LocalChanges())
    world, complaints = await make_world(auth.needs.ledger), list[str]()
    async with serving(auth, settings) as at, browsing(at, world.tokens["nobody"], complaints) as page:
        await page.goto(f"{at}/settings/tokens")
        await page.get_by_label("What it is for").fill('Ada\'s "laptop" </script>')
        await page.get_by_role("button", name="Make a key").click()
        key = await page.locator("#key").inner_text()
        told = {
            "token": key,
            "description": 'Ada\'s "laptop" </script>',
            "middle_auth_url": settings.sticky_auth_url,
        }
        assert await _downloaded(page, "Download") == told
        await page.get_by_role("link", name="All keys").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Keys")
        assert await page.get_by_text(key).count() == is_revealed
        assert await page.get_by_role("button", name="Download").count() == is_revealed
        if is_revealed:
            assert await _downloaded(page, "Download Ada's") == told
    await auth.needs.database.close()
    assert complaints == []
