"""Signing in with a browser, at an issuer of OpenID Connect beside the platform; viewers that wait for it.

`KARST_SCREENSHOTS=docs/images pytest services_src/local/tests/test_sign_in.py` renews the pictures.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.responses import HTMLResponse

from karst_platform.testing_programs import find_browser
from services_src.auth.tests.login.issuer import CLIENT, Issuer, claims_of
from services_src.local.tests.runner import Running, found, launch, ready

AUTH = Path(__file__).parents[2] / "auth" / "service.yaml"
PATIENCE_MS = 30_000
_VIEWER = """<!doctype html><title>Viewer</title><h1>Viewer</h1><button>Sign in</button><pre id="heard"></pre>
<script>
const login = new URLSearchParams(location.search).get("login");
document.querySelector("button").onclick = () => open(login, "sign-in", "popup,width=700,height=700");
addEventListener("message", (event) => {
  const told = JSON.stringify({origin: event.origin, data: event.data});
  document.getElementById("heard").textContent += told;
});
</script>"""


@contextmanager
def serving(make: Callable[[str], FastAPI]) -> Generator[str]:
    """A web application on loopback, in a thread; `make` is told its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(make(url), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    yield url
    server.should_exit = True
    thread.join()


def viewer(_url: str) -> FastAPI:
    """A page that opens a window to sign in, and shows what it hears."""
    app = FastAPI()

    @app.get("/{path:path}")
    async def page(path: str) -> HTMLResponse:
        return HTMLResponse(_VIEWER)

    return app


class World:
    """The platform, an issuer, a viewer that is listed and one that isn't."""

    def __init__(self, running: Running, issuer: Issuer, listed: str, foreign: str) -> None:
        self.running, self.issuer, self.listed, self.foreign = running, issuer, listed, foreign
        self.sticky = f"{running.https}/sticky_auth"
        self.owner = found(r"(?m)^([0-9a-f]{32})$", running.text)

    def call(self, method: str, path: str, token: str, json: object = None) -> httpx.Response:
        """Call auth's API."""
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.running.url}/auth/api/v1{path}"
        return httpx.request(method, url, headers=headers, json=json, trust_env=False, timeout=30)

    def gate(self) -> int:
        """Terms of service that everybody has to accept before they see a dataset; return their id."""
        terms = {"name": "Terms of the tiny volume", "text": "# Please\n\n- cite the paper\n- **share** what you find"}
        tos_id = self.call("POST", "/tos", self.owner, terms).json()["id"]
        dataset = self.call("POST", "/dataset", self.owner, {"name": "gated", "tos_id": tos_id}).json()
        granted = {"group_id": 1, "permission_ids": [1]}
        assert self.call("POST", f"/dataset/{dataset['id']}/group", self.owner, granted).json() == "success"
        return tos_id


@pytest.fixture(scope="module")
def world(places: Path) -> Iterator[World]:
    issuer = Issuer(claims=claims_of("grace", name="Grace Harbor"))

    def issuing(url: str) -> FastAPI:
        issuer.url = url
        return issuer.app()

    services = places / "signing-in"
    (services / "auth").mkdir(parents=True)
    (services / "auth" / "service.yaml").write_text(AUTH.read_text(encoding="utf-8"), encoding="utf-8")
    with serving(issuing) as at, serving(viewer) as listed, serving(viewer) as foreign:
        told = {"KARST_OIDC_ISSUER": at, "OAUTH_CLIENT": CLIENT, "KARST_SIGN_IN_ORIGINS": listed}
        running = ready(launch(places / "signing-in-state", services, environment=told))
        yield World(running, issuer, listed, foreign)
        assert running.stop() == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_browser()
    with sync_playwright() as playwright:
        # Chromium's own sandbox doesn't start for root, who runs tests in containers; it opens our pages only.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1000, "height": 760})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    yield page
    context.close()


def test_somebody_new_signs_in_accepts_terms_makes_a_key_and_uses_it(world: World, page: Page, tmp_path: Path) -> None:
    pictures = Path(os.environ.get("KARST_SCREENSHOTS", tmp_path))
    complaints: list[str] = []
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    page.goto(f"{world.sticky}/settings/tokens")
    page.get_by_role("link", name="Yes").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    page.get_by_label("Name that others see").fill("Amazing Grace")
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_url(f"{world.sticky}/settings/tokens")

    tos_id = world.gate()
    page.goto(f"{world.sticky}/settings/datasets")
    page.get_by_role("link", name="Terms of the tiny volume").click()
    expect(page).to_have_url(f"{world.sticky}/api/v1/tos/{tos_id}/accept")
    assert len(page.screenshot(path=pictures / "sign-in-terms.png", full_page=True)) > 10_000
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("alert")).to_contain_text("Tick the box")
    page.get_by_label("I have read these terms").check()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("status")).to_contain_text("Thank you")

    page.get_by_role("link", name="Keys").click()
    page.get_by_label("What it is for").fill("my laptop")
    page.get_by_role("button", name="Make a key").click()
    key = page.locator("#key").inner_text()
    record = world.call("GET", "/user/cache", key).json()
    assert (record["email"], record["name"]) == ("grace@example.org", "Amazing Grace")
    assert record["permissions_v2"] == {"gated": ["view"]}
    page.get_by_role("link", name="All keys").click()
    expect(page.get_by_role("rowheader")).to_contain_text(f"{key[:4]}...{key[-4:]}")
    assert len(page.screenshot(path=pictures / "sign-in-keys.png", full_page=True)) > 10_000

    page.get_by_role("link", name="Revoke my laptop").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("You have no keys yet.")).to_be_visible()
    assert world.call("GET", "/user/cache", key).status_code == 401
    page.set_viewport_size({"width": 360, "height": 780})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert [each for each in complaints if "422" not in each] == []


def test_the_window_of_a_listed_viewer_tells_it_the_token(world: World, page: Page) -> None:
    page.goto(f"{world.listed}/?login={world.sticky}/api/v1/authorize")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Sign in").click()
    window = opened.value
    window.get_by_role("link", name="Yes").click()
    expect(page.locator("#heard")).to_contain_text('"token":"')
    heard = page.locator("#heard").inner_text()
    assert heard.count('"origin"') == 1
    assert found(r'"origin":"([^"]+)"', heard) == world.running.https
    token = found(r'"token":"([0-9a-f]{32})"', heard)
    assert world.call("GET", "/user/cache", token).json()["email"] == "grace@example.org"
    assert f'"{world.listed}"' in heard
    assert f'"{world.running.https}"' in heard


def test_the_window_of_a_foreign_page_tells_it_nothing(world: World, page: Page) -> None:
    page.goto(f"{world.foreign}/?login={world.sticky}/api/v1/authorize")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Sign in").click()
    window = opened.value
    window.get_by_role("link", name="Yes").click()
    expect(window.get_by_role("heading", name="Done")).to_be_visible()
    # Messages of a window that has one more to its own page come in order: none is under way any more.
    window.evaluate("new Promise((done) => { addEventListener('message', done); postMessage('x', location.origin); })")
    assert page.locator("#heard").inner_text() == ""


def test_a_viewer_gets_the_token_in_its_address_if_it_is_listed(world: World, page: Page) -> None:
    page.goto(f"{world.sticky}/api/v1/authorize?redirect={world.listed}/auth_redirect.html")
    page.get_by_role("link", name="Yes").click()
    expect(page.get_by_role("heading", name="Viewer")).to_be_visible()
    token = found(r"[?&]middle_auth_token=([0-9a-f]{32})", page.url)
    assert page.url.startswith(f"{world.listed}/auth_redirect.html?")
    assert world.call("GET", "/user/cache", token).status_code == 200
    assert page.evaluate("document.referrer") == ""
    page.goto(f"{world.sticky}/api/v1/authorize?redirect={world.foreign}/")
    expect(page.get_by_text("Nobody is sent there")).to_be_visible()
