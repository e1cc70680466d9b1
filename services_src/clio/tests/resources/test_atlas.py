"""The atlas: one entry for each user and place, who may write and verify it, who sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from karst_platform.stores.documents import Documents, Json, Query
from services_src.clio.tests.support import NOW_S, Server, serving

pytestmark = pytest.mark.anyio
ADA, BOB, WRITER = "ada@example.org", "bob@example.org", "writer@example.org"
ATLAS = ("clio_annotations", "ATLAS", "annotations")
AT = "?x=1&y=2&z=3"
ENTRY: dict[str, Json] = {"title": "T", "user": ADA}

BAD: tuple[tuple[object, int], ...] = (
    ({"user": ADA}, 400),
    ({"title": "T"}, 400),
    ({"title": None, "user": ADA}, 400),
    ({"title": 5, "user": ADA}, 400),
    ({"title": "T", "user": ["x"]}, 400),
    (ENTRY | {"verified": "yes"}, 400),
    (ENTRY | {"verified": None}, 400),
    (ENTRY | {"": 1}, 422),
    ([ENTRY], 422),
    (None, 422),
    (ENTRY | {"user": BOB}, 401),
    (ENTRY | {"user": ""}, 401),
    (ENTRY | {"verified": True}, 401),
)


@pytest.fixture
async def server(documents: Documents) -> AsyncIterator[Server]:
    async with serving(documents) as made:
        await made.store(
            (("clio_datasets", "ds1"), {"description": "d", "public": True}),
            (("clio_datasets", "closed"), {"description": "d"}),
            (("clio_users", WRITER), {"datasets": {"ds1": ["clio_write"], "closed": ["clio_write"]}}),
        )
        yield made


async def post(
    server: Server, body: object, at: str = f"ds1{AT}", user: str = ADA, status: int = 200, method: str = "POST"
) -> dict[str, Any]:
    answer = await server.ask(method, f"/v2/atlas/{at}", user=user, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def own(server: Server, user: str = ADA, dataset: str = "ds1") -> dict[str, Any]:
    answer = await server.ask("GET", f"/v2/atlas/{dataset}", user=user)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def everything(server: Server, user: str = ADA) -> list[dict[str, Any]]:
    answer = await server.ask("GET", "/v2/atlas/all/", user=user)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def verify(server: Server, entry: str, user: str = WRITER, status: int = 200) -> dict[str, Any]:
    answer = await server.ask("POST", f"/v2/atlas-verify/{entry}", user=user)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_writing_answers_with_the_entry(server: Server) -> None:
    assert (await everything(server), await own(server)) == ([], {})
    stored = await post(server, ENTRY | {"description": "脑", "prop": {"a": [[1]]}, "timestamp": 5, "dataset": "lie"})
    assert stored == {
        "title": "T",
        "user": ADA,
        "description": "脑",
        "prop": {"a": [[1]]},
        "timestamp": NOW_S,
        "dataset": "ds1",
        "location": [1, 2, 3],
        "locationkey": "1_2_3",
        "id": stored["id"],
        "verified": False,
    }
    assert await own(server) == {"1_2_3": stored}
    assert await everything(server) == [stored]
    for mount in ("", "/clio_toplevel", "/v3", "/test"):
        assert (await server.ask("GET", f"{mount}/atlas/ds1/", user=ADA)).json() == {"1_2_3": stored}


async def test_writing_again_replaces_and_keeps_the_id(server: Server) -> None:
    first = await post(server, ENTRY | {"description": "d"})
    server.clock.now_s += 5
    assert await post(server, ENTRY | {"description": "d"}) == first
    second = await post(server, ENTRY | {"title": "U"}, method="PUT")
    assert "description" not in second
    assert second | {"description": "d"} == first | {"title": "U", "timestamp": NOW_S + 5}
    other = await post(server, ENTRY, "ds1?x=1&y=2&z=-3")
    assert other["id"] != first["id"]
    assert await own(server) == {"1_2_3": second, "1_2_-3": other}


async def test_bad_entries_are_refused(server: Server) -> None:
    for body, status in BAD:
        await post(server, body, status=status)
    assert await everything(server, WRITER) == []


async def test_bad_locations_are_refused(server: Server) -> None:
    for at in ("ds1", "ds1?x=1&y=2", "ds1?x=1&y=2&z=q", "ds1?x=1&y=2&z=1e999"):
        await post(server, ENTRY, at, status=422)
        assert (await server.ask("DELETE", f"/v2/atlas/{at}", user=ADA)).status_code == 422


async def test_writers_write_for_others(server: Server) -> None:
    entry = await post(server, ENTRY | {"verified": True}, user=WRITER)
    assert (entry["user"], entry["verified"]) == (ADA, True)
    assert await own(server) == {"1_2_3": entry}
    assert await own(server, WRITER) == {}
    await server.ask("DELETE", f"/v2/atlas/ds1{AT}", user=WRITER)
    assert await own(server) == {"1_2_3": entry}


async def test_verified_entries_change_by_writers_only(server: Server) -> None:
    entry = await post(server, ENTRY | {"verified": True}, user=WRITER)
    await post(server, ENTRY | {"title": "mine"}, status=401)
    assert await own(server) == {"1_2_3": entry}
    again = await post(server, ENTRY | {"title": "new"}, user=WRITER)
    assert again == entry | {"title": "new", "verified": False}
    await post(server, ENTRY | {"title": "mine"})


async def test_the_owners_email_is_one_however_it_is_spelled(server: Server) -> None:
    entry = await post(server, ENTRY | {"user": ADA.upper()})
    assert entry["user"] == ADA
    assert await post(server, ENTRY) == entry


async def test_verifying(server: Server) -> None:
    entry = await post(server, ENTRY)
    await verify(server, entry["id"], ADA, 403)
    assert await verify(server, entry["id"]) == entry | {"verified": True}
    assert await own(server) == {"1_2_3": entry | {"verified": True}}
    assert await verify(server, f"{entry['id']}/?x=1") == entry
    for unknown in ("nothing", "__x__", "x" * 2000, "%E8%84%91", "a%00b"):
        assert set(await verify(server, unknown, status=404)) == {"detail"}
    await server.store(((*ATLAS, "old"), {"title": "no dataset"}))
    await verify(server, "old", status=403)


async def test_verifying_is_never_lost(server: Server) -> None:
    entry = await post(server, ENTRY)
    answers = await asyncio.gather(*(verify(server, entry["id"]) for _ in range(9)))
    assert sorted(each["verified"] for each in answers) == [False] * 4 + [True] * 5
    assert (await own(server))["1_2_3"]["verified"] is True


async def test_who_sees_which_entries(server: Server) -> None:
    mine = await post(server, ENTRY)
    his = await post(server, ENTRY | {"user": BOB}, user=BOB)
    shown = await post(server, ENTRY | {"user": WRITER, "verified": True}, user=WRITER)
    hidden = await post(server, ENTRY | {"user": WRITER, "verified": True}, f"closed{AT}", WRITER)

    async def seen(user: str) -> set[str]:
        return {each["id"] for each in await everything(server, user)}

    assert await seen(ADA) == {mine["id"], shown["id"]}
    assert await seen(BOB) == {his["id"], shown["id"]}
    assert await seen(WRITER) == {mine["id"], his["id"], shown["id"], hidden["id"]}
    assert (await server.ask("GET", "/v2/atlas/closed", user=ADA)).status_code == 401


async def test_entries_of_old(server: Server) -> None:
    fields: dict[str, Json] = {"dataset": "ds1", "location": [1, 2, 3], "locationkey": "1_2_3"} | ENTRY
    await server.store(
        ((*ATLAS, "AAAA"), fields | {"timestamp": 1, "verified": True, "title": "older"}),
        ((*ATLAS, "BBBB"), fields | {"timestamp": 2.5}),
    )
    shown = fields | {"timestamp": 2.5, "id": "BBBB", "verified": False}
    assert await own(server) == {"1_2_3": shown}
    assert await everything(server) == [shown]
    assert await everything(server, BOB) == []
    await server.store(((*ATLAS, "BBBB"), fields | {"timestamp": 2.5, "verified": None}))
    assert await everything(server) == [shown]
    entry = await post(server, ENTRY | {"title": "new"})
    assert (entry["id"], entry["verified"]) == ("BBBB", False)
    assert [each.id async for each in server.documents.find(Query(collection=ATLAS))] == ["BBBB"]
    await server.store(((*ATLAS, "AAAA"), fields))
    answer = await server.ask("DELETE", f"/v2/atlas/ds1{AT}", user=ADA)
    assert (answer.status_code, answer.content) == (200, b"null")
    assert await everything(server) == []


async def test_many_at_one_fresh_place_get_one_id(server: Server) -> None:
    entries = await asyncio.gather(*(post(server, ENTRY | {"n": place}) for place in range(32)))
    assert len({each["id"] for each in entries}) == 1
    (left,) = await everything(server)
    assert left in entries
