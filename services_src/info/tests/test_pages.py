"""Pages for people, and links to viewers: the whole state in the link, nothing stored, nothing of anybody else."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi import FastAPI

from services_src.info.tests.conftest import Client
from services_src.info.tests.support import ROOT, TOKEN_OF

pytestmark = pytest.mark.anyio
LINK = re.compile(r'href="([^"]*)"')


def states(page: str) -> list[dict[str, Any]]:
    found = [each.partition("/#!")[2] for each in LINK.findall(page) if "/#!" in each]
    return [json.loads(unquote(each)) for each in found if each.startswith("%7B")]


async def test_the_first_page_lists_what_one_may_see(as_: Client) -> None:
    for name, told, hidden in (("viewer", ["Fish, proofread", "fish_flat"], ["mouse"]), ("stranger", [], ["fish"])):
        async with as_(name) as client:
            page = await client.get(f"{ROOT}/")
        assert page.status_code == 200
        main = page.text.partition("<main")[2]
        assert [each for each in told if each not in main] == []
        assert [each for each in hidden if each in main] == []
        assert "/info/admin" not in main
    async with as_("both") as client:
        assert "/info/admin" in (await client.get(ROOT)).text


async def test_a_datastack_has_links_to_viewers_and_services(as_: Client) -> None:
    async with as_("viewer") as client:
        page = (await client.get(f"{ROOT}/datastack/fish")).text
    for link in (
        "https://local.example.org/annotation/views/aligned_volume/fish_v1",
        "https://local.example.org/materialize/views/datastack/fish",
        "https://local.example.org/dash/datastack/fish",
        "https://local.example.org/tourguide/app/datastack/fish",
        "/schema/",
        "https://viewer.example.org/#!middleauth+https://localhost/nglstate/api/v1/5381423674163200",
    ):
        assert f'href="{link}"' in page, link
    new, old = states(page)
    assert [each["name"] for each in new["layers"]] == ["img", "seg"]
    assert new["layers"][1] == {
        "type": "segmentation",
        "source": [
            "graphene://middleauth+https://local.example.org/segmentation/table/fish_v2",
            "precomputed://middleauth+https://local.example.org/skeletons/fish",
        ],
        "name": "seg",
    }
    assert {axis: (round(size * 1e9, 6), unit) for axis, (size, unit) in new["dimensions"].items()} == {
        "x": (8, "m"),
        "y": (8, "m"),
        "z": (40, "m"),
    }
    assert old["layers"][1]["type"] == "segmentation_with_graph"
    assert old["layers"][1]["source"] == "graphene://https://local.example.org/segmentation/table/fish_v2"
    assert old["navigation"]["pose"]["position"]["voxelSize"] == [8, 8, 40]


async def test_a_datastack_without_anything_has_a_page(as_: Client) -> None:
    async with as_("viewer") as client:
        page = await client.get(f"{ROOT}/datastack/fish_flat")
    assert page.status_code == 200
    assert "tourguide" not in page.text
    assert [len(each["layers"]) for each in states(page.text)] == [1, 1]


async def test_pages_of_many_at_once_are_their_own(as_: Client) -> None:
    async with as_("both") as client:
        names = ["fish", "mouse", "fish_flat"] * 8
        pages = await asyncio.gather(*(client.get(f"{ROOT}/datastack/{name}") for name in names))
    for name, page in zip(names, pages, strict=True):
        sources = json.dumps(states(page.text))
        assert ("fish_v2" in sources) == (name == "fish")
        assert ("mouse" in sources) == (name == "mouse")


async def test_pages_load_nothing_from_elsewhere(as_: Client) -> None:
    async with as_("both") as client:
        for path in ("", "/datastack/fish", "/admin", "/admin/datastack", "/admin/datastack/new"):
            page = await client.get(ROOT + path)
            assert page.status_code == 200
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "'unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]*)"', page.text)
            assert loaded
            assert [each for each in loaded if not each.startswith(f"{ROOT}/static/")] == []
            for each in loaded:
                assert (await client.get(each)).status_code == 200


async def test_who_may_not_see_a_datastack_sees_a_page_that_says_so(app: FastAPI, as_: Client) -> None:
    async with as_(None) as client:
        browser = {"Accept": "text/html", "X-Requested-With": "", "Cookie": f"middle_auth_token={TOKEN_OF['stranger']}"}
        page = await client.get(f"{ROOT}/datastack/fish", headers=browser)
        assert (page.status_code, page.headers["content-type"]) == (403, "text/html; charset=utf-8")
        assert "Missing permission: view for dataset fish" in page.text
        waiting = {**browser, "Cookie": f"middle_auth_token={TOKEN_OF['waiting']}"}
        sent = await client.get(f"{ROOT}/datastack/fish", headers=waiting)
        assert (sent.status_code, sent.headers["location"].partition("?")[0]) == (
            302,
            "https://auth.example.org/sticky_auth/api/v1/tos/7/accept",
        )


async def test_sources_that_are_markup_end_no_link(write_dsn: str, authority: object) -> None:
    import psycopg  # noqa: PLC0415

    from services_src.info.tests.support import Told, caller, served, settings  # noqa: PLC0415

    hostile = """x://'"><script>alert(1)</script>"""
    with psycopg.connect(write_dsn) as connection:
        connection.execute(
            "UPDATE datastack SET segmentation_source = %s, viewer_layer_name = %s, local_server = %s,"
            " viewer_site = %s, description = %s",
            [hostile, hostile, "javascript:alert(1)", "javascript:alert(1)", hostile],
        )
    assert isinstance(authority, Told)
    async with served(settings(write_dsn), authority) as app, caller(app, "both") as client:
        page = await client.get(f"{ROOT}/datastack/fish")
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert [each for each in LINK.findall(page.text) if each.lower().startswith("javascript:")] == []
