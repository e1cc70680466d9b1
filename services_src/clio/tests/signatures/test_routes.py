"""Image search as clients call it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from karst_clio.signatures.blocks import Signature
from karst_clio.signatures.duckdb_tables import fill_tables
from services_src.clio.tests.signatures.stores import LAYOUT, write_blocks
from services_src.clio.tests.support import Server, serving

pytestmark = pytest.mark.anyio
USER, NOBODY = "user@example.org", "nobody@example.org"
PLACES = [
    Signature(point=(18410, 16370, 26460), bits=-123456789),
    Signature(point=(18420, 16370, 26460), bits=-123456789),
    Signature(point=(500, 500, 500), bits=-123456789 ^ 0b111),
    Signature(point=(90000, 5, 5), bits=42),
]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    write_blocks(tmp_path / "sig", "mb20", LAYOUT, PLACES)
    write_blocks(tmp_path / "sig", "untabled", LAYOUT, PLACES)
    fill_tables(tmp_path / "search.duckdb", "mb20", LAYOUT, PLACES)
    made = serving(signature_bucket="sig", buckets_folder=tmp_path, search_file=tmp_path / "search.duckdb")
    async with made as running:
        datasets = ("mb20", "MB20", "untabled", "unknown")
        await running.add_user(USER, datasets={name: ["clio_general"] for name in datasets})
        yield running


async def ask(server: Server, path: str, user: str = USER) -> object:
    answer = await server.ask("GET", f"/v2/signatures/{path}", user=user)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_signature_at_a_place_is_text(server: Server) -> None:
    expected = {"point": [18410, 16370, 26460], "signature": "-123456789"}
    assert await ask(server, "atlocation/mb20?x=18400&y=16370&z=26460") == expected
    assert await ask(server, "atlocation/MB20/?x=18400&y=16370&z=26460") == expected, "names are stored in lower case"


async def test_places_like_a_place(server: Server) -> None:
    assert await ask(server, "likelocation/mb20?x=18400&y=16370&z=26460") == {
        "matches": [{"point": [500, 500, 500], "dist": 3, "score": 0.625}]
    }
    assert await ask(server, "likelocation/mb20?x=90000&y=5&z=5") == {"matches": [], "message": "no matches"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("atlocation/mb20?x=1&y=1&z=1", "point not found"),
        ("likelocation/mb20?x=1&y=1&z=1", "point not found"),
        ("atlocation/unknown?x=1&y=1&z=1", "dataset not found"),
        ("likelocation/unknown?x=1&y=1&z=1", "dataset not found"),
        ("likelocation/untabled?x=500&y=500&z=500", "dataset not found"),
    ],
)
async def test_what_is_not_found_is_said_in_both_spellings(server: Server, path: str, text: str) -> None:
    assert await ask(server, path) == {"messsage": text, "message": text}


@pytest.mark.parametrize("query", ["", "x=1&y=1", "x=1&y=1&z=a", "x=1.5&y=1&z=1", "x=1&y=1&z=99999999999999999999"])
async def test_coordinates_are_whole_numbers(server: Server, query: str) -> None:
    for route in ("atlocation", "likelocation"):
        assert (await server.ask("GET", f"/v2/signatures/{route}/mb20?{query}", user=USER)).status_code == 422


async def test_without_the_role_it_is_forbidden(server: Server) -> None:
    for route in ("atlocation", "likelocation"):
        answer = await server.ask("GET", f"/v2/signatures/{route}/mb20?x=1&y=1&z=1", user=NOBODY)
        assert (answer.status_code, answer.json()) == (403, {"detail": "user doesn't have authorization"})


async def test_it_stands_at_every_mount(server: Server) -> None:
    for mount in ("", "/clio_toplevel", "/v2", "/v3", "/test"):
        answer = await server.ask("GET", f"{mount}/signatures/atlocation/mb20?x=500&y=500&z=500", user=USER)
        assert answer.json()["point"] == [500, 500, 500]


async def test_without_a_bucket_it_says_so() -> None:
    async with serving() as server:
        await server.add_user(USER, global_roles=["clio_general"])
        for route in ("atlocation", "likelocation"):
            answer = await server.ask("GET", f"/v2/signatures/{route}/mb20?x=1&y=1&z=1", user=USER)
            assert (answer.status_code, "SIG_BUCKET" in answer.json()["detail"]) == (503, True)


async def test_tables_that_can_not_be_read_are_away_and_signatures_still_there(server: Server, tmp_path: Path) -> None:
    (tmp_path / "search.duckdb").write_text("no tables", encoding="utf-8")
    answer = await server.ask("GET", "/v2/signatures/likelocation/mb20?x=500&y=500&z=500", user=USER)
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "2")
    assert await ask(server, "atlocation/mb20?x=500&y=500&z=500")
