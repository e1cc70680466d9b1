"""A real browser, with a telephone's width, before the application on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from playwright.async_api import ConsoleMessage, Page, async_playwright

from karst_auth.main import Auth, create_app
from karst_auth.settings import AuthSettings
from karst_platform.testing_programs import find_browser

WIDTH, PATIENCE_MS = 375, 20_000


@asynccontextmanager
async def serving(auth: Auth, settings: AuthSettings) -> AsyncGenerator[str]:
    """The application on loopback."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(settings, auth), log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve([listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/auth"
    server.should_exit = True
    await task


@asynccontextmanager
async def browsing(home: str, token: str, complaints: list[str]) -> AsyncGenerator[Page]:
    """A browser in which somebody is signed in; it notes what it doesn't like."""
    program = find_browser()
    async with async_playwright() as playwright:
        # Chromium's own sandbox doesn't start for root, who runs tests in containers; it opens our pages only.
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = await browser.new_context(viewport={"width": WIDTH, "height": 780})
        context.set_default_timeout(PATIENCE_MS)
        await context.add_cookies([{"name": "middle_auth_token", "value": token, "url": home}])
        page = await context.new_page()

        def note(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                complaints.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        await browser.close()
