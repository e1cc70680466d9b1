"""Signing in: to the issuer, back, and on to where somebody came from."""

from __future__ import annotations

import html
import json
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select

from karst_auth.changes import users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.main import Auth
from karst_auth.model import TosAcceptance
from services_src.auth.tests.login.conftest import AUTHORIZE, COOKIE, DATA, HOST, LISTED, STICKY, VIEWER, Browser
from services_src.auth.tests.login.issuer import Issuer, claims_of
from services_src.auth.tests.world import World

_TOKEN = re.compile(r"[0-9a-f]{32}")


def told_by(answer: httpx.Response) -> tuple[object, list[str]]:
    """The message of a page, and the origins that get it."""
    found = re.search(r'data-message="([^"]*)" data-origins="([^"]*)"', answer.text)
    assert found is not None, answer.text
    return json.loads(html.unescape(found[1])), json.loads(html.unescape(found[2]))


def csrf(answer: httpx.Response) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert found is not None, answer.text
    return found[1]


@pytest.fixture(autouse=True)
async def grace(auth: Auth) -> int:
    """Somebody who was here before, by address only."""
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        return await users.create(change, name="Grace", address="grace@example.org")


async def test_to_the_issuer_with_everything_that_binds_the_answer(browser: Browser) -> None:
    told = await browser.begin(f"?redirect={VIEWER}/")
    assert told["redirect_uri"] == f"{STICKY}/api/v1/oauth2callback"
    assert (told["response_type"], told["code_challenge_method"]) == ("code", "S256")
    assert set(told["scope"].split()) == {"openid", "email", "profile"}
    assert all(len(told[name]) >= 32 for name in ("state", "nonce", "code_challenge"))
    again = await browser.begin()
    assert not {told["state"], told["nonce"], told["code_challenge"]} & set(again.values())
    cookie = browser.seen[0].headers["set-cookie"]
    assert cookie.startswith("__Host-karst_sign_in_")
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=600"):
        assert part in cookie.split("; ")
    assert browser.token is None


async def test_to_a_viewer_with_the_token_in_the_names_that_it_reads(browser: Browser) -> None:
    answer = await browser.sign_in(f"?redirect={VIEWER}/auth_redirect.html?a=1%23!state")
    assert answer.status_code == 302
    parts = urlsplit(answer.headers["location"])
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == (
        "https",
        "viewer.example.org",
        "/auth_redirect.html",
        "!state",
    )
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert query == {
        "a": "1",
        COOKIE: browser.token,
        "middle_auth_url": "g.example.org/sticky_auth",
        "token": browser.token,
    }
    assert browser.token is not None
    assert _TOKEN.fullmatch(browser.token)
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(COOKIE))
    assert cookie == f"{COOKIE}={browser.token}; Secure; HttpOnly; Path=/; SameSite=Lax"
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
    record = await browser.client.get(
        f"{HOST}/auth/api/v1/user/cache", headers={"Authorization": f"Bearer {browser.token}"}
    )
    assert record.json()["email"] == "grace@example.org"


async def test_our_own_host_needs_no_token_in_the_address(browser: Browser) -> None:
    answer = await browser.sign_in(f"?redirect={HOST}/info/datastack/h01?x=1")
    assert answer.headers["location"] == f"{HOST}/info/datastack/h01?x=1"
    assert browser.token is not None
    page = await browser.get(f"{STICKY}/settings")
    assert page.status_code == 200
    assert "grace@example.org" in page.text


async def test_a_window_tells_each_listed_origin_once_and_nobody_else(browser: Browser) -> None:
    answer = await browser.sign_in()
    assert answer.status_code == 200
    message, origins = told_by(answer)
    assert message == {"token": browser.token, "app_urls": origins}
    assert origins == sorted({HOST, VIEWER, DATA, LISTED})
    script = (await browser.client.get(f"{STICKY}/static/message.js")).text
    assert "postMessage(message, origin)" in script
    assert '"*"' not in script
    for each in browser.seen:
        assert each.headers["cross-origin-opener-policy"] == "unsafe-none"
    assert answer.headers["cache-control"] == "no-store"


async def test_programs_get_the_address_as_text(browser: Browser) -> None:
    answer = await browser.get(f"{AUTHORIZE}?redirect={VIEWER}/", **{"X-Requested-With": "Fetch"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith(f"{browser.issuer.url}/authorize?")


async def test_any_replica_goes_on_by_either_prefix(browser: Browser) -> None:
    told = await browser.begin(f"?redirect={HOST}/x")
    code = browser.issuer.code(told)
    answer = await browser.get(f"{HOST}/auth/api/v1/oauth2callback?state={told['state']}&code={code}")
    assert (answer.status_code, answer.headers["location"]) == (302, f"{HOST}/x")


async def test_two_windows_do_not_disturb_each_other(browser: Browser) -> None:
    first, second = await browser.begin(f"?redirect={HOST}/a"), await browser.begin(f"?redirect={HOST}/b")
    assert (await browser.come_back(first)).headers["location"] == f"{HOST}/a"
    assert (await browser.come_back(second)).headers["location"] == f"{HOST}/b"


async def test_new_people_choose_a_name_and_go_on(browser: Browser, issuer: Issuer) -> None:
    issuer.claims = claims_of("lin", email="LIN@Example.org", name="  Lin\n Hu ")
    answer = await browser.sign_in(f"?redirect={VIEWER}/")
    asked = answer.headers["location"]
    assert asked.startswith(f"{STICKY}/settings/username?new_account=true&")
    page = await browser.get(asked)
    assert "Lin Hu" in page.text
    assert f"form-action 'self' {VIEWER};" in page.headers["content-security-policy"]
    taken = await browser.post(asked, {"customName": "grace", "csrf_token": csrf(page)})
    assert taken.status_code == 422
    assert "Others are known by this name" in taken.text
    done = await browser.post(asked, {"customName": "Lin of the Lab", "csrf_token": csrf(page)})
    assert done.headers["location"].startswith(f"{VIEWER}/?{COOKIE}={browser.token}")
    me = await browser.client.get(f"{STICKY}/api/v1/user/me", headers={"Authorization": f"Bearer {browser.token}"})
    assert (me.json()["email"], me.json()["name"]) == ("lin@example.org", "Lin of the Lab")


async def test_terms_are_accepted_on_the_way(browser: Browser, world: World, auth: Auth) -> None:
    answer = await browser.sign_in(f"?redirect={VIEWER}/&tos_id={world.tos}")
    asked = answer.headers["location"]
    assert asked == f"{STICKY}/api/v1/tos/{world.tos}/accept?redirect=https%3A%2F%2Fviewer.example.org%2F"
    page = await browser.get(asked)
    assert "<h2>Be kind</h2>" in page.text
    for told in ({}, {"tos_agree": "false"}, {"tos_agree": ""}):
        refused = await browser.post(asked, {**told, "csrf_token": csrf(page)})
        assert (refused.status_code, "location" in refused.headers) == (422, False)
    assert await _accepted(auth) == []
    done = await browser.post(asked, {"tos_agree": "true", "csrf_token": csrf(page)})
    assert done.headers["location"].startswith(f"{VIEWER}/?{COOKIE}=")
    assert await _accepted(auth) == [world.tos]


async def test_a_viewer_hears_that_terms_were_accepted(browser: Browser, world: World) -> None:
    await browser.sign_in()
    address = f"{STICKY}/api/v1/tos/{world.tos}/accept?client=ng"
    page = await browser.get(address)
    done = await browser.post(address, {"tos_agree": "true", "csrf_token": csrf(page)})
    assert told_by(done) == ("success", sorted({HOST, VIEWER, DATA, LISTED}))
    assert str(browser.token) not in done.text
    thanked = await browser.post(address.partition("?")[0], {"tos_agree": "true", "csrf_token": csrf(page)})
    assert thanked.status_code == 303
    assert "Thank you" in (await browser.get(f"{HOST}{thanked.headers['location']}")).text
    assert (await browser.get(f"{STICKY}/api/v1/tos/999/accept")).status_code == 404


async def test_who_agrees_at_the_start_is_not_asked_again(browser: Browser, world: World, auth: Auth) -> None:
    form = {"tos_id": str(world.tos), "tos_agree": "true", "redirect": f"{HOST}/x"}
    answer = await browser.post(AUTHORIZE, form)
    told = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert (await browser.come_back(told)).headers["location"] == f"{HOST}/x"
    assert await _accepted(auth) == [world.tos]


async def test_a_new_person_in_a_window_accepts_terms_and_the_window_tells(
    browser: Browser, issuer: Issuer, world: World
) -> None:
    issuer.claims = claims_of("lin")
    asked = (await browser.sign_in(f"?tos_id={world.tos}")).headers["location"]
    named = await browser.post(asked, {"customName": "", "csrf_token": csrf(await browser.get(asked))})
    terms = f"{HOST}{named.headers['location']}"
    done = await browser.post(terms, {"tos_agree": "true", "csrf_token": csrf(await browser.get(terms))})
    message, _ = told_by(done)
    assert isinstance(message, dict)
    assert message["token"] == browser.token


async def test_our_own_applications_redeem_a_code_once(browser: Browser) -> None:
    verifier = "v" * 50
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    answer = await browser.sign_in(f"?redirect={DATA}/app&code_challenge={challenge}")
    location = answer.headers["location"]
    assert str(browser.token) not in location
    code = parse_qs(urlsplit(location).query)["code"][0]
    url, own = f"{AUTHORIZE}/token", {"Origin": DATA, "Accept": "*/*", "Sec-Fetch-Site": "same-site"}
    for sent, headers in (
        ({"code": code, "code_verifier": "w" * 50}, own),
        ({"code": code, "code_verifier": verifier}, {**own, "Origin": "https://evil.example.org"}),
        ({"code": code}, own),
    ):
        assert (await browser.post(url, sent, **headers)).status_code == 400
    unbearable = await browser.client.get(f"{STICKY}/api/v1/user/me", headers={"Authorization": f"Bearer {code}"})
    assert unbearable.status_code == 401
    redeemed = await browser.post(url, {"code": code, "code_verifier": verifier}, **own)
    token = redeemed.json()["token"]
    assert token != browser.token
    me = await browser.client.get(f"{STICKY}/api/v1/user/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["email"] == "grace@example.org"
    assert (await browser.post(url, {"code": code, "code_verifier": verifier}, **own)).status_code == 400


async def test_names_follow_the_issuer_and_people_are_known_by_more_than_an_address(
    browser: Browser, issuer: Issuer
) -> None:
    await browser.sign_in()
    issuer.claims = claims_of("grace", name="Grace H.", email="new@example.org")
    await browser.sign_in()
    page = await browser.get(f"{STICKY}/settings")
    assert "Grace H." in page.text
    assert "grace@example.org" in page.text


async def _accepted(auth: Auth) -> list[int]:
    async with auth.needs.database.begin() as session:
        return list(await session.scalars(select(TosAcceptance.tos_id)))
