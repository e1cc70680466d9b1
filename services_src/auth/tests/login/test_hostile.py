"""What a hostile page, neighbour, issuer or network may try while somebody signs in."""

from __future__ import annotations

import json
import time
from urllib.parse import quote, urlencode

import httpx
import pytest
from sqlalchemy import select

from karst_auth.changes import users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.login.attempts import Attempt, Attempts
from karst_auth.main import Auth
from karst_auth.model import AuditEntry, LoginToken
from services_src.auth.tests.login.conftest import AUTHORIZE, CALLBACK, COOKIE, HOST, LISTED, STICKY, VIEWER, Browser
from services_src.auth.tests.login.issuer import CLIENT_ID, KEY, OTHER_KEY, Issuer, claims_of
from services_src.auth.tests.login.test_flows import csrf
from services_src.auth.tests.world import World

HOSTILE_ADDRESSES = (
    "https://evil.example.com",
    "https://evil.example.com/https://viewer.example.org",
    "https://viewer.example.org.evil.example.com/",
    "https://viewer.example.orgevil.example.com/",
    "https://evilviewer.example.org/",
    "https://sub.viewer.example.org/",
    "https://viewer.example.org@evil.example.com/",
    "https://viewer.example.org:pass@evil.example.com/",
    "https://evil.example.com#@viewer.example.org/",
    "https://evil.example.com?@viewer.example.org/",
    "https://evil.example.com\\@viewer.example.org/",
    "https://viewer.example.org\\.evil.example.com/",
    "https://viewer.example.org/\\evil",
    "https:\\\\viewer.example.org/",
    "https:/viewer.example.org/",
    "https:viewer.example.org/",
    "https:///viewer.example.org/",
    "//viewer.example.org/",
    "///evil.example.com",
    "/\\evil.example.com",
    "/settings",
    "viewer.example.org",
    "http://viewer.example.org/",
    "https://viewer.example.org:444/",
    "https://viewer.example.org:443443/",
    "https://viewer.example.org:/",
    "https://viewer.example.org:0443/",
    "https://viewer.example.org./",
    "https://viewer.example.org%00.evil.example.com/",
    "https://viewer.example.org%2f.evil.example.com/",
    "https://viewer%2eexample%2eorg/",
    "https://viewer.example.org\t.evil.example.com/",
    "https://viewer.example.org\r\nSet-Cookie: a=b",
    "https://viewer.example.org/\r\nLocation: https://evil.example.com",
    "https://viewer.example.org/\nx",
    " https://viewer.example.org/",
    "https://viewer.example.org /",
    "https://viewer.example.org/ x",
    "https://viewer.example.org/\u0000",
    "https://viewer.example\u3002org/",
    "https://v\u0456ewer.example.org/",
    "https://xn--vewer-4db.example.org/",
    "https://viewer.example.org\uff0fevil.example.com",
    "https://[::1]/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://localhost/",
    "javascript:alert(1)",
    "javascript://viewer.example.org/%0aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "ftp://viewer.example.org/",
    "blob:https://viewer.example.org/x",
    "intent://viewer.example.org/",
    "https://listed.example.org/",
    "https://viewer.example.org/" + "x" * 2000,
)
GOOD_ADDRESSES = (
    f"{VIEWER}",
    f"{VIEWER}/",
    f"{VIEWER}:443/a?b=c#!{{}}",
    f"{VIEWER}?a=1",
    f"{VIEWER}#!state",
    "https://VIEWER.example.org/",
    f"{LISTED}/x",
    f"{HOST}/info/",
)


@pytest.fixture(autouse=True)
async def grace(auth: Auth) -> int:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        return await users.create(change, name="Grace", address="grace@example.org")


async def _sign_ins(auth: Auth) -> int:
    async with auth.needs.database.begin() as session:
        return len((await session.scalars(select(LoginToken.id))).all())


async def test_nobody_is_sent_to_an_address_that_is_not_listed(browser: Browser, auth: Auth, world: World) -> None:
    await browser.sign_in()
    page = await browser.get(f"{STICKY}/api/v1/tos/{world.tos}/accept")
    sent = {"tos_agree": "true", "customName": "", "csrf_token": csrf(page)}
    before = await _sign_ins(auth)
    wrong: list[str] = []
    for address in HOSTILE_ADDRESSES:
        query = urlencode({"redirect": address})
        for answer in (
            await browser.get(f"{AUTHORIZE}?{query}"),
            await browser.post(AUTHORIZE, {"redirect": address}),
            await browser.get(f"{AUTHORIZE}?{query}", **{"X-Requested-With": "Fetch"}),
            await browser.get(f"{STICKY}/api/v1/tos/{world.tos}/accept?{query}"),
            await browser.post(f"{STICKY}/api/v1/tos/{world.tos}/accept?{query}", sent),
            await browser.get(f"{STICKY}/settings/username?new_account=true&{query}"),
            await browser.post(f"{STICKY}/settings/username?new_account=true&{query}", sent),
        ):
            told = json.dumps([*answer.headers.multi_items(), answer.text])
            if answer.status_code != 400 or "location" in answer.headers or str(browser.token) in told:
                wrong.append(f"{answer.request.method} {answer.request.url.path} {address!r} {answer.status_code}")
    assert wrong == []
    assert await _sign_ins(auth) == before


async def test_many_sign_ins_under_way_fill_no_browser(browser: Browser) -> None:
    first = await browser.begin(f"?redirect={HOST}/first")
    begun = [await browser.begin(f"?redirect={HOST}/{number}{'x' * 1500}") for number in range(30)]
    assert len([name for name in browser.client.cookies if name.startswith("__Host-karst_sign_in_")]) == 6
    assert (await browser.come_back(begun[-1])).headers["location"].startswith(f"{HOST}/29x")
    assert (await browser.come_back(first)).status_code == 400


async def test_a_page_that_hands_the_token_on_gets_it_on_our_own_host_too(browser: Browser) -> None:
    for path in ("/ng/auth_redirect.html", "/auth/admin/redirect.html?a=1"):
        location = (await browser.sign_in(f"?redirect={quote(HOST + path)}")).headers["location"]
        assert f"{COOKIE}={browser.token}" in location
        assert f"&token={browser.token}" in location


async def test_listed_addresses_are_let_through(browser: Browser) -> None:
    for address in GOOD_ADDRESSES:
        answer = await browser.get(f"{AUTHORIZE}?{urlencode({'redirect': address})}")
        assert answer.status_code == 302, address
        assert answer.headers["location"].startswith(browser.issuer.url), address


async def test_an_origin_that_is_no_longer_listed_gets_nothing_from_a_sign_in_under_way(
    browser: Browser, auth: Auth, world: World
) -> None:
    told = await browser.begin(f"?redirect={VIEWER}/")
    answer = await browser.come_back({**told, "redirect": "https://evil.example.com"})
    assert answer.headers["location"].startswith(f"{VIEWER}/?")


async def test_another_browser_can_not_finish(browser: Browser, client: httpx.AsyncClient, auth: Auth) -> None:
    told = await browser.begin(f"?redirect={VIEWER}/")
    client.cookies.clear()
    answer = await browser.come_back(told)
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert (browser.token, await _sign_ins(auth)) == (None, 0)


async def test_each_answer_of_the_issuer_counts_once(browser: Browser, auth: Auth) -> None:
    told = await browser.begin()
    code = browser.issuer.code(told)
    address = f"{CALLBACK}?state={told['state']}&code={code}"
    assert (await browser.get(address)).status_code == 200
    assert (await browser.get(address)).status_code == 400
    assert await _sign_ins(auth) == 1


async def test_states_that_are_not_ours_end_it(browser: Browser) -> None:
    told = await browser.begin()
    for state in ("x" * 32, None, "", "x" * 5000, "a\0b", "\u2603"):
        query = {"code": browser.issuer.code(told), **({"state": state} if state is not None else {})}
        answer = await browser.get(f"{CALLBACK}?{urlencode(query)}")
        assert (answer.status_code, browser.token) == (400, None), state


async def test_cookies_that_were_changed_or_are_too_old_end_it(
    browser: Browser, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await browser.begin(f"?redirect={VIEWER}/")
    name = next(each.name for each in client.cookies.jar if each.name.startswith("__Host-karst"))
    good = str(client.cookies.get(name))
    body, _, signature = good.partition(".")
    other = Attempts("another key").cookie(Attempt(state=told["state"]))
    assert other is not None
    for value in (
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        f"{body[:-4]}AAAA.{signature}",
        f"{body}.",
        f".{signature}",
        "x",
        "",
        other.partition("=")[2].partition(";")[0],
    ):
        client.cookies.clear()
        client.cookies.set(name, value, domain="g.example.org")
        assert (await browser.come_back(told)).status_code == 400, value
    client.cookies.clear()
    client.cookies.set(name, good, domain="g.example.org")
    now = time.time()
    monkeypatch.setattr("karst_auth.login.attempts.time.time", lambda: now + 601)
    assert (await browser.come_back(told)).status_code == 400
    monkeypatch.undo()
    assert (await browser.come_back(told)).status_code == 302


async def test_tokens_of_the_issuer_that_say_something_else_end_it(
    browser: Browser, issuer: Issuer, auth: Auth
) -> None:
    for overrides in (
        {"iss": "https://evil.example.com"},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
    ):
        issuer.overrides = dict(overrides)
        answer = await browser.sign_in(f"?redirect={VIEWER}/")
        assert (answer.status_code, browser.token) == (403, None), overrides
        assert "location" not in answer.headers
    assert await _sign_ins(auth) == 0


async def test_tokens_that_the_issuer_did_not_sign_end_it(browser: Browser, issuer: Issuer, auth: Auth) -> None:
    for change in ({"algorithm": "none"}, {"algorithm": "HS256"}, {"key": OTHER_KEY}, {"key_id": "two"}):
        before = {name: getattr(issuer, name) for name in change}
        vars(issuer).update(change)
        answer = await browser.sign_in()
        assert (answer.status_code, browser.token) == (403, None), change
        vars(issuer).update(before)
    assert await _sign_ins(auth) == 0


async def test_new_keys_of_the_issuer_are_found(browser: Browser, issuer: Issuer) -> None:
    assert (await browser.sign_in()).status_code == 200
    issuer.key, issuer.key_id = OTHER_KEY, "two"
    issuer.published = [("one", KEY), ("two", OTHER_KEY)]
    assert (await browser.sign_in()).status_code == 200


async def test_a_code_of_another_sign_in_is_not_accepted(browser: Browser) -> None:
    first, second = await browser.begin(), await browser.begin()
    code = browser.issuer.code(second)
    answer = await browser.get(f"{CALLBACK}?state={first['state']}&code={code}")
    assert (answer.status_code, browser.token) == (403, None)


async def test_addresses_must_be_verified_and_are_not_taken_over(browser: Browser, issuer: Issuer, auth: Auth) -> None:
    for claims in (
        claims_of("grace", email_verified=False),
        claims_of("grace", email_verified=None),
        claims_of("grace", email_verified="yes"),
        claims_of("grace", email="no address"),
        claims_of("robot", email="robot@serviceaccount"),
    ):
        issuer.claims = {name: value for name, value in claims.items() if value is not None}
        assert (await browser.sign_in()).status_code in (400, 403), claims
    assert await _sign_ins(auth) == 0
    issuer.claims = claims_of("grace")
    assert (await browser.sign_in()).status_code == 200
    issuer.claims = claims_of("mallory", email="Grace@Example.org")
    taken = await browser.sign_in()
    assert (taken.status_code, "another account" in taken.text) == (403, True)
    assert await _sign_ins(auth) == 1


async def test_the_disabled_are_told_so_and_get_nothing(browser: Browser, auth: Auth, grace: int) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await users.update(change, user_id=grace, values={"active": False}, is_service_account=False)
    answer = await browser.sign_in(f"?redirect={VIEWER}/")
    assert (answer.status_code, "disabled" in answer.text, browser.token) == (403, True, None)
    assert "location" not in answer.headers
    async with auth.needs.database.begin() as session:
        refused = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "login.refuse"))).all()
    assert [each.after for each in refused] == [{"error": "disabled"}]


async def test_an_issuer_that_is_away_harms_nothing(browser: Browser, issuer: Issuer) -> None:
    issuer.is_away = True
    answer = await browser.get(AUTHORIZE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    issuer.is_away = False
    told = await browser.begin()
    issuer.is_away = True
    assert (await browser.come_back(told)).status_code == 503
    issuer.is_away = False
    assert (await browser.come_back(told)).status_code == 200


async def test_what_the_issuer_refuses_is_a_page(browser: Browser) -> None:
    told = await browser.begin()
    answer = await browser.get(f"{CALLBACK}?state={told['state']}&error=access_denied&error_description=%3Cscript%3E")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert "<script>" not in answer.text.replace('<script src="', "")


async def test_no_token_is_in_a_page_that_others_may_read(browser: Browser, auth: Auth) -> None:
    """CORS never lets a page of another origin read an answer that a cookie got."""
    await browser.sign_in()
    for path in ("/settings/tokens", "/settings", "/api/v1/user/token", "/api/v1/user/me", "/api/v1/create_token"):
        for origin in ("https://evil.example.com", "null", VIEWER):
            answer = await browser.get(f"{STICKY}{path}", Origin=origin)
            assert "access-control-allow-credentials" not in answer.headers
            assert answer.status_code == 401, (path, origin)
            assert str(browser.token) not in answer.text


async def test_a_cookie_alone_changes_nothing(browser: Browser, world: World, auth: Auth) -> None:
    await browser.sign_in()
    page = await browser.get(f"{STICKY}/settings/tokens")
    token = csrf(page)
    evil = {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"}
    for path, sent in (
        ("/settings/tokens", {"description": "x"}),
        ("/settings/username", {"customName": "x"}),
        ("/settings/datasets", {"dataset": "h01", "reason": "x"}),
        ("/settings/sign_out", {"everywhere": "y"}),
        (f"/api/v1/tos/{world.tos}/accept", {"tos_agree": "true"}),
        ("/api/v1/user/token", {}),
        ("/api/v1/create_token", {}),
        ("/api/v1/logout", {}),
        ("/api/v1/logout_all", {}),
        ("/api/v1/refresh_token", {}),
    ):
        assert (await browser.post(STICKY + path, sent)).status_code == 403, path
        assert (await browser.post(STICKY + path, {**sent, "csrf_token": "0" * 80})).status_code == 403, path
        foreign = await browser.post(STICKY + path, {**sent, "csrf_token": token}, **evil)
        assert foreign.status_code in (401, 403), path
    for path in ("/api/v1/logout", "/api/v1/logout_all", "/api/v1/refresh_token"):
        assert (await browser.get(STICKY + path)).status_code == 403, path
    assert (await browser.get(f"{STICKY}/settings")).status_code == 200
    assert await _sign_ins(auth) == 1


async def test_a_link_that_makes_a_key_asks_first(browser: Browser, auth: Auth) -> None:
    await browser.sign_in()
    answer = await browser.get(f"{HOST}/auth/api/v1/create_token")
    assert (answer.status_code, answer.headers["location"]) == (303, "/auth/settings/create_token")
    page = await browser.get(f"{HOST}/auth/settings/create_token")
    assert "Make a new key?" in page.text
    made = await browser.post(f"{HOST}/auth/settings/tokens", {"csrf_token": csrf(page)})
    assert "Your new key" in made.text
    assert made.headers["cache-control"] == "no-store"


async def test_nobody_is_given_a_cookie_by_a_link(browser: Browser, client: httpx.AsyncClient) -> None:
    """A token in an address becomes a cookie only once it is known to work."""
    for token in ("0" * 32, "nobodys", "a\r\nSet-Cookie: b=c"):
        answer = await browser.get(f"{STICKY}/settings?{COOKIE}={quote(token)}")
        assert "set-cookie" not in answer.headers
        assert answer.status_code == 302
        assert quote(token) not in answer.headers["location"]


async def test_nothing_that_was_logged_opens_anything(
    browser: Browser, caplog: pytest.LogCaptureFixture, world: World
) -> None:
    with caplog.at_level("DEBUG"):
        told = await browser.begin(f"?redirect={VIEWER}/")
        await browser.come_back(told)
        await browser.get(f"{STICKY}/settings?{COOKIE}={browser.token}&token={browser.token}")
    token = str(browser.token)
    ours = [each for each in caplog.records if each.name.startswith("karst")]
    assert ours
    for each in ours:
        text = json.dumps([each.getMessage(), str(each.__dict__)])
        assert token not in text
        assert told["state"] not in text
