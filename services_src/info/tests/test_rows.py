"""Rows for programs: what superadmins read and write, and what is told apart as declared."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from karst_platform.permissions import declared
from services_src.info.tests.conftest import Client
from services_src.info.tests.support import API, ROOT, caller
from services_src.info.tests.test_matrix import CALLERS

pytestmark = pytest.mark.anyio
ROWS = f"{API}/rows"
DEMO = {"X-Karst-Declaration": "demo"}
TINY = {"name": "tiny_v1", "image_source": "precomputed://gs://tiny/em", "display_name": "Tiny", "description": None}
STACK = {
    "name": "tiny",
    "aligned_volume": "tiny_v1",
    "local_server": "https://local.example.org",
    "viewer_resolution_x": 8,
    "base_link_id": 5381423674163200,
}


async def test_everybody_but_superadmins_is_refused(as_: Client, app: FastAPI) -> None:
    asked = [each for each in declared(app) if each.path.startswith("/api/v2/rows")]
    assert {each.method for each in asked} == {"GET", "POST", "PUT", "DELETE"}
    for name in CALLERS:
        async with as_(name) as client:
            for each in asked:
                path = each.path.replace("{kind}", "datastack").replace("{row_id}", "99999")
                status = (await client.request(each.method, ROOT + path, content=b"[")).status_code
                known = name not in (None, "disabled")
                assert (status not in (401, 403)) if name in ("admin", "both") else status == (403 if known else 401)


async def test_rows_are_made_changed_and_taken_away(writable: FastAPI) -> None:
    async with caller(writable, "admin") as client:
        volume = (await client.post(f"{ROWS}/alignedvolume", json=TINY)).json()
        assert volume == {"id": volume["id"], **TINY, "declaration": None}
        made = (await client.post(f"{ROWS}/datastack", json=STACK, headers=DEMO)).json()
        assert (made["declaration"], made["aligned_volume"], made["viewer_resolution_x"]) == ("demo", "tiny_v1", 8)
        assert made in (await client.get(f"{ROWS}/datastack")).json()
        path = f"{ROWS}/datastack/{made['id']}"
        changed = (await client.put(path, json={"description": "By hand."})).json()
        assert changed == {**made, "description": "By hand."}, "declared still, and the rest as it was"
        refused = await client.delete(f"{ROWS}/alignedvolume/{volume['id']}")
        assert (refused.status_code, "Delete them first" in refused.json()["message"]) == (409, True)
        assert (await client.delete(path)).json() == {"removed": 1}
        assert (await client.delete(path)).json() == {"removed": 0}
        assert (await client.put(path, json={"description": "Gone."})).status_code == 404
        again = (await client.post(f"{ROWS}/datastack", json=STACK)).json()
        assert again["declaration"] is None, "what comes back by hand is somebody's own"


async def test_a_declaration_takes_over_what_it_changes(writable: FastAPI) -> None:
    async with caller(writable, "admin") as client:
        fish = next(row for row in (await client.get(f"{ROWS}/imagesource")).json() if row["name"] == "fish_gcp")
        assert (fish["declaration"], fish["aligned_volume"]) == (None, "fish_v1")
        path = f"{ROWS}/imagesource/{fish['id']}"
        same = (await client.put(path, json={"name": "fish_gcp"}, headers=DEMO)).json()
        assert same == {**fish, "declaration": "demo"}
        page = (await client.get(f"{ROOT}/admin/imagesource/delete", params={"id": fish["id"]})).text
        assert "so it comes back" in page


@pytest.mark.parametrize(
    ("kind", "body", "status", "said"),
    [
        ("alignedvolume", {"name": "fish_v1", "image_source": "precomputed://gs://tiny/em"}, 409, "Name is taken"),
        ("alignedvolume", {"name": "a b", "image_source": "precomputed://gs://a/b"}, 422, "may hold letters"),
        ("alignedvolume", {"name": "ok", "image_source": "gs://a/b"}, 422, "Images"),
        ("alignedvolume", {"name": "ok"}, 422, "Images is missing"),
        ("alignedvolume", {"name": 7, "image_source": "precomputed://gs://a/b"}, 422, "Name is no text"),
        ("alignedvolume", {**TINY, "nmae": "x"}, 422, "There is no such field"),
        ("alignedvolume", {**TINY, "description": "\u0000"}, 422, "can't be shown"),
        ("datastack", {**STACK, "aligned_volume": "none"}, 422, "is the name of none"),
        ("datastack", {**STACK, "aligned_volume": 1}, 422, "is the name of none"),
        ("datastack", {**STACK, "aligned_volume": "fish_v1", "viewer_resolution_x": "8"}, 422, "is no number"),
        ("datastack", {**STACK, "aligned_volume": "fish_v1", "viewer_resolution_x": True}, 422, "is no number"),
        ("datastack", {**STACK, "aligned_volume": "fish_v1", "base_link_id": 1.5}, 422, "is no id"),
        ("nothing", {}, 404, "There are no such rows"),
        ("alignedvolume", [], 422, "dict"),
    ],
)
async def test_what_cannot_be_is_refused(writable: FastAPI, kind: str, body: object, status: int, said: str) -> None:
    async with caller(writable, "admin") as client:
        answer = await client.post(f"{ROWS}/{kind}", json=body)
        assert (answer.status_code, said in answer.text) == (status, True), answer.text
        assert answer.json().keys() <= {"error", "message", "data"}


async def test_a_cookie_alone_changes_nothing(writable: FastAPI) -> None:
    async with caller(writable, "admin") as client:
        token = client.headers.pop("Authorization").removeprefix("Bearer ")
        del client.headers["X-Requested-With"]
        answer: httpx.Response = await client.post(
            f"{ROWS}/alignedvolume", json=TINY, headers={"Cookie": f"middle_auth_token={token}"}
        )
        assert answer.status_code == 403


async def test_names_of_deployments_are_looked_at(writable: FastAPI) -> None:
    async with caller(writable, "admin") as client:
        answer = await client.post(f"{ROWS}/alignedvolume", json=TINY, headers={"X-Karst-Declaration": "a/b"})
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
