"""What is private is read by whoever posted it, and by superadmins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from karst_nglstate.moving.command import export, import_
from karst_nglstate.settings import StateSettings
from services_src.nglstate.tests.support import API, Server, refused, serving
from services_src.platform.tests.guard.people import EVERYONE, READER, STRANGER, SUPERADMIN, token

pytestmark = pytest.mark.anyio
STATE = b'{"layers": ["secret"]}'


async def posted(server: Server, path: str, visibility: str = "private") -> int:
    answer = await server.ask("POST", f"{path}?visibility={visibility}", STATE)
    assert answer.status_code == 200, answer.text
    return int(answer.json().rpartition("/")[2])


@pytest.mark.parametrize(
    ("post", "reads"),
    [
        (f"{API}/post", (f"{API}/{{}}", f"{API}/raw/{{}}", "/nglstate/{}", "/nglstate/raw/{}")),
        ("/nglstate/post", (f"{API}/{{}}",)),
        (f"{API}/property/post", (f"{API}/property/{{}}/info", f"{API}/property/raw/{{}}")),
    ],
)
async def test_nobody_else_reads_what_is_private(server: Server, post: str, reads: tuple[str, ...]) -> None:
    kept = await posted(server, post)
    for who in EVERYONE:
        for path in reads:
            answer = await server.ask("GET", path.format(kept), who=who)
            if who in (READER, SUPERADMIN):
                assert answer.status_code == 200
            else:
                told = refused(answer, 403, "missing_role")
                assert told["data"] == {"required_role": "owner"}
                assert "private" in told["message"]


async def test_what_is_shared_and_what_is_private_are_two(server: Server) -> None:
    shared, private = await server.post(STATE), await posted(server, f"{API}/post")
    assert shared != private
    assert [await server.post(STATE), await posted(server, f"{API}/post")] == [shared, private], "each sent again"
    assert await posted(server, f"{API}/post", "shared") == shared
    assert (await server.ask("GET", f"{API}/{shared}", who=STRANGER)).content == STATE


async def test_superadmins_choose_ids_of_what_is_private(server: Server) -> None:
    for _ in range(2):
        assert (await server.ask("POST", f"{API}/post/71?visibility=private", STATE, who=SUPERADMIN)).status_code == 200
    refused(await server.ask("POST", f"{API}/post/71", STATE, who=SUPERADMIN), 409, "conflict")
    refused(await server.ask("GET", f"{API}/71"), 403, "missing_role")


async def test_anything_else_is_refused(postgres_server: Server) -> None:
    for told in ("", "public", "PRIVATE", "private,shared"):
        answer = await postgres_server.ask("POST", f"{API}/post?visibility={told}", STATE)
        assert "visibility" in refused(answer, 422, "invalid_request")["message"]


async def test_a_superadmin_of_this_very_moment_may_read(postgres_server: Server) -> None:
    kept = await posted(postgres_server, f"{API}/post")
    postgres_server.known.asked.clear()
    refused(await postgres_server.ask("GET", f"{API}/{kept}", who=STRANGER), 403, "missing_role")
    assert "record anew" in postgres_server.known.asked
    postgres_server.known.records[token(STRANGER.id)] = replace(STRANGER, admin=True)
    assert (await postgres_server.ask("GET", f"{API}/{kept}", who=STRANGER)).content == STATE


async def test_what_is_private_stays_so_when_it_moves(server: Server, settings: StateSettings, tmp_path: Path) -> None:
    private, shared = await posted(server, f"{API}/post"), await server.post(STATE)
    await export(server.states, tmp_path / "files")
    for kept in (private, shared):
        assert (await server.ask("DELETE", f"{API}/{kept}")).status_code == 200
    async with serving(settings) as again:
        await import_(again.states, tmp_path / "files")
        refused(await again.ask("GET", f"{API}/{private}", who=STRANGER), 403, "missing_role")
        assert await again.content(private) == STATE
        assert (await again.ask("GET", f"{API}/{shared}", who=STRANGER)).content == STATE
