"""Addresses of the former administration: bookmarks lead on, and programs that fill in its forms still do."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from sqlalchemy import func, select

from karst_auth.admin.former import MODELS
from karst_auth.main import Auth
from karst_auth.model import Affiliation, AuditEntry, Group, UserAffiliation
from services_src.auth.tests.admin.browsing import ORIGIN, Browser
from services_src.auth.tests.world import LAB, World

Open = Callable[[str], Browser]
FORMER = f"{ORIGIN}/auth/flask_admin"


async def test_bookmarks_lead_to_the_pages_of_today(browse: Open, world: World) -> None:
    admin = browse("superadmin")
    named = "user group affiliation useraffiliation dataset permission tos celltemp servicetable app"
    assert set(MODELS) == set(named.split())
    for model in MODELS:
        for path in (f"{model}/", f"{model}/new/", f"{model}/?search=h01"):
            answer = await admin.get(f"{FORMER}/{path}", expects=303)
            assert answer.headers["location"].startswith(f"/auth/admin/{MODELS[model].path}")
            await admin.get(answer.headers["location"])
        table = await admin.get(f"{FORMER}/{model}/export/csv/")
        assert table.headers["content-type"].startswith("text/csv")
        assert table.text.startswith(MODELS[model].rows.headings[0])
    answer = await admin.get(f"{FORMER}/group/edit/?id={world.groups['viewers']}", expects=303)
    assert answer.headers["location"] == f"/auth/admin/groups/{world.groups['viewers']}"
    await admin.get(f"{FORMER}/group/edit/?id=x", expects=400)
    await admin.get(f"{FORMER}/apikey/", expects=404)
    assert "viewers" in (await admin.get(f"{FORMER}/group/export/csv/")).text
    for path in ("", "//servicetable/"):
        answer = await admin.get(f"{ORIGIN}/sticky/flask_admin{path}", expects=303)
        assert answer.headers["location"].startswith("/sticky/admin/")
        await admin.get(f"{ORIGIN}{answer.headers['location']}")


async def test_programs_fill_in_its_forms(pages_client: httpx.AsyncClient, world: World, auth: Auth) -> None:
    async def post(path: str, fields: dict[str, str], *, expects: int = 302) -> httpx.Response:
        answer = await pages_client.post(f"{FORMER}/{path}", data=fields, headers=world.header("superadmin"))
        assert answer.status_code == expects, answer.text
        return answer

    answer = await post("celltemp/new/", {"table_id": "t", "root_id": "9007199254740993", "public": "y"})
    assert answer.headers["location"] == "/auth/flask_admin/celltemp/"
    assert await auth.needs.authority.is_public("t", 9007199254740993)
    await post(
        "servicetable/new/", {"service_name": "datastack", "table_name": "v2", "dataset": str(world.datasets[LAB])}
    )
    assert await auth.needs.authority.dataset_of("datastack", "v2") == LAB
    await post("servicetable/new/", {"service_name": "datastack", "table_name": "v3", "dataset": "999"}, expects=422)
    await post("dataset/new/", {"name": "d2", "tos": "__None"})
    await post("affiliation/new/", {"name": "Inst", "contact_name": "", "_add_another": "Save and Add Another"})
    async with auth.needs.database.begin() as session:
        place = await session.scalar(select(Affiliation.id))
    joined = {"user": str(world.users["viewer"]), "affiliation": str(place), "start": "2026-01-02 10:00:00", "end": ""}
    await post("useraffiliation/new/", joined)
    async with auth.needs.database.begin() as session:
        row = (await session.scalars(select(UserAffiliation))).one()
        groups = dict((await session.execute(select(Group.name, Group.id))).all())
    assert str(row.start) == "2026-01-02 10:00:00"
    await post(f"useraffiliation/edit/?id={row.id}", {**joined, "end": "2026-03-04"})
    await post("useraffiliation/delete/", {"id": str(row.id)})
    await post("group/new/", {"name": "g2"})
    await post("group/new/", {"name": "g2"}, expects=422)
    await post(f"group/edit/?id={groups['editors']}", {"name": "g3"})
    await post("group/delete/", {"id": str(groups["default"])}, expects=403)
    await post("group/action/", {"action": "delete", "rowid": str(groups["viewers"])})
    await post("group/action/", {"action": "frob", "rowid": "1"}, expects=400)
    async with auth.needs.database.begin() as session:
        assert set((await session.scalars(select(Group.name))).all()) == {"default", "g2", "g3"}
        noted = select(func.count()).select_from(AuditEntry).where(AuditEntry.actor == "superadmin@example.org")
        assert await session.scalar(noted) == 11


async def test_what_a_spreadsheet_would_run_is_a_text(browse: Open, world: World) -> None:
    admin = browse("superadmin")
    await admin.send("groups/new", "groups/new", {"name": "=HYPERLINK(1)"})
    table = (await admin.get(f"{FORMER}/group/export/csv/")).text
    assert "\r\n'=HYPERLINK(1)," in table
