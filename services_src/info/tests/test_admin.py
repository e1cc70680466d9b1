"""The pages of administration: forms by upstream's rule, what they refuse, and who may send them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from services_src.info.tests.conftest import Client
from services_src.info.tests.support import HOST, ROOT, TOKEN_OF, caller

pytestmark = pytest.mark.anyio
ADMIN = f"{ROOT}/admin"
NEW = {
    "name": "eel",
    "display_name": "Eel",
    "aligned_volume": "2",
    "segmentation_source": "graphene://https://local.example.org/segmentation/table/eel",
    "local_server": "https://local.example.org",
    "viewer_resolution_x": "4",
    "viewer_resolution_y": "4.5",
    "viewer_resolution_z": "40",
    "base_link_id": "5381423674163200",
    "synapse_table": "",
}
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE datastack; --",
    "{{ 7 * 7 }}",
    "%00",
    "\u202e\u0000x",
    "a" * 20_000,
    "../../etc/passwd",
    "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
)


@pytest.fixture
async def program(writable: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A script of a superadmin."""
    async with caller(writable, "both") as client:
        yield client


@pytest.fixture
async def browser(writable: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of a superadmin, on a page of ours."""
    headers = {
        "Accept": "text/html",
        "Cookie": f"middle_auth_token={TOKEN_OF['both']}",
        "Origin": HOST,
        "Sec-Fetch-Site": "same-origin",
    }
    async with httpx.AsyncClient(transport=httpx.ASGITransport(writable), base_url=HOST, headers=headers) as client:
        yield client


async def full(program: httpx.AsyncClient, name: str) -> httpx.Response:
    return await program.get(f"{ROOT}/api/v2/datastack/full/{name}")


async def test_scripts_fill_in_forms_as_upstreams(writable: FastAPI, program: httpx.AsyncClient) -> None:
    answer = await program.post(f"{ADMIN}/datastack/new/", data=NEW)
    assert (answer.status_code, answer.headers["location"]) == (302, f"{ADMIN}/datastack/")
    stack = writable.state.info.current.get().datastacks["eel"]
    assert stack.volume.name == "mouse_v1"
    assert (stack.row.viewer_resolution_y, stack.row.base_link_id, stack.row.synapse_table) == (
        4.5,
        5381423674163200,
        None,
    )
    edit = f"{ADMIN}/datastack/edit/?id={stack.row.id}"
    assert (await program.post(edit, data={"description": "Slippery."})).status_code == 302
    row = writable.state.info.current.get().datastacks["eel"].row
    assert (row.description, row.display_name) == ("Slippery.", "Eel"), "what a form doesn't have stays"
    assert (await program.post(edit, data={"display_name": ""})).status_code == 302
    assert writable.state.info.current.get().datastacks["eel"].row.display_name is None
    assert (await program.post(f"{ADMIN}/datastack/delete/", data={"id": str(row.id)})).status_code == 302
    assert "eel" not in writable.state.info.current.get().datastacks


async def test_volumes_and_mirrors_are_made_and_deleted_too(writable: FastAPI, program: httpx.AsyncClient) -> None:
    volume = {"name": "eel_v1", "image_source": "precomputed://gs://eel/em"}
    assert (await program.post(f"{ADMIN}/alignedvolume/new", data=volume)).status_code == 302
    made = writable.state.info.current.get().volumes["eel_v1"].row.id
    mirror = {"name": "eel_gcp", "image_source": "precomputed://gs://eel/em2", "aligned_volume": str(made)}
    assert (await program.post(f"{ADMIN}/imagesource/new", data=mirror)).status_code == 302
    known = writable.state.info.current.get()
    assert [each.name for each in known.volumes["eel_v1"].mirrors] == ["eel_gcp"]
    refused = await program.post(f"{ADMIN}/alignedvolume/delete", data={"id": str(made)})
    assert (refused.status_code, refused.json()["message"]) == (
        409,
        "Image mirrors still need it: eel_gcp. Delete them first.",
    )
    ids = [str(each.id) for each in known.mirrors]
    action = {"action": "delete", "rowid": ids}
    assert (await program.post(f"{ADMIN}/imagesource/action", data=action)).status_code == 302
    assert writable.state.info.current.get().mirrors == ()
    assert (await program.post(f"{ADMIN}/imagesource/action", data={"action": "drop"})).status_code == 400


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name": ""}, "Name is missing."),
        ({"name": "fish"}, "Name is taken"),
        ({"name": "a/b"}, "Name may hold letters"),
        ({"local_server": ""}, "Local server is missing."),
        ({"local_server": "https://local.example.org/"}, "Local server ends with"),
        ({"segmentation_source": "graphene://https://local.example.org/table/x/"}, "leave it out"),
        ({"aligned_volume": "99"}, "There is no such aligned volume."),
        ({"aligned_volume": "mouse"}, "Aligned volume is no id."),
        ({"aligned_volume": "9" * 30}, "Aligned volume is no id."),
        ({"viewer_resolution_x": "wide"}, "Voxel, x is no number."),
        ({"viewer_resolution_x": "inf"}, "is no size of a voxel"),
        ({"base_link_id": str(1 << 60)}, "Base state is no id."),
        ({"synapse_table": "x" * 101}, "is longer than 100 characters"),
        ({"viewer_site": "javascript:alert(1)"}, "Viewer is no address of a viewer"),
    ],
)
async def test_what_is_wrong_stands_at_its_field(as_: Client, changed: dict[str, str], told: str) -> None:
    async with as_("both") as program:
        answer = await program.post(f"{ADMIN}/datastack/new", data={**NEW, **changed})
        assert (await program.get(f"{ROOT}/api/v2/datastack/eel")).status_code == 400, "nothing was made"
    assert answer.status_code == 422
    assert answer.text.count(told.replace("'", "&#39;")) >= 2, "at the field and above the form"
    (field,) = changed
    assert re.search(rf'id="field-{field}"[^>]*aria-invalid="true"', answer.text)
    assert 'value="Eel"' in answer.text, "what was written stays"


async def test_old_mistakes_keep_nobody_from_changing_something_else(
    writable: FastAPI, program: httpx.AsyncClient
) -> None:
    from sqlalchemy import text  # noqa: PLC0415

    info = writable.state.info
    async with info.database.begin() as session:
        await session.execute(text("UPDATE datastack SET local_server = 'http://old/' WHERE name = 'mouse'"))
    number = (await info.current.refresh()).datastacks["mouse"].row.id
    listed = await program.get(f"{ADMIN}/datastack")
    assert "Local server ends with" in listed.text, "the list says what to look at"
    edit = f"{ADMIN}/datastack/edit?id={number}"
    assert (await program.post(edit, data={"description": "x", "local_server": "http://old/"})).status_code == 302
    assert (await program.post(edit, data={"local_server": "http://older/"})).status_code == 422


async def test_people_fill_in_the_form_that_they_see(writable: FastAPI, browser: httpx.AsyncClient) -> None:
    page = await browser.get(f"{ADMIN}/datastack/edit?id=1")
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    assert hidden.keys() == {"csrf_token", "seen"}
    saved = await browser.post(f"{ADMIN}/datastack/edit?id=1", data={**hidden, "description": "New."})
    assert saved.status_code == 302
    again = await browser.post(f"{ADMIN}/datastack/edit?id=1", data={**hidden, "description": "Older."})
    assert again.status_code == 422
    assert "Somebody else changed this meanwhile" in again.text
    assert writable.state.info.current.get().datastacks["fish"].row.description == "New."


async def test_forms_of_other_pages_change_nothing(writable: FastAPI, browser: httpx.AsyncClient) -> None:
    data = {"id": "3"}
    for headers in ({}, {"Origin": "https://evil.example.org", "Sec-Fetch-Site": "cross-site"}):
        for path in ("new", "edit?id=3", "delete", "action"):
            answer = await browser.post(f"{ADMIN}/datastack/{path}", data=data, headers=headers)
            # The cookie of whoever looks at a page of another site doesn't count at all.
            assert answer.status_code == (401 if headers else 403), path
    assert "mouse" in writable.state.info.current.get().datastacks


_OTHERS = (("group_admin", 403), ("dataset_admin", 403), ("robot", 403))


async def test_only_superadmins_may(writable: FastAPI) -> None:
    paths = ("", "/datastack", "/datastack/new", "/datastack/edit?id=1", "/datastack/details?id=1", "/nothing")
    for name, status in ((None, 401), ("disabled", 401), ("stranger", 403), ("viewer", 403), ("editor", 403), *_OTHERS):
        async with caller(writable, name) as client:
            for path in (*paths, "/datastack/delete?id=1", "/datastack/export/csv"):
                assert (await client.get(ADMIN + path)).status_code == status, (name, path)
            for path in ("new", "edit?id=1", "delete", "action"):
                answer = await client.post(f"{ADMIN}/datastack/{path}", data={"id": "1", "rowid": "1"})
                assert answer.status_code == status, (name, path)
    async with caller(writable, "admin") as client:
        for path in paths[:-1]:
            assert (await client.get(ADMIN + path)).status_code == 200
        for path in ("/nothing", "/datastack/edit?id=99", "/datastack/details?id=x", "/datastack/delete?id="):
            assert (await client.get(ADMIN + path)).status_code == 404
    assert len(writable.state.info.current.get().datastacks) == 4


async def test_details_say_whether_anybody_may_see_it(program: httpx.AsyncClient) -> None:
    for number, told in ((1, "<td>fish</td>"), (4, "nobody may see it")):
        page = await program.get(f"{ADMIN}/datastack/details?id={number}")
        assert told in page.text
    assert 'href="https://auth.example.org/sticky_auth/flask_admin/servicetable/"' in page.text
    assert "Dataset in auth" not in (await program.get(f"{ADMIN}/imagesource/details?id=1")).text


async def test_nothing_else_is_assigned(writable: FastAPI, program: httpx.AsyncClient) -> None:
    told = {**NEW, "id": "77", "aligned_volume_id": "1", "revision": "9", "__class__": "x"}
    assert (await program.post(f"{ADMIN}/datastack/new", data=told)).status_code == 302
    row = writable.state.info.current.get().datastacks["eel"].row
    assert row.id != 77
    assert row.aligned_volume_id == 2


async def test_hostile_texts_are_kept_as_texts_or_refused(writable: FastAPI, program: httpx.AsyncClient) -> None:
    for text in HOSTILE:
        answer = await program.post(
            f"{ADMIN}/datastack/new", data={**NEW, "display_name": text[:90], "description": text}
        )
        assert answer.status_code in (302, 422)
        pages = [answer.text]
        if answer.status_code == 302:
            number = writable.state.info.current.get().datastacks["eel"].row.id
            paths = ("", f"/details?id={number}", f"/edit?id={number}", f"/delete?id={number}")
            pages += [(await program.get(f"{ADMIN}/datastack{path}")).text for path in paths]
            gone = await program.post(f"{ADMIN}/datastack/delete", data={"id": str(number)})
            assert gone.status_code == 302
        for field in ("name", "aligned_volume", "base_link_id", "viewer_resolution_x", "local_server", "viewer_site"):
            refused = await program.post(f"{ADMIN}/datastack/new", data={**NEW, field: text})
            assert refused.status_code == 422, field
            pages.append(refused.text)
        for path, query in (("", {"search": text[:50]}), ("/details", {"id": text[:50]})):
            found = await program.get(f"{ADMIN}/datastack{path}", params=query)
            assert found.status_code in (200, 404)
            pages += [found.text] if found.headers["content-type"].startswith("text/html") else []
        assert not [page for page in pages if "<script>alert" in page or "<img src=x" in page]


async def test_tables_for_spreadsheets_hold_no_formula(program: httpx.AsyncClient) -> None:
    told = {**NEW, "description": '=HYPERLINK("https://evil.example.org")'}
    await program.post(f"{ADMIN}/datastack/new", data=told)
    answer = await program.get(f"{ADMIN}/datastack/export/csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert "\"'=HYPERLINK" in answer.text
    assert 'fish,"Fish, proofread"' in answer.text


async def test_many_make_the_same_at_once_and_one_does(writable: FastAPI, program: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(program.post(f"{ADMIN}/datastack/new", data=NEW) for _ in range(12)))
    assert sorted(each.status_code for each in answers) == [302] + [422] * 11
    number = writable.state.info.current.get().datastacks["eel"].row.id
    edit = f"{ADMIN}/datastack/edit?id={number}"
    fields = ("display_name", "description", "synapse_table", "soma_table")
    changes = [{each: f"{each}_x"} for each in fields]
    assert {each.status_code for each in await asyncio.gather(*(program.post(edit, data=one) for one in changes))} == {
        302
    }
    row = writable.state.info.current.get().datastacks["eel"].row
    assert [getattr(row, each) for each in fields] == [f"{each}_x" for each in fields], "no change is lost"
    gone = await asyncio.gather(
        *(program.post(f"{ADMIN}/datastack/delete", data={"id": str(number)}) for _ in range(6))
    )
    assert {each.status_code for each in gone} <= {302, 404}


async def test_another_process_learns_of_a_change(writable: FastAPI, program: httpx.AsyncClient) -> None:
    from karst_info.current import Current  # noqa: PLC0415

    other = Current(writable.state.info.database, ROOT)
    before = await other.refresh()
    assert await other.refresh() is before, "nothing is read where nothing changed"
    await program.post(f"{ADMIN}/datastack/new", data=NEW)
    assert "eel" in (await other.refresh()).datastacks
