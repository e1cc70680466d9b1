"""Pull requests and site reports: what users hand in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from karst_platform.stores.documents import Documents
from services_src.clio.tests.support import NOW_S, Server, serving

pytestmark = pytest.mark.anyio
ADA, BOB, OWNER = "ada@example.org", "bob@example.org", "owner@example.org"
PATH = "/v2/pull-request"


@pytest.fixture
async def server(documents: Documents) -> AsyncIterator[Server]:
    async with serving(documents, owner=OWNER, test_user=ADA) as made:
        yield made


async def hand_in(server: Server, what: object, user: str = ADA, status: int = 200) -> None:
    answer = await server.ask("POST", PATH, user=user, json={"pull": what})
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.content == b"null"


async def show(server: Server, query: str = "", user: str = ADA, status: int = 200) -> object:
    answer = await server.ask("GET", PATH + query, user=user)
    assert answer.status_code == status, answer.text
    return answer.json()


async def keep(server: Server, scope: str, key: str, value: object, user: str = ADA) -> None:
    assert (await server.ask("POST", f"/v2/kv/{scope}/{key}", user=user, json=value)).status_code == 200


async def test_handing_in_copies_the_value_as_it_is(server: Server) -> None:
    assert await show(server) == {}
    await keep(server, "merges-mb20-v0.1", "mainToOthers", {"1034": [1035]})
    await keep(server, "merges-mb20-v0.1", "other", {"not": "handed in"})
    await keep(server, "x", "y", {"z": 1})
    server.clock.now_s += 1.5
    await hand_in(server, "kv/merges-mb20-v0.1/mainToOthers")
    await keep(server, "merges-mb20-v0.1", "mainToOthers", {"changed": []})
    first = {"merges-mb20-v0.1": {"mainToOthers": {"1034": [1035], "_timestamp": NOW_S + 1.5}}}
    assert await show(server) == {ADA: first}
    assert await show(server, f"?user_email={ADA}") == {ADA: first}
    assert await show(server, "/?user_email=&app=x") == {ADA: first}
    await hand_in(server, "kv/x/y")
    second = {"x": {"y": {"z": 1, "_timestamp": NOW_S + 1.5}}}
    assert await show(server) == {ADA: first | second}


async def test_who_sees_whose(server: Server) -> None:
    for user in (BOB, ADA):
        await keep(server, "s", "k", {"of": user}, user)
        await hand_in(server, "kv/s/k", user)
    expected = {user: {"s": {"k": {"of": user, "_timestamp": NOW_S}}} for user in (ADA, BOB)}
    await keep(server, "s", "k", {"not": "handed in"}, "carl@example.org")
    assert await show(server, "?user_email=all", OWNER) == expected
    for spelling in (BOB, BOB.upper()):
        assert await show(server, f"?user_email={spelling}", OWNER) == {BOB: expected[BOB]}
    assert await show(server, "", OWNER) == {}
    for query in ("?user_email=all", f"?user_email={BOB}", "?user_email=x/y"):
        await show(server, query, ADA, 401)
    await show(server, "?user_email=all", "all", 401)
    for nobody in ("unknown@example.org", "x/y", "..", "__z__"):
        assert await show(server, f"?user_email={nobody}", OWNER) == {}


async def test_bad_requests(server: Server) -> None:
    for what in ("", "kv", "kv/s", "kv/s/k/l", "vk/s/k", "/kv/s/k"):
        await hand_in(server, what, status=400)
    for unknown in ("kv/s/k", "kv//", "kv/../x", "kv/__a__/脑"):
        await hand_in(server, unknown, status=404)
    await hand_in(server, 5, status=422)
    assert (await server.ask("POST", PATH, user=ADA, json={})).status_code == 422


async def test_large_values_and_odd_names(server: Server) -> None:
    value = {str(number): [number, [number]] for number in range(60_000)}
    for scope, key in (("merges", "mainToOthers"), ("__x__", "脑 é")):
        await keep(server, scope, key, value)
        await hand_in(server, f"kv/{scope}/{key}")
    kept = value | {"_timestamp": NOW_S}
    assert await show(server) == {ADA: {"merges": {"mainToOthers": kept}, "__x__": {"脑 é": kept}}}


async def test_requests_of_old_are_read(server: Server) -> None:
    await server.store((("clio_pull_requests", ADA, "s", "k"), {"a": [1], "_timestamp": 5.5}))
    assert await show(server, "?user_email=all", OWNER) == {ADA: {"s": {"k": {"a": [1], "_timestamp": 5.5}}}}


async def test_site_reports(server: Server) -> None:
    day = ("clio_site_reports", f"{ADA}-2026-11-20")
    for body, kept in (
        ({"a": 1, "b": [[2]]}, {"a": 1, "b": [[2]]}),
        ([1, {"c": 2}], {"reports": [1, {"c": 2}]}),
        ([], {"reports": []}),
    ):
        answer = await server.ask("POST", "/v2/site-reports/", user=ADA, json=body)
        assert (answer.status_code, answer.content) == (200, b"null")
        stored = await server.documents.get(day)
        assert stored is not None
        assert stored.fields == kept
    for bad in (None, "x", 5, {"": 1}, {"a": "x" * (1 << 20)}):
        answer = await server.ask("POST", "/v2/site-reports", user=ADA, json=bad)
        assert answer.status_code == 422, bad
        assert len(answer.json()["detail"]) == 1 or isinstance(answer.json()["detail"], str)
    assert await server.documents.children(("clio_site_reports",)) == [day[-1]]
    server.clock.now_s += 86400
    assert (await server.ask("POST", "/v2/site-reports", user=ADA, json={})).status_code == 200
    assert await server.documents.children(("clio_site_reports",)) == [day[-1], f"{ADA}-2026-11-21"]
