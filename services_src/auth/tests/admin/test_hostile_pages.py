"""What people write to harm others, or by mistake: names that are scripts, fields of other forms, bytes no text has."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from urllib.parse import quote

import httpx
from sqlalchemy import func, select, text

from karst_auth.admin.areas import AREAS
from karst_auth.changes import datasets, groups, institutions, tables, terms, users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.main import Auth
from karst_auth.model import AuditEntry, Group, User
from services_src.auth.tests.admin.browsing import Browser, text_of
from services_src.auth.tests.world import LAB, World

Open = Callable[[str], Browser]
SCRIPT = "\"><script>alert(1)</script>'{{7*7}}&lt;"


async def test_names_are_texts_wherever_they_stand(browse: Open, world: World, auth: Auth) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        user = await users.create(change, name=SCRIPT, address="x@example.org", pi=SCRIPT)
        robot, _ = await users.create_service_account(change, name=SCRIPT, parent_id=user)
        group = await groups.create(change, name=SCRIPT, admin_id=user)
        tos = (await terms.create(change, name=SCRIPT, markdown=f"{SCRIPT} <img src=x onerror=alert(1)>")).id
        dataset = (await datasets.create(change, name=SCRIPT, tos_id=tos)).id
        await datasets.add_admin(change, dataset_id=dataset, user_id=user)
        permission = (await datasets.create_permission(change, name=SCRIPT)).id
        await datasets.grant(change, dataset_id=dataset, group_id=group, permission_ids=[permission])
        await tables.map_table(change, namespace=SCRIPT, table=SCRIPT, dataset=SCRIPT)
        await tables.set_public(change, table=SCRIPT, root_id=7, is_public=True)
        place = await institutions.create(change, name=SCRIPT, contact_name=SCRIPT, contact_email=SCRIPT)
        await institutions.join(change, affiliation_id=place, user_id=user)
    admin = browse("superadmin")
    own = [f"users/{user}?group=script", f"service_accounts/{robot}", f"groups/{group}?person=script"]
    own += [
        f"datasets/{dataset}?person=script&group=script",
        f"terms/{tos}",
        f"terms/{tos}/remove",
        f"affiliations/{place}",
    ]
    for path in [
        *(each.path for each in AREAS),
        *own,
        "audit",
        "audit?subject=" + SCRIPT,
        "tables/new",
        "users?search=<script>",
    ]:
        page = (await admin.get(path)).text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert "49&lt;" not in page, path
    assert "&lt;script&gt;alert(1)" in (await admin.get(f"groups/{group}")).text


async def test_forms_take_no_field_that_they_do_not_show(browse: Open, world: World, auth: Auth) -> None:
    admin, viewer = browse("superadmin"), world.users["viewer"]
    token = await admin.csrf()
    for path, fields in {
        "groups/new": {"name": "g", "id": "1"},
        f"users/{viewer}": {"name": "V", "pi": "", "active": ""},
        f"users/{viewer}#": {"name": "V", "pi": "", "email": "superadmin@example.org"},
        f"users/{viewer}##": {"name": "V", "pi": "", "parent_id": "1"},
        "users/new": {"name": "V", "email": "v@example.org", "created": "2001-01-01"},
        f"service_accounts/{world.users['robot']}": {"name": "R", "pi": "", "parent_id": "6"},
        f"datasets/{world.datasets[LAB]}": {"name": LAB, "tos": "", "id": "9"},
        "terms/new": {"name": "T", "text": "t", "created": "x"},
    }.items():
        answer = await admin.post(path.rstrip("#"), [("csrf_token", token), *fields.items()], expects=400)
        assert "The form has no field" in text_of(answer)
    async with auth.needs.database.begin() as session:
        row = await session.get(User, viewer)
        assert row is not None
        assert (row.name, row.email, row.active, row.parent_id) == ("Viewer", "viewer@example.org", True, None)


async def test_only_our_own_pages_send_forms(browse: Open, world: World, auth: Auth) -> None:
    admin, fields = browse("superadmin"), [("name", "stolen")]
    token, others = (
        await admin.csrf(),
        dict(
            browse("group_admin").forms(await browse("group_admin").get(f"groups/{world.groups['viewers']}"))[-1].values
        )["csrf_token"],
    )
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.org"}
    await admin.post("groups/new", fields, expects=403)
    await admin.post("groups/new", [("csrf_token", "0" * 80), *fields], expects=403)
    await admin.post("groups/new", [("csrf_token", others), *fields], expects=403)
    answer = await admin.post("groups/new", [("csrf_token", token), *fields], expects=401, headers=foreign)
    assert "stolen" not in answer.text
    await admin.post(
        "groups/new", [("csrf_token", token), *fields], expects=403, headers={"Sec-Fetch-Site": "same-site"}
    )
    await admin.post("groups/new", [("csrf_token", token)], expects=415, headers={"Content-Type": "text/plain"})
    async with auth.needs.database.begin() as session:
        assert await session.scalar(select(Group.id).where(Group.name == "stolen")) is None


ODD = ("a\0b", "x" * 100_000, "\ud800", " ", "9" * 400, "'; --", "\u0661")


async def test_odd_values_are_refused_or_kept_as_they_are(
    pages_client: httpx.AsyncClient, browse: Open, world: World
) -> None:
    token = await browse("superadmin").csrf()
    cookie = {"Cookie": f"middle_auth_token={world.tokens['superadmin']}", "Sec-Fetch-Site": "same-origin"}
    own = (f"groups/{world.groups['viewers']}", f"datasets/{world.datasets[LAB]}")
    searches = {
        **dict.fromkeys(own, ("person", "group", "after")),
        "users": ("search", "after", "before"),
        "roots": ("search", "before"),
        "audit": ("subject", "actor", "action", "before"),
        "stats/people.csv": ("from", "until"),
    }
    fields = {each.path: await _fields(browse("superadmin"), f"{each.path}/new") for each in AREAS}
    for value in ODD:
        told = quote(value.encode(errors="surrogatepass"))
        for path, names in searches.items() if len(value) < 1000 else ():
            for name in names:
                answer = await pages_client.get(f"/auth/admin/{path}?{name}={told}", headers=cookie)
                assert answer.status_code in (200, 400, 422), (path, name, value, answer.text)
        for path, names in fields.items():
            body = "&".join(f"{name}={told}" for name in names) + f"&csrf_token={token}"
            headers = {**cookie, "Content-Type": "application/x-www-form-urlencoded"}
            answer = await pages_client.post(f"/auth/admin/{path}/new", content=body, headers=headers)
            is_text = value in ("'; --", "\u0661")
            assert answer.status_code in ((303, 400, 422) if is_text else (400, 413, 422)), (path, value, answer.text)
        for path in (*own, f"users/{world.users['viewer']}") if len(value) < 10 else ():
            for form in ("members", "grants", "admins", "groups"):
                body = f"user_id={told}&group_id={told}&permission_ids={told}&csrf_token={token}"
                headers = {**cookie, "Content-Type": "application/x-www-form-urlencoded"}
                answer = await pages_client.post(f"/auth/admin/{path}/{form}", content=body, headers=headers)
                assert answer.status_code in (400, 404, 413, 422), (path, form, value, answer.text)


async def _fields(browser: Browser, path: str) -> list[str]:
    """Names of all fields that people fill in."""
    page = (await browser.get(path)).text
    return re.findall(r'<(?:input|select|textarea)[^>]* name="([a-z_]+)"', page.partition('<form class="card"')[2])[1:]


async def test_literal_signs_of_patterns(browse: Open, world: World, auth: Auth) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        for name in ("100% sure", "under_score", "back\\slash"):
            await groups.create(change, name=name)
    admin = browse("superadmin")
    for sign, name in (("%25", "100% sure"), ("_", "under_score"), ("%5C", "back\\slash")):
        listed = text_of(await admin.get(f"groups?search={sign}"))
        assert name in listed
        assert "viewers" not in listed
        assert name in text_of(await admin.get(f"datasets/{world.datasets[LAB]}?group={sign}"))


async def test_the_second_of_two_is_told_and_overwrites_nothing(browse: Open, world: World, auth: Auth) -> None:
    first, second = browse("superadmin"), browse("superadmin")
    page = f"groups/{world.groups['editors']}"
    seen = next(each for each in second.forms(await second.get(page)) if each.action.endswith(page))
    await first.send(page, page, {"name": "Proofreaders"})
    answer = await second.post(seen.action, [*seen.values, ("name", "Annotators")], expects=409)
    said = text_of(answer)
    assert "Superadmin changed this while you had it open, so nothing of yours was saved." in said
    assert "Name is now: Proofreaders" in said
    assert 'value="Annotators"' in answer.text
    async with auth.needs.database.begin() as session:
        assert await session.scalar(select(Group.name).where(Group.id == world.groups["editors"])) == "Proofreaders"
    again = next(each for each in second.forms(answer) if each.action.endswith(page))
    await second.post(again.action, [*again.values, ("name", "Annotators")])
    async with auth.needs.database.begin() as session:
        assert await session.scalar(select(Group.name).where(Group.id == world.groups["editors"])) == "Annotators"


async def test_of_two_in_the_same_moment_one_is_told(browse: Open, world: World, auth: Auth) -> None:
    admin, page = browse("superadmin"), f"groups/{world.groups['editors']}"
    form = next(each for each in admin.forms(await admin.get(page)) if each.action.endswith(page))
    names = ("one", "two", "three", "four")
    answers = await asyncio.gather(*(admin.try_post(form.action, [*form.values, ("name", name)]) for name in names))
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409]
    saved = names[[answer.status_code for answer in answers].index(303)]
    async with auth.needs.database.begin() as session:
        assert await session.scalar(select(Group.name).where(Group.id == world.groups["editors"])) == saved
        renamed = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "group.rename")
        assert await session.scalar(renamed) == 1


async def test_two_who_change_one_member_at_once(browse: Open, world: World, auth: Auth) -> None:
    group, viewer = world.groups["viewers"], world.users["viewer"]
    page, member = f"groups/{group}", f"groups/{group}/members/{world.users['viewer']}"
    superadmin, group_admin = browse("superadmin"), browse("group_admin")
    forms = group_admin.forms(await group_admin.get(page))
    toggle = next(each for each in forms if each.action.endswith(f"/members/{viewer}"))
    remove = next(each for each in forms if each.action.endswith(f"/members/{viewer}/remove"))
    await superadmin.send(page, member, {"admin": "y"})
    told = text_of(await group_admin.post(remove.action, remove.values, expects=409))
    assert "Superadmin changed this while you had it open" in told
    assert "@example.org changed" not in told
    await group_admin.post(toggle.action, toggle.values, expects=409)
    await superadmin.send(page, f"{member}/remove")
    told = text_of(await group_admin.post(toggle.action, toggle.values, expects=404))
    assert "somebody removed them meanwhile" in told
    await superadmin.send(f"{page}?person=viewer", f"{page}/members", {"user_id": str(viewer)})
    token = dict(toggle.values)["csrf_token"]
    again = await group_admin.post(f"{page}/members", [("csrf_token", token), ("user_id", str(viewer))], expects=422)
    assert "there already" in text_of(again)
    async with auth.needs.database.begin() as session:
        count = select(func.count()).select_from(AuditEntry).where(AuditEntry.subject == f"group/{group}")
        assert await session.scalar(count.where(AuditEntry.action == "group.set_admin")) == 1


async def test_long_lists_are_turned_both_ways_without_counting_rows(browse: Open, world: World, auth: Auth) -> None:
    people = "SELECT 'P' || n, 'p' || n || '@example.org' FROM generate_series(1, 20000) n"
    fill = f'INSERT INTO "user" (name, email) {people}'
    async with auth.needs.database.begin() as session:
        await session.execute(text(fill))
        await session.execute(
            text('INSERT INTO user_group (user_id, group_id) SELECT id, 2 FROM "user" WHERE id > 100')
        )
        await session.execute(text("ANALYZE"))
    admin = browse("superadmin")
    first = await admin.get("users")
    second = await admin.get("users" + _link(first, "next"))
    third = await admin.get("users" + _link(second, "next"))
    assert _names(await admin.get("users" + _link(third, "prev"))) == _names(second)
    back = await admin.get("users" + _link(second, "prev"))
    assert _names(back) == _names(first) == [f"P{n}" for n in range(20000, 19975, -1)]
    members = await admin.get("groups/2")
    assert _names(await admin.get("groups/2" + _link(members, "next")))[0] != _names(members)[0]
    assert "P19999" in text_of(await admin.get("users?search=p19999@example.org"))
    found = await admin.get("users?search=P1999")
    assert len(_names(found)) == 11
    assert 'rel="next"' not in found.text


def _link(page: httpx.Response, rel: str) -> str:
    return page.text.partition(f'rel="{rel}" href="')[2].partition('"')[0].replace("&amp;", "&")


def _names(page: httpx.Response) -> list[str]:
    return [part.partition("</a>")[0].rpartition(">")[2] for part in page.text.split('<th scope="row">')[1:]]
