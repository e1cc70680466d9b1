"""What superadmins do page by page: each change is made by a form, shows on the pages, and stands in the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import func, select

from karst_auth.admin import dataset_pages
from karst_auth.admin.areas import AREAS
from karst_auth.changes import tokens
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.main import Auth
from karst_auth.model import (
    ApiKey,
    Dataset,
    Grant,
    Group,
    Membership,
    PublicRoot,
    ServiceTable,
    Tos,
    User,
    UserAffiliation,
)
from karst_auth.tokens import utc_now
from services_src.auth.tests.admin.browsing import HOME, Browser, nameless_fields, text_of
from services_src.auth.tests.world import LAB, World

Open = Callable[[str], Browser]


async def _one(auth: Auth, query: object) -> object:
    async with auth.needs.database.begin() as session:
        return await session.scalar(query)  # type: ignore[call-overload]


async def test_every_page_answers_and_loads_only_our_own(browse: Open, world: World) -> None:
    admin = browse("superadmin")
    paths = ["overview", "audit", "stats", *(each.path for each in AREAS), *(f"{each.path}/new" for each in AREAS)]
    paths += [f"users/{world.users['viewer']}", f"service_accounts/{world.users['robot']}", "tables/1", "roots/1"]
    paths += [f"groups/{world.groups['viewers']}", f"datasets/{world.datasets[LAB]}", f"terms/{world.tos}"]
    for path in paths:
        answer = await admin.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]*)"', answer.text)
        assert loaded
        assert all(each.startswith("/auth/static/") for each in loaded), path
        assert "style=" not in answer.text
        assert answer.text.count("<h1>") == 1
        assert 'class="skip"' in answer.text
        assert nameless_fields(answer) == []
        ids = re.findall(r' id="([^"]+)"', answer.text)
        assert len(ids) == len(set(ids)), path


async def test_a_person_is_added_changed_disabled_enabled_and_removed(browse: Open, world: World, auth: Auth) -> None:
    admin = browse("superadmin")
    told = {"email": "Ada@Example.org", "name": "Ada", "pi": "Amber", "read_only": "y"}
    answer = await admin.send("users/new", "users/new", told)
    page = answer.headers["location"].partition("?")[0]
    user_id = int(page.rpartition("/")[2])
    answer = await admin.get(f"{page}?done=created")
    assert "Made." in text_of(answer)
    assert "ada@example.org" in text_of(answer)
    assert await _one(auth, select(User.read_only).where(User.id == user_id)) is True

    await admin.send(page, page, {"name": "Ada L.", "pi": "", "admin": "y"})
    query = select(func.concat(User.name, "|", User.pi, "|", User.admin, User.read_only)).where(User.id == user_id)
    assert await _one(auth, query) == "Ada L.||tf"

    await admin.send(f"{page}/disable", f"{page}/disable")
    assert "Disabled: nothing of theirs works." in text_of(await admin.get(page))
    await admin.send(page, f"{page}/enable")
    assert "Disabled" not in text_of(await admin.get(page))

    wrong = await admin.send(f"{page}/remove", f"{page}/remove", {"sure": "somebody"}, expects=422)
    assert "nothing was removed" in text_of(wrong)
    await admin.send(f"{page}/remove", f"{page}/remove", {"sure": "ada@example.org"})
    assert await _one(auth, select(User.id).where(User.id == user_id)) is None
    log = text_of(await admin.get(f"audit?subject=user/{user_id}"))
    assert all(action in log for action in ("user.create", "user.update", "user.remove"))


async def test_sign_ins_and_keys_are_masked_and_end(browse: Open, world: World, auth: Auth) -> None:
    viewer = world.users["viewer"]
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        signed_in = [await tokens.sign_in(change, viewer) for _ in range(3)]
    admin, page = browse("superadmin"), f"users/{viewer}"
    shown = (await admin.get(page)).text
    for token in (*signed_in, world.tokens["viewer"]):
        assert token not in shown
        assert f"{token[:4]}...{token[-4:]}" in shown
    actions = [form.action for form in admin.forms(await admin.get(page))]
    await admin.send(
        page, next(each for each in actions if each.endswith("/end") and not each.endswith("sessions/end"))
    )
    assert await auth.needs.authority.record(signed_in[2]) is None
    assert await auth.needs.authority.record(signed_in[0]) is not None
    await admin.send(page, f"{page}/sessions/end")
    assert await auth.needs.authority.record(signed_in[0]) is None
    assert await auth.needs.authority.record(world.tokens["viewer"]) is not None
    await admin.send(page, next(each for each in actions if each.endswith("/revoke")))
    assert await auth.needs.authority.record(world.tokens["viewer"]) is None


async def test_a_service_account_gets_a_key_that_is_shown_once(browse: Open, world: World, auth: Auth) -> None:
    admin = browse("superadmin")
    answer = await admin.send("service_accounts/new", "service_accounts/new", {"name": "Loader"})
    page = answer.headers["location"].partition("?")[0]
    made = await admin.send(page, f"{page}/key", expects=200)
    key = made.text.partition('id="new-key">')[2].partition("<")[0]
    record = await auth.needs.authority.record(key)
    assert record is not None
    assert record.service_account
    assert made.headers["cache-control"] == "no-store"
    assert key not in (await admin.get(page)).text
    again = await admin.send(page, f"{page}/key", expects=200)
    assert again.text.partition('id="new-key">')[2].partition("<")[0] != key
    assert await auth.needs.authority.record(key) is None
    assert (
        await _one(auth, select(func.count()).select_from(ApiKey).where(ApiKey.user_id == int(page.rpartition("/")[2])))
        == 1
    )


async def test_a_long_list_says_that_it_is_cut(browse: Open, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    page, said = f"datasets/{world.datasets[LAB]}", "Only the first 2 are shown."
    assert said not in text_of(await browse("superadmin").get(page))
    monkeypatch.setattr(dataset_pages, "_MOST", 2)
    assert said in text_of(await browse("superadmin").get(page))


async def test_a_group_is_made_filled_renamed_and_removed(browse: Open, world: World, auth: Auth) -> None:
    admin, viewer = browse("superadmin"), world.users["viewer"]
    answer = await admin.send("groups/new", "groups/new", {"name": "Tracers"})
    page = answer.headers["location"].partition("?")[0]
    group_id = int(page.rpartition("/")[2])
    found = await admin.get(f"{page}?person=viewer@example.org")
    assert "Viewer" in text_of(found)
    await admin.send(f"{page}?person=viewer@example.org", f"{page}/members", {"user_id": str(viewer)})
    assert "belongs to it" in text_of(await admin.get(f"{page}?person=viewer"))
    await admin.send(page, f"{page}/members/{viewer}", {"admin": "y"})
    is_admin = select(Membership.admin).where(Membership.group_id == group_id, Membership.user_id == viewer)
    assert await _one(auth, is_admin) is True
    await admin.send(page, f"{page}/members/{viewer}", {"admin": ""})
    assert await _one(auth, is_admin) is False
    await admin.send(page, f"{page}/members/{viewer}/remove")
    assert await _one(auth, is_admin) is None
    await admin.send(page, page, {"name": "Proofreaders"})
    assert await _one(auth, select(Group.name).where(Group.id == group_id)) == "Proofreaders"
    await admin.send(f"{page}/remove", f"{page}/remove", {"sure": "Proofreaders"})
    assert await _one(auth, select(Group.id).where(Group.id == group_id)) is None


async def test_a_dataset_gets_terms_admins_grants_and_tables(browse: Open, world: World, auth: Auth) -> None:
    admin, group = browse("superadmin"), world.groups["editors"]
    answer = await admin.send("datasets/new", "datasets/new", {"name": "new_data", "tos": str(world.tos)})
    page = answer.headers["location"].partition("?")[0]
    dataset_id = int(page.rpartition("/")[2])
    told = [("group_id", str(group)), ("permission_ids", "1"), ("permission_ids", "2")]
    await admin.send(f"{page}?group=editors", f"{page}/grants", told)
    granted = select(func.count()).select_from(Grant).where(Grant.dataset_id == dataset_id)
    assert await _one(auth, granted) == 2
    await admin.send(page, f"{page}/grants/{group}/2/remove")
    assert await _one(auth, granted) == 1
    nobody = world.users["nobody"]
    await admin.send(f"{page}?person=nobody", f"{page}/admins", {"user_id": str(nobody)})
    record = await auth.needs.authority.record(world.tokens["nobody"])
    assert record is not None
    assert record.datasets_admin == ("new_data",)
    await admin.send(page, f"{page}/admins/{nobody}/remove")

    table = {"service_name": "datastack", "table_name": "new_v1", "dataset": str(dataset_id)}
    assert f'value="{dataset_id}" selected' in (await admin.get(f"tables/new?dataset={dataset_id}")).text
    answer = await admin.send("tables/new", "tables/new", table)
    assert await auth.needs.authority.dataset_of("datastack", "new_v1") == "new_data"
    refused = await admin.send(f"{page}/remove", f"{page}/remove", {"sure": "new_data"}, expects=422)
    assert "still needed elsewhere" in text_of(refused)
    table_page = answer.headers["location"].partition("?")[0]
    answer = await admin.send(table_page, table_page, {**table, "dataset": str(world.datasets[LAB])})
    assert await auth.needs.authority.dataset_of("datastack", "new_v1") == LAB
    found = await _one(auth, select(ServiceTable.id).where(ServiceTable.table_name == "new_v1"))
    await admin.get(answer.headers["location"])
    await admin.send(f"tables/{found}/remove", f"tables/{found}/remove", {"sure": "new_v1"})
    assert await auth.needs.authority.dataset_of("datastack", "new_v1") is None

    await admin.send(page, page, {"name": "newer_data", "tos": ""})
    assert await _one(auth, select(Dataset.tos_id).where(Dataset.name == "newer_data")) is None
    await admin.send(f"{page}/remove", f"{page}/remove", {"sure": "newer_data"})
    assert await _one(auth, granted) == 0


async def test_terms_are_previewed_before_they_are_saved(browse: Open, world: World, auth: Auth) -> None:
    admin, markdown = browse("superadmin"), "# Rules\n\n<script>alert(1)</script> [x](javascript:alert(2)) **kind**"
    token = await admin.csrf()
    told = [("csrf_token", token), ("name", "T2"), ("text", markdown)]
    shown = await admin.post("terms/preview", told, expects=200)
    assert "<h2>Rules</h2>" in shown.text
    assert "<strong>kind</strong>" in shown.text
    assert "<script>alert" not in shown.text
    assert 'href="javascript' not in shown.text
    assert await _one(auth, select(Tos.id).where(Tos.name == "T2")) is None
    answer = await admin.post("terms/new", told)
    page = answer.headers["location"].partition("?")[0]
    assert "<strong>kind</strong>" in (await admin.get(page)).text
    shown = await admin.post(f"{page.replace('/terms/', '/terms/preview?id=')}", told, expects=200)
    assert f'action="{page.removeprefix("https://auth.example.org")}"' in shown.text
    await admin.send(page, page, {"name": "T3", "text": "new"})
    assert await _one(auth, select(Tos.text).where(Tos.name == "T3")) == "new"
    await admin.send(f"{page}/remove", f"{page}/remove", {"sure": "T3"})
    refused = await admin.send(f"terms/{world.tos}/remove", f"terms/{world.tos}/remove", {"sure": "Rules"}, expects=422)
    assert "still needed elsewhere" in text_of(refused)


async def test_roots_viewers_institutions_and_permissions(browse: Open, world: World, auth: Auth) -> None:
    admin = browse("superadmin")
    root = {"table_id": "h01_table", "root_id": str(2**62), "public": "y"}
    answer = await admin.send("roots/new", "roots/new", root)
    page = answer.headers["location"].partition("?")[0]
    assert await auth.needs.authority.is_public("h01_table", 2**62)
    again = await admin.send("roots/new", "roots/new", root, expects=422)
    assert "Root id is there already." in text_of(again)
    await admin.send(page, page, {"table_id": "h01_table", "root_id": str(2**62)})
    assert await _one(auth, select(PublicRoot.public).where(PublicRoot.root_id == 2**62)) is False

    answer = await admin.send("apps/new", "apps/new", {"url": "https://viewer.example.org"})
    page = answer.headers["location"].partition("?")[0]
    assert "Origin is no origin" in text_of(await admin.send("apps/new", "apps/new", {"url": "x"}, expects=400))
    assert "there already" in text_of(
        await admin.send("apps/new", "apps/new", {"url": "https://viewer.example.org/"}, expects=422)
    )
    await admin.send(f"{page}/remove", f"{page}/remove", {"sure": "https://viewer.example.org"})

    answer = await admin.send(
        "affiliations/new", "affiliations/new", {"name": "Inst", "contact_name": "", "contact_email": ""}
    )
    institution = answer.headers["location"].partition("?")[0].rpartition("/")[2]
    stay = {"user": str(world.users["viewer"]), "affiliation": institution, "start": "2026-01-02", "end": ""}
    answer = await admin.send("user_affiliations/new", "user_affiliations/new", stay)
    page = answer.headers["location"].partition("?")[0]
    wrong = await admin.send(page, page, {**stay, "end": "2025-01-01"}, expects=400)
    assert "end is before the start" in text_of(wrong)
    assert "is a day" in text_of(await admin.send(page, page, {**stay, "start": "yesterday"}, expects=422))
    await admin.send(page, page, {**stay, "end": "2027-01-01"})
    assert str(await _one(auth, select(UserAffiliation.end))) == "2027-01-01 00:00:00"
    await admin.send(f"users/{stay['user']}", f"users/{stay['user']}/institutions/{institution}/remove")
    assert await _one(auth, select(UserAffiliation.id)) is None

    answer = await admin.send("permissions/new", "permissions/new", {"name": "admin_view"})
    page = answer.headers["location"].partition("?")[0]
    await admin.send(page, page, {"name": "overview"})
    await admin.send(f"{page}/remove", f"{page}/remove", {"sure": "overview"})
    assert "they stay" in text_of(await admin.get("permissions/1"))


async def test_the_audit_log_is_filtered_and_turned_page_by_page(browse: Open, world: World, auth: Auth) -> None:
    admin = browse("superadmin")
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        for number in range(60):
            change.note("group.rename", "group/77", before={"name": f"g{number}"}, after={"name": f"g{number + 1}"})
    first = await admin.get("audit")
    assert first.text.count("<tr>") == 51
    older = first.text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = await admin.get(f"audit{older}")
    assert "g60" in first.text
    assert "g60" not in second.text
    assert "g2" in second.text
    grants = text_of(await admin.get("audit?action=grant"))
    assert "grant.add" in grants
    assert "user.create" not in grants.partition("Change")[2]
    assert "Nothing." in text_of(await admin.get("audit?actor=stranger@example.org"))
    await admin.send("groups/new", "groups/new", {"name": "by me"})
    mine = text_of(await admin.get("audit?actor=superadmin@example.org"))
    assert "group.create" in mine
    assert "192.0.2.7" in mine


async def test_links_of_the_former_administration_begin_at_a_public_page(pages_client: httpx.AsyncClient) -> None:
    for path in ("", "/", "/index.html"):
        answer = await pages_client.get(HOME + path)
        assert answer.status_code == 200
        assert "admin-links.js" in answer.text
    script = answer.text.partition('src="/auth/static/admin-links.js')[2].partition('"')[0]
    assert (await pages_client.get(f"https://auth.example.org/auth/static/admin-links.js{script}")).status_code == 200
    assert (await pages_client.get(f"{HOME}/overview", headers={"Accept": "text/html"})).status_code == 302


async def test_people_are_told_as_a_table_by_date(browse: Open, world: World) -> None:
    admin = browse("superadmin")
    assert f"{utc_now():%Y-%m} {len(world.users) - 1} " in text_of(await admin.get("stats"))
    table = (await admin.get("stats/people.csv")).text
    assert "viewer@example.org" in table
    assert "Robot" not in table
    assert (await admin.get("stats/people.csv?until=2001-01-01")).text.count("\n") == 1
    await admin.get("stats/people.csv?from=x", expects=400)
