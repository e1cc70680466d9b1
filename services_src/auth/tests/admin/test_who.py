"""Who may open which page and send which form: the same rules as in the API, and nobody sees more than theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from sqlalchemy import select

from karst_auth.main import Auth
from karst_auth.model import Dataset, Group, Membership
from karst_platform.permissions import declared, undeclared
from services_src.auth.tests.admin.browsing import ORIGIN, Browser, text_of
from services_src.auth.tests.admin.conftest import application
from services_src.auth.tests.world import GATED, LAB, World

Open = Callable[[str], Browser]
_DATASET, _GROUP = "/admin/datasets/{dataset_id:int}", "/admin/groups/{group_id:int}"
_OTHERWISE = {
    "GET /admin": "public",
    "GET /admin/index.html": "public",
    "GET /admin/overview": "some role",
    "GET /admin/groups": "some role",
    "GET /admin/datasets": "some role",
    f"GET {_GROUP}": "group admin",
    f"POST {_GROUP}/members": "group admin",
    f"POST {_GROUP}/members/{{user_id:int}}": "group admin",
    f"POST {_GROUP}/members/{{user_id:int}}/remove": "group admin",
    f"GET {_DATASET}": "dataset admin",
    f"POST {_DATASET}": "dataset admin",
    f"POST {_DATASET}/admins": "dataset admin",
    f"POST {_DATASET}/grants": "dataset admin",
    f"POST {_DATASET}/grants/{{group_id:int}}/{{permission_id:int}}/remove": "dataset admin",
}
"""All others need a superadmin."""
_WHO = {
    "some role": frozenset({"group_admin", "dataset_admin", "superadmin", "robot"}),
    "group admin": frozenset({"group_admin", "superadmin"}),
    "dataset admin": frozenset({"dataset_admin", "superadmin"}),
    "superadmin": frozenset({"superadmin"}),
}
_EVERYBODY = ("viewer", "editor", "nobody", "group_admin", "dataset_admin", "superadmin", "robot")


def _routes() -> Iterator[tuple[str, str, str]]:
    for each in declared(application()):
        if each.path.startswith(("/admin", "/flask_admin")):
            yield each.method, each.path, each.needs[0].name


def test_every_page_declares_what_it_needs() -> None:
    assert undeclared(application()) == []
    found = {f"{method} {path}": need for method, path, need in _routes()}
    assert len(found) > 90
    assert {route: need for route, need in found.items() if need != "superadmin"} == _OTHERWISE


def _filled(path: str, world: World) -> str:
    values = {
        "{dataset_id:int}": str(world.datasets[LAB]),
        "{group_id:int}": str(world.groups["viewers"]),
        "{model}": "group",
    }
    for name, value in values.items():
        path = path.replace(name, value)
    while "{" in path:
        path = path[: path.index("{")] + "999999" + path[path.index("}") + 1 :]
    return f"{ORIGIN}/auth{path}"


async def test_everybody_on_every_page(pages_client: httpx.AsyncClient, world: World) -> None:
    wrong: list[str] = []
    for method, path, need in sorted(_routes()):
        if need == "public":
            continue
        # Who runs a group comes nearest to a superadmin; all roles are asked where several may.
        for who in ("group_admin", "superadmin") if need == "superadmin" else _EVERYBODY:
            # Without the token of a form nothing changes, whoever sends it.
            headers = {"Cookie": f"middle_auth_token={world.tokens[who]}", "Sec-Fetch-Site": "same-origin"}
            answer = await pages_client.request(method, _filled(path, world), headers=headers)
            assert answer.status_code < 500, (method, path, answer.text)
            error = answer.json()["error"] if answer.status_code == 403 else ""
            if (error == "missing_role") is (who in _WHO[need]):
                wrong.append(f"{method} {path} {who}: {answer.status_code} {error}")
            if method == "POST" and who in _WHO[need] and error != "csrf":
                wrong.append(f"{method} {path} {who} without a form's token: {answer.status_code}")
        answer = await pages_client.request(method, _filled(path, world), headers={"X-Requested-With": "Fetch"})
        if answer.status_code != 401:
            wrong.append(f"{method} {path}: {answer.status_code} to nobody")
    assert wrong == []


async def test_group_admins_see_and_change_their_groups_only(browse: Open, world: World, auth: Auth) -> None:
    hers, other = f"groups/{world.groups['viewers']}", f"groups/{world.groups['editors']}"
    browser, viewer = browse("group_admin"), world.users["viewer"]
    listed = text_of(await browser.get("groups"))
    assert "viewers" in listed
    assert "editors" not in listed
    assert "People" not in text_of(await browser.get("overview"))
    await browser.get(other, expects=403)
    page = await browser.get(f"{hers}?person=edit")
    assert "Editor" in text_of(page)
    assert "Rename" not in text_of(page)
    assert "@example.org" not in page.text.replace("group_admin@example.org", "")
    assert "Nobody is called so" in text_of(await browser.get(f"{hers}?person=example.org"))
    assert "Editor" in text_of(await browser.get(f"{hers}?person=editor@example.org"))

    await browser.send(f"{hers}?person=editor", f"{hers}/members", {"user_id": str(world.users["editor"])})
    await browser.send(hers, f"{hers}/members/{world.users['editor']}/remove")
    await browser.send(hers, f"{hers}/members/{viewer}", {"admin": "y"})
    token = dict(browser.forms(await browser.get(hers))[-1].values)["csrf_token"]
    refused = await browser.post(f"{hers}/members/{viewer}/remove", [("csrf_token", token)], expects=403)
    assert "Only a superadmin removes somebody who runs the group" in text_of(refused)
    await browser.post(hers, [("csrf_token", token), ("name", "mine")], expects=403)
    await browser.post(f"{other}/members", [("csrf_token", token), ("user_id", str(viewer))], expects=403)
    async with auth.needs.database.begin() as session:
        names = set((await session.scalars(select(Group.name))).all())
        members = await session.scalars(
            select(Membership.user_id).where(Membership.group_id == world.groups["editors"])
        )
        assert names == {"default", "viewers", "editors"}
        assert viewer not in members.all()


async def test_dataset_admins_see_and_change_their_datasets_only(browse: Open, world: World, auth: Auth) -> None:
    hers, other = f"datasets/{world.datasets[LAB]}", f"datasets/{world.datasets[GATED]}"
    browser = browse("dataset_admin")
    listed = text_of(await browser.get("datasets"))
    assert LAB in listed
    assert GATED not in listed
    await browser.get(other, expects=403)
    told = [("group_id", str(world.groups["viewers"])), ("permission_ids", "2")]
    await browser.send(f"{hers}?group=viewers", f"{hers}/grants", told)
    await browser.send(hers, f"{hers}/grants/{world.groups['viewers']}/2/remove")
    await browser.send(hers, hers, {"tos": str(world.tos)})
    token = dict(browser.forms(await browser.get(hers))[-1].values)["csrf_token"]
    await browser.post(hers, [("csrf_token", token), ("tos", ""), ("name", "mine")], expects=400)
    await browser.post(f"{other}/grants", [("csrf_token", token), *told], expects=403)
    await browser.get(f"{hers}/remove", expects=403)
    async with auth.needs.database.begin() as session:
        row = await session.get(Dataset, world.datasets[LAB])
    assert row is not None
    assert (row.name, row.tos_id) == (LAB, world.tos)


async def test_nobody_takes_away_their_own_rights(browse: Open, world: World) -> None:
    browser, own = browse("superadmin"), f"users/{world.users['superadmin']}"
    page = await browser.get(own)
    assert "Disable" not in text_of(page)
    refused = await browser.send(own, own, {"name": "Superadmin", "pi": ""}, expects=403)
    assert "Nobody takes away their own rights" in text_of(refused)
    refused = await browser.send(f"{own}/disable", f"{own}/disable", expects=403)
    assert "Nobody takes away their own rights" in text_of(refused)
    refused = await browser.send(f"{own}/remove", f"{own}/remove", {"sure": "superadmin@example.org"}, expects=422)
    assert "Nobody removes themselves" in text_of(refused)


@pytest.mark.parametrize("who", ["disabled", "nobody"])
async def test_who_has_no_role_is_shown_out(browse: Open, who: str) -> None:
    expected = 302 if who == "disabled" else 403
    await browse(who).get("overview", expects=expected)
