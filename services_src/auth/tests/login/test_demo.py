"""One machine that nobody else reaches: people choose who they are, commands get tokens of anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from karst_auth.changes import users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.login.demo import KEY_HEADER, Demo
from karst_auth.login.providers import NoIdentityError
from karst_auth.main import Auth, create_app
from karst_auth.settings import AuthSettings
from services_src.auth.tests.login.conftest import AUTHORIZE, CALLBACK, COOKIE, FROM_US, HOST, STICKY
from services_src.auth.tests.world import World

KEY = "k" * 64


async def _clients(auth: Auth, settings: AuthSettings, host: str) -> httpx.AsyncClient:
    app = create_app(settings, auth, demo=Demo(key=KEY))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=(host, 50000)), base_url=STICKY)


@pytest.fixture
async def here(auth: Auth, auth_settings: AuthSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with await _clients(auth, auth_settings, "127.0.0.1") as made:
        yield made
    await auth.needs.database.close()


async def test_somebody_is_chosen_and_goes_on(here: httpx.AsyncClient, world: World) -> None:
    begun = await here.get(f"{AUTHORIZE}?redirect={HOST}/x")
    chooser = begun.headers["location"]
    assert chooser.startswith(f"{STICKY}/demo?state=")
    page = await here.get(chooser)
    assert "viewer@example.org" in page.text
    assert "disabled@example.org" not in page.text
    assert "superadmin" in page.text
    told = {name: values[0] for name, values in parse_qs(urlsplit(chooser).query).items()}
    chosen = await here.post("/demo", data={**told, "email": "viewer@example.org"}, headers=FROM_US)
    assert chosen.headers["location"].startswith(f"{CALLBACK}?")
    back = await here.get(chosen.headers["location"])
    assert back.headers["location"] == f"{HOST}/x"
    me = await here.get(f"{STICKY}/api/v1/user/me", headers={"Authorization": f"Bearer {here.cookies[COOKIE]}"})
    assert (me.json()["email"], me.json()["name"]) == ("viewer@example.org", "Viewer")


async def test_people_are_searched(here: httpx.AsyncClient, world: World) -> None:
    page = await here.get("/demo?search=EDIT&state=s&nonce=n")
    assert "editor@example.org" in page.text
    assert "viewer@example.org" not in page.text
    assert 'name="nonce" value="n"' in page.text


async def test_a_page_of_another_site_chooses_nobody(here: httpx.AsyncClient, world: World) -> None:
    told = {"email": "superadmin@example.org", "state": "s", "nonce": "n"}
    for headers in ({}, {"Origin": "https://evil.example.com"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await here.post("/demo", data=told, headers=headers)).status_code == 403


async def test_what_was_not_chosen_here_is_nobody(here: httpx.AsyncClient, world: World) -> None:
    codes: list[Callable[[str], str]] = [
        lambda _nonce: "x",
        lambda nonce: Demo(key="another").code("superadmin@example.org", nonce),
        lambda _nonce: Demo(key=KEY).code("superadmin@example.org", "another sign-in"),
    ]
    for code in codes:
        begun = await here.get(AUTHORIZE)
        told = {name: values[0] for name, values in parse_qs(urlsplit(begun.headers["location"]).query).items()}
        answer = await here.get(f"{CALLBACK}?{urlencode({'state': told['state'], 'code': code(told['nonce'])})}")
        assert (answer.status_code, here.cookies.get(COOKIE)) == (403, None)


def test_choices_end(monkeypatch: pytest.MonkeyPatch) -> None:
    demo = Demo(key=KEY)
    code = demo.code("ada@example.org", "n")
    assert demo.chosen(code, "n") == "ada@example.org"
    monkeypatch.setattr("karst_auth.login.demo.time.time", lambda: 2e10)
    with pytest.raises(NoIdentityError, match="too long ago"):
        demo.chosen(code, "n")


async def test_commands_get_tokens_of_anybody_by_the_key(here: httpx.AsyncClient, world: World, auth: Auth) -> None:
    with_key = {KEY_HEADER: KEY}
    for headers in ({}, {KEY_HEADER: "x"}, {KEY_HEADER: ""}):
        assert (
            await here.post("/demo/token", data={"email": "viewer@example.org"}, headers=headers)
        ).status_code == 403
    for sent, status in (
        ({"email": "viewer@example.org"}, 200),
        ({"email": "VIEWER@example.org"}, 200),
        ({"email": "grace@example.org"}, 404),
        ({"email": "grace@example.org", "create": "y", "name": "Grace"}, 200),
        ({"email": "grace@example.org"}, 200),
        ({"email": "disabled@example.org"}, 403),
        ({"email": "robot@serviceaccount"}, 404),
        ({"email": "no address"}, 400),
    ):
        answer = await here.post("/demo/token", data=sent, headers=with_key)
        assert answer.status_code == status, sent
        if status == 200:
            headers = {"Authorization": f"Bearer {answer.json()['token']}"}
            me = (await here.get("/api/v1/user/me", headers=headers)).json()
            assert me["email"] == sent["email"].lower()
            assert sent.get("name", me["name"]) == me["name"]


async def test_other_machines_choose_nobody_even_where_they_can_connect(
    auth: Auth, auth_settings: AuthSettings, world: World
) -> None:
    async with await _clients(auth, auth_settings, "192.0.2.7") as there:
        told = {"email": "superadmin@example.org", "state": "s", "nonce": "n"}
        for answer in (
            await there.get("/demo"),
            await there.post("/demo", data=told, headers=FROM_US),
            await there.post("/demo/token", data=told, headers={KEY_HEADER: KEY}),
        ):
            assert (answer.status_code, answer.json()["error"]) == (403, "not_here")
    await auth.needs.database.close()


async def test_deployments_have_no_such_pages(auth: Auth, auth_settings: AuthSettings) -> None:
    app = create_app(auth_settings, auth)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=STICKY) as client:
        for method, path in (("GET", "/demo"), ("POST", "/demo"), ("POST", "/demo/token")):
            assert (await client.request(method, path)).status_code == 404
        nobody = await client.get("/api/v1/authorize")
        assert (nobody.status_code, nobody.json()["error"]) == (503, "no_provider")
        async with auth.needs.ledger.change(DEPLOYMENT) as change:
            await users.create(change, name="Ada", address="ada@example.org")
    await auth.needs.database.close()
