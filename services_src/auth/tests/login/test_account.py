"""What people do with their account on pages: keys, sign-ins, their name, datasets."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from karst_auth.changes import groups, users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.main import Auth
from karst_auth.model import AuditEntry
from services_src.auth.tests.login.conftest import COOKIE, STICKY, Browser
from services_src.auth.tests.login.issuer import claims_of
from services_src.auth.tests.login.test_flows import csrf
from services_src.auth.tests.world import World

_KEY = re.compile(r'<code id="key">([0-9a-f]{32})</code>')


@pytest.fixture(autouse=True)
async def grace(auth: Auth, browser: Browser) -> int:
    """Somebody who is signed in."""
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        user_id = await users.create(change, name="Grace", address="grace@example.org")
    await browser.sign_in()
    return user_id


async def test_a_key_is_shown_once_and_works_until_it_is_revoked(browser: Browser) -> None:
    page = await browser.get(f"{STICKY}/settings/tokens")
    assert "You have no keys yet." in page.text
    sent = {"description": "<b>laptop</b>", "csrf_token": csrf(page)}
    made = await browser.post(f"{STICKY}/settings/tokens", sent)
    found = _KEY.search(made.text)
    assert found is not None
    assert made.headers["cache-control"] == "no-store"
    headers = {"Authorization": f"Bearer {found[1]}"}
    assert (await browser.client.get(f"{STICKY}/api/v1/user/cache", headers=headers)).status_code == 200
    listed = (await browser.get(f"{STICKY}/settings/tokens")).text
    assert found[1] not in listed
    assert f"{found[1][:4]}...{found[1][-4:]}" in listed
    assert "&lt;b&gt;laptop&lt;/b&gt;" in listed
    revoke = re.search(r'href="/sticky_auth(/settings/tokens/\d+/revoke)"', listed)
    assert revoke is not None
    asked = await browser.get(STICKY + revoke[1])
    assert "stops working at once" in asked.text
    done = await browser.post(STICKY + revoke[1], {"csrf_token": csrf(asked)})
    assert (done.status_code, done.headers["location"]) == (303, "/sticky_auth/settings/tokens")
    assert (await browser.client.get(f"{STICKY}/api/v1/user/cache", headers=headers)).status_code == 401
    assert (await browser.get(STICKY + revoke[1])).status_code == 404


async def test_keys_of_others_are_nobodys(browser: Browser, world: World, auth: Auth) -> None:
    headers = {"Authorization": f"Bearer {world.tokens['viewer']}"}
    listed = await browser.client.get(f"{STICKY}/api/v1/user/token", headers=headers)
    path = f"{STICKY}/settings/tokens/{listed.json()[0]['id']}/revoke"
    assert (await browser.get(path)).status_code == 404
    token = csrf(await browser.get(f"{STICKY}/settings/tokens"))
    assert (await browser.post(path, {"csrf_token": token})).status_code == 404


async def test_what_is_too_long_is_said_at_its_field(browser: Browser) -> None:
    page = await browser.get(f"{STICKY}/settings/tokens")
    refused = await browser.post(f"{STICKY}/settings/tokens", {"description": "x" * 121, "csrf_token": csrf(page)})
    assert refused.status_code == 422
    assert "is longer than 120 characters" in refused.text
    assert 'id="field-description-error"' in refused.text


async def test_signing_out_ends_the_sign_in_and_takes_the_cookie(browser: Browser) -> None:
    token = browser.token
    page = await browser.get(f"{STICKY}/settings")
    done = await browser.post(f"{STICKY}/settings/sign_out", {"csrf_token": csrf(page)})
    assert (done.status_code, done.headers["location"]) == (303, "/sticky_auth/settings/signed_out")
    assert done.headers["set-cookie"].startswith(f"{COOKIE}=; Max-Age=0; ")
    headers = {"Authorization": f"Bearer {token}"}
    assert (await browser.client.get(f"{STICKY}/api/v1/user/cache", headers=headers)).status_code == 401
    assert "Sign in again" in (await browser.get(f"{STICKY}/settings/signed_out")).text


async def test_one_of_several_sign_ins_is_ended_or_all(browser: Browser) -> None:
    first = browser.token
    await browser.sign_in()
    page = await browser.get(f"{STICKY}/settings")
    assert page.text.count("this one") == 1
    ids = re.findall(r'name="id" value="(\d+)"', page.text)
    assert len(ids) == 2
    ended = await browser.post(f"{STICKY}/settings/sign_out", {"id": min(ids, key=int), "csrf_token": csrf(page)})
    assert ended.headers["location"] == "/sticky_auth/settings"
    assert await _status(browser, first) == 401
    assert await _status(browser, browser.token) == 200
    third = browser.token
    await browser.post(f"{STICKY}/settings/sign_out", {"everywhere": "y", "csrf_token": csrf(page)})
    assert await _status(browser, third) == 401


async def test_a_name_is_chosen_once_and_nobody_elses(browser: Browser, world: World) -> None:
    address = f"{STICKY}/settings/username"
    page = await browser.get(address)
    wrong = ("viewer", "Admin", "x" * 81, "\uff36iewer", "View\u200ber", "Vie\u202ewer", "\ufdfa" * 80)
    for name, status in (*((each, 422) for each in wrong), ("Amazing\tGrace", 400)):
        refused = await browser.post(address, {"customName": name, "csrf_token": csrf(page)})
        assert (refused.status_code, 'class="wrong"' in refused.text) == (status, True), name
    for name, status in (("Amazing Grace", 303), ("", 303), ("Amazing Grace", 303), ("Somebody Else", 422)):
        done = await browser.post(address, {"customName": name, "csrf_token": csrf(page)})
        assert done.status_code == status, name
    assert "Amazing Grace" in (await browser.get(f"{STICKY}/api/v1/register/choose_username")).text


async def test_datasets_are_asked_for_and_whoever_runs_them_sees_it(
    browser: Browser, world: World, auth: Auth, grace: int
) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await groups.add_member(change, group_id=world.groups["viewers"], user_id=grace)
    page = await browser.get(f"{STICKY}/settings/datasets")
    assert re.search(r'<th scope="row">h01</th><td>view</td>', page.text)
    assert re.search(r'<th scope="row">gated</th><td><a href="[^"]+/accept">Rules</a>', page.text)
    assert "h01_private" not in page.text
    answers = []
    for name in ("h01_private", "h01_private", "no_such_dataset"):
        sent = {"dataset": name, "reason": "I <i>count</i> spines", "csrf_token": csrf(page)}
        done = await browser.post(f"{STICKY}/settings/datasets", sent)
        answers.append((done.status_code, done.headers["location"]))
    assert set(answers) == {(303, "/sticky_auth/settings/datasets?sent=true")}
    async with auth.needs.database.begin() as session:
        asked = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "access.ask"))).all()
    assert [(each.subject, each.actor_id) for each in asked] == [(f"dataset/{world.datasets['h01_private']}", grace)]
    for who, sees in (("superadmin", True), ("dataset_admin", False), ("viewer", False)):
        shown = await browser.client.get(f"{STICKY}/settings/datasets", headers=world.header(who))
        assert ("I &lt;i&gt;count&lt;/i&gt; spines" in shown.text) is sees, who
    missing = await browser.post(f"{STICKY}/settings/datasets", {"dataset": "x", "csrf_token": csrf(page)})
    assert missing.status_code == 422
    assert "What you want to do with it is missing." in missing.text


async def test_the_start_leads_to_the_account(browser: Browser) -> None:
    assert f'href="{STICKY.removeprefix("https://g.example.org")}/settings">Sign in' in (await browser.get(STICKY)).text
    browser.issuer.claims = claims_of("grace")
    page = await browser.get(f"{STICKY}/settings")
    assert "grace@example.org" in page.text
    assert "Administration" not in page.text


async def _status(browser: Browser, token: str | None) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return (await browser.client.get(f"{STICKY}/api/v1/user/cache", headers=headers)).status_code
