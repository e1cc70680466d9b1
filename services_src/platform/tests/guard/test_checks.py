"""What checks ask of auth, and what they answer where the table leaves it open."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from karst_platform.cave.guard.authority import Freshness
from karst_platform.cave.guard.record import UserRecord
from karst_platform.cave.guard.tables import require
from karst_platform.permissions import declared, undeclared
from services_src.platform.tests.frame_client import HOST, ask
from services_src.platform.tests.guard.guarded import guarded_app
from services_src.platform.tests.guard.people import EDITOR, MEMBER, READER, STRANGER, Known, token
from services_src.platform.tests.guard.table import ORIGIN, bearer, cookie

pytestmark = pytest.mark.anyio


@pytest.fixture
def known() -> Known:
    return Known()


@pytest.fixture
def app(known: Known) -> FastAPI:
    return guarded_app(known)


def test_the_platform_sees_what_routes_ask(app: FastAPI) -> None:
    assert undeclared(app) == []
    found = {route.path: (route.needs[0].name, route.needs[0].refusal) for route in declared(app)}
    assert found["/in"] == ("authenticated", 403)
    assert found["/volume/{name}"] == ("view of aligned_volume", 403)
    assert found["/root/{table_id}/{root_id}"] == ("view of table, or public", 403)
    assert found["/superadmin"] == ("superadmin", 403)
    assert found["/member"] == ("member of G1", 403)


@pytest.mark.parametrize(
    ("path", "method", "asked"),
    [
        ("/in", "GET", ["record cached"]),
        ("/view/stack", "GET", ["record cached", "dataset datastack stack"]),
        ("/volume/volume", "GET", ["record cached", "dataset aligned_volume volume"]),
        ("/dataset", "GET", ["record cached"]),
        ("/edit/stack", "POST", ["record recent", "dataset datastack stack"]),
        ("/root/stack/864", "GET", ["record cached", "dataset datastack stack"]),
    ],
)
async def test_whoever_may_costs_one_question_each(
    app: FastAPI, known: Known, path: str, method: str, asked: list[str]
) -> None:
    assert (await ask(app, path, method=method, headers=bearer(EDITOR))).status_code == 200
    assert known.asked == asked


async def test_whoever_is_refused_is_looked_up_once_more(app: FastAPI, known: Known) -> None:
    older = known.records[token(STRANGER.id)]
    granted = replace(older, permissions={"h01": ("view",)})

    class Learning(Known):
        async def record(self, token: str, freshness: Freshness = Freshness.CACHED) -> UserRecord | None:
            await super().record(token, freshness)
            return granted if freshness is Freshness.ANEW else older

    learning = Learning()
    app.state.guard.authority = learning
    assert (await ask(app, "/view/stack", headers=bearer(STRANGER))).status_code == 200
    assert learning.asked.count("record anew") == 1
    assert (await ask(app, "/edit/stack", headers=bearer(STRANGER))).status_code == 403


async def test_whoever_is_nobody_is_not_looked_up(app: FastAPI, known: Known) -> None:
    assert (await ask(app, "/in", headers={"Authorization": "Basic x"})).status_code == 400
    assert (await ask(app, "/in", headers=ORIGIN)).status_code == 401
    assert (await ask(app, "/in")).status_code == 302
    assert known.asked == []


async def test_what_is_public_is_asked_only_where_it_matters(app: FastAPI, known: Known) -> None:
    for root, status in (("864", 200), ("9", 401), ("x", 401), ("-1", 401), ("9" * 40, 401), ("٣", 401)):
        assert (await ask(app, f"/root/stack/{root}", headers=ORIGIN)).status_code == status
    assert [each for each in known.asked if each.startswith("is_public")] == [
        "is_public stack 864",
        "is_public stack 864",
        "is_public stack 9",
    ]


@pytest.mark.parametrize(
    "roots", [None, "864", {"864": 1}, [], [True], [864.0], [[864]], ["864", "x"], [-864], [2**63], [864] * 10_001]
)
async def test_strange_lists_of_roots_are_not_public(app: FastAPI, known: Known, roots: object) -> None:
    answer = await ask(
        app, "/roots/stack", method="POST", headers=ORIGIN, content=json.dumps({"roots": roots}).encode()
    )
    assert answer.status_code == 401
    assert known.asked == []


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b"null", b'"roots"'])
async def test_bodies_that_are_none_are_not_public(app: FastAPI, body: bytes) -> None:
    assert (await ask(app, "/roots/stack", method="POST", headers=ORIGIN, content=body)).status_code == 401


async def test_roots_are_numbers_or_their_text(app: FastAPI) -> None:
    content = b'{"roots": ["864", 865, 864]}'
    assert (await ask(app, "/roots/stack", method="POST", headers=ORIGIN, content=content)).status_code == 200


def test_nothing_makes_editing_public() -> None:
    async def anybody(*_: object) -> bool:
        return True

    with pytest.raises(ValueError, match="public"):
        require("edit", public=anybody)


async def test_listings_ask_once(app: FastAPI, known: Known) -> None:
    answer = await ask(app, "/listing/gated_stack,stack,elsewhere", headers=bearer(READER))
    assert answer.json() == ["stack"]
    assert known.asked == ["record cached", "datasets datastack gated_stack stack elsewhere"]


async def test_who_shares_a_group(app: FastAPI, known: Known) -> None:
    known.records[token(STRANGER.id)] = replace(STRANGER, groups=("default", "G1"))

    async def shared(other: int) -> object:
        return (await ask(app, f"/shared/{other}", headers=bearer(MEMBER))).json()

    assert await shared(STRANGER.id) is True
    assert await shared(READER.id) is False  # only the group that is left aside
    unknown = await ask(app, "/shared/99", headers=bearer(MEMBER))
    assert (unknown.status_code, unknown.json()["error"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/in", "/view/stack", "/edit/stack", "/superadmin", "/listing/stack"])
async def test_without_auth_clients_are_told_to_try_again(app: FastAPI, known: Known, path: str) -> None:
    known.is_gone = True
    answer = await ask(app, path, headers=bearer(READER))
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert set(answer.json()) == {"error", "message"}
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_disabled_it_lets_everybody_in_as_superadmin() -> None:
    known = Known(is_gone=True)
    app = guarded_app(known, is_disabled=True)
    for path in ("/in", "/view/elsewhere", "/edit/stack", "/superadmin", "/keeper/stack", "/member", "/root/stack/9"):
        answer = await ask(app, path, headers={"Authorization": "Basic x"})
        assert (answer.status_code, answer.json()) == (200, {"id": 0, "token": None})
    assert (await ask(app, "/listing/stack,elsewhere")).json() == ["stack", "elsewhere"]
    assert (await ask(app, "/shared/3")).json() is True
    assert known.asked == []


@pytest.mark.parametrize(
    ("told", "scheme"),
    [("http", "http"), ("https", "https"), ("https, http", "http"), ("javascript", "https"), ("", "https")],
)
async def test_addresses_have_the_scheme_that_browsers_see(app: FastAPI, told: str, scheme: str) -> None:
    answer = await ask(app, "/in?x=1", headers={"X-Forwarded-Proto": told})
    assert answer.headers["location"].endswith(f"?redirect={scheme}%3A//x.example.org/in%3Fx%3D1")


async def test_behind_a_proxy_our_pages_are_ours(app: FastAPI) -> None:
    headers = {"Origin": HOST, "X-Forwarded-Proto": "https"} | cookie(token(READER.id))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=HOST.replace("https", "http")) as behind:
        assert (await behind.post("/in", headers=headers)).status_code == 200
        del headers["X-Forwarded-Proto"]
        assert (await behind.post("/in", headers=headers)).status_code == 401


async def test_a_redirect_is_not_kept(app: FastAPI) -> None:
    answer = await ask(app, "/in")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
