"""Who may call what: every route, for everybody. Those of administration are in `test_admin` and `test_rows`."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from karst_platform.permissions import declared
from services_src.info.tests.conftest import Client
from services_src.info.tests.support import API, PEOPLE, ROOT, Told

pytestmark = pytest.mark.anyio
CALLERS = (None, "disabled", *PEOPLE)
_ALL = dict.fromkeys(CALLERS, 200)
_SIGNED_IN = {**_ALL, None: 401, "disabled": 401}
_VIEW = {**dict.fromkeys(CALLERS, 403), None: 401, "disabled": 401, "viewer": 200, "robot": 200, "both": 200}
_VIEW_BEFORE_TERMS = {**_VIEW, "waiting": 200}
MATRIX = {
    "/version": _ALL,
    "/health": _ALL,
    "/api/versions": _ALL,
    "/api/swagger.json": _ALL,
    "/api/doc": _ALL,
    "/healthz": _ALL,
    "/": _SIGNED_IN,
    "/datastack/fish": _VIEW,
    "/api/v2/datastacks": _SIGNED_IN,
    "/api/v2/aligned_volume": _SIGNED_IN,
    "/api/v2/ngl_info": _SIGNED_IN,
    "/api/v2/aligned_volume/fish_v1/datastacks": _SIGNED_IN,
    "/api/v2/datastack/full/fish": _VIEW,
    "/api/v2/datastack/full/fish?image_source_name=fish_gcp": _VIEW,
    "/api/v2/datastack/fish": _VIEW_BEFORE_TERMS,
    "/api/v2/datastack/fish/image_sources": _VIEW,
    "/api/v2/aligned_volume/fish_v1": _VIEW,
    "/api/v2/aligned_volume/id/1": _VIEW,
}


async def test_everybody_gets_what_they_may(as_: Client) -> None:
    for name in CALLERS:
        async with as_(name) as client:
            for path, allowed in MATRIX.items():
                answer = await client.get(ROOT + path)
                assert answer.status_code == allowed[name], (name, path)
                if answer.status_code != 200:
                    assert b"gs://" not in answer.content


async def test_no_route_is_left_out(app: FastAPI) -> None:
    asked = {path.partition("?")[0] for path in MATRIX}
    for route in declared(app):
        method, _, path = str(route).partition(" ")
        is_told = path.startswith(("/admin", "/api/v2/rows")) or path in (
            "/readyz",
            "/static/{name}",
            "/api/doc/{asset}",
        )
        if not is_told:
            assert method == "GET"
            parts = path.split("/")
            assert any(_fits(parts, each.split("/")) for each in asked), f"{route} has no line in the matrix"


def _fits(parts: list[str], asked: list[str]) -> bool:
    return len(parts) == len(asked) and all(a.startswith("{") or a == b for a, b in zip(parts, asked, strict=True))


@pytest.mark.parametrize(
    ("name", "stacks", "volumes"),
    [
        ("stranger", [], []),
        ("editor", [], []),
        ("admin", [], []),
        ("group_admin", [], []),
        ("dataset_admin", [], []),
        ("robot", ["fish", "fish_flat"], ["fish_v1"]),
        ("viewer", ["fish", "fish_flat"], ["fish_v1"]),
        ("waiting", ["fish", "fish_flat"], ["fish_v1"]),
        ("both", ["fish", "fish_flat", "mouse"], ["fish_v1", "mouse_v1"]),
    ],
)
async def test_lists_hold_what_one_may_see(as_: Client, name: str, stacks: list[str], volumes: list[str]) -> None:
    async with as_(name) as client:
        assert (await client.get(f"{API}/datastacks")).json() == stacks
        assert (await client.get(f"{API}/aligned_volume")).json() == volumes
        of_mouse = (await client.get(f"{API}/aligned_volume/mouse_v1/datastacks")).json()
        assert of_mouse == [each for each in stacks if each == "mouse"]
        layers = (await client.get(f"{API}/ngl_info")).json()
        assert len(layers) == len(volumes)


async def test_a_public_root_opens_nothing_here(as_: Client) -> None:
    async with as_(None) as client:
        assert (await client.get(f"{API}/datastack/full/mouse")).status_code == 401


async def test_lists_ask_auth_once(as_: Client, authority: Told) -> None:
    async with as_("both") as client:
        await client.get(f"{API}/datastacks")
        assert authority.questions == 1


async def test_without_auth_nothing_is_told(as_: Client, authority: Told) -> None:
    authority.is_away = True
    async with as_("both") as client:
        for path in ("datastacks", "datastack/full/fish", "aligned_volume/id/1", "ngl_info"):
            answer = await client.get(f"{API}/{path}")
            assert (answer.status_code, answer.json()["error"]) == (503, "service_unavailable"), path


async def test_nobody_is_asked_where_auth_is_disabled(read_dsn: str, authority: Told) -> None:
    from services_src.info.tests.support import caller, served, settings  # noqa: PLC0415

    authority.is_away = True
    async with served(settings(read_dsn, is_auth_disabled=True), authority) as app, caller(app, None) as client:
        assert (await client.get(f"{API}/datastacks")).json() == ["fish", "fish_flat", "mouse", "unmapped"]
        assert (await client.get(f"{API}/aligned_volume/id/1")).status_code == 200
        assert (await client.get(f"{API}/aligned_volume/id/9")).status_code == 404
