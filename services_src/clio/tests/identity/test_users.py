"""Users, as administrators manage them, on both stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from karst_platform.stores.documents import Documents
from services_src.clio.tests.support import Server, serving

pytestmark = pytest.mark.anyio
OWNER, ADA, BOB = "owner@example.org", "ada@example.org", "bob@example.org"


@pytest.fixture
async def server(documents: Documents) -> AsyncIterator[Server]:
    async with serving(documents, owner=OWNER) as each:
        yield each


async def change(server: Server, body: object, status: int = 200, method: str = "POST") -> None:
    answer = await server.ask(method, "/v2/users", user=OWNER, json=body)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.content == b"null"


async def users(server: Server) -> dict[str, dict[str, object]]:
    return (await server.ask("GET", "/v2/users", user=OWNER)).json()


async def test_users_are_added_shown_and_removed(server: Server) -> None:
    assert await users(server) == {}
    await change(server, {ADA: {"global_roles": ["clio_general"], "datasets": {"ds1": ["clio_write"]}}, BOB: {}})
    shown = await users(server)
    assert list(shown) == [ADA, BOB]
    assert shown[ADA] == {
        "email": ADA,
        "name": None,
        "org": None,
        "picture": None,
        "disabled": False,
        "global_roles": ["clio_general"],
        "datasets": {"ds1": ["clio_write"]},
        "datasets_ignore_tos": {},
        "missing_tos": [],
        "groups": [],
    }
    emails = f'["{ADA}", "unknown", "a/b", "", "..", "\u00e9"]'
    answer = await server.ask("DELETE", "/v2/users", user=OWNER, content=emails.encode())
    assert (answer.status_code, answer.content) == (200, b"null")
    assert list(await users(server)) == [BOB]


async def test_what_is_not_sent_keeps_its_value(server: Server) -> None:
    everything = {"global_roles": ["x"], "datasets": {"d": ["y"]}, "groups": ["lab"], "name": "Ada", "org": "Lab"}
    await server.add_user(ADA, **everything, google_idinfo={"sub": "1"})
    await change(server, {ADA: {"datasets": {"e": ["z"]}, "email": "other@example.org", "unknown": 1}})
    document = await server.documents.get(("clio_users", ADA))
    assert document is not None
    assert document.fields == everything | {"datasets": {"e": ["z"]}, "google_idinfo": {"sub": "1"}}
    await change(server, {ADA: {"disabled": True, "name": None}}, method="PUT")
    shown = (await users(server))[ADA]
    assert (shown["disabled"], shown["name"], shown["groups"], shown["org"]) == (True, None, ["lab"], "Lab")


async def test_a_change_counts_at_once(server: Server) -> None:
    assert (await server.ask("GET", "/v2/users", user=ADA)).status_code == 401
    await change(server, {ADA: {"global_roles": ["admin"]}})
    assert (await server.ask("GET", "/v2/users", user=ADA)).status_code == 200
    await change(server, {ADA: {"global_roles": []}})
    assert (await server.ask("GET", "/v2/users", user=ADA)).status_code == 401
    await change(server, {ADA: {"disabled": True}})
    assert (await server.ask("GET", "/v2/roles", user=ADA)).status_code == 400
    await server.ask("DELETE", "/v2/users", user=OWNER, json=[ADA])
    assert (await server.ask("GET", "/v2/roles", user=ADA)).status_code == 200


async def test_tokens_are_revoked(server: Server) -> None:
    assert (await server.ask("GET", "/v2/roles", user=ADA)).status_code == 200
    await change(server, {ADA: {"token_epoch": server.clock.now_s}})
    assert (await server.ask("GET", "/v2/roles", user=ADA)).status_code == 401
    assert "token_epoch" not in (await users(server))[ADA]


async def test_spellings_are_one_user(server: Server) -> None:
    await change(server, {"Ada@example.org": {"global_roles": ["x"]}})
    assert list(await users(server)) == [ADA]
    await server.add_user("Bob@example.org", groups=["lab"])
    await change(server, {"Bob@example.org": {"global_roles": ["y"]}})
    shown = await users(server)
    assert (shown["Bob@example.org"]["groups"], BOB in shown) == (["lab"], False)
    await server.ask("DELETE", "/v2/users", user=OWNER, json=["ADA@example.org", "Bob@example.org"])
    assert await users(server) == {}


async def test_the_oldest_documents_keep_their_roles_when_they_change(server: Server) -> None:
    await server.add_user(ADA, clio_global=["admin"])
    await change(server, {ADA: {"groups": ["lab"]}})
    shown = (await users(server))[ADA]
    assert (shown["global_roles"], shown["groups"]) == (["admin"], ["lab"])


async def test_datasets_beside_the_email_belong_to_it(server: Server) -> None:
    await change(server, {ADA: {"global_roles": ["x"]}, "datasets": {"ds1": ["clio_write"]}})
    shown = await users(server)
    assert list(shown) == [ADA]
    assert (shown[ADA]["global_roles"], shown[ADA]["datasets"]) == (["x"], {"ds1": ["clio_write"]})


@pytest.mark.parametrize(
    "body",
    [
        {ADA: {}, BOB: {}, "datasets": {"ds1": []}},
        {ADA: {}, "datasets": {"global_roles": "x"}},
        {"datasets": {"ds1": ["x"]}},
        {"ada": {}},
        {"a/b@example.org": {}},
        {"": {}},
        {ADA: {"global_roles": "admin"}},
        {ADA: {"global_roles": None}},
        {ADA: {"global_roles": [1]}},
        {ADA: {"datasets": ["ds1"]}},
        {ADA: {"datasets": {"ds1": "clio_write"}}},
        {ADA: {"groups": "lab"}},
        {ADA: {"disabled": "perhaps"}},
        {ADA: {"token_epoch": "soon"}},
        {ADA: []},
        {ADA: None, BOB: {}},
        [],
        "text",
    ],
)
async def test_bad_changes_change_nothing(server: Server, body: object) -> None:
    await change(server, body, 422)
    assert await users(server) == {}


async def test_many_users_at_once(server: Server) -> None:
    await change(server, {f"user{place}@example.org": {"groups": ["lab"]} for place in range(250)})
    assert len(await users(server)) == 250
    assert len(await server.needs.identity.records.members("lab")) == 250


async def test_no_change_is_lost_when_many_come_at_once(server: Server) -> None:
    fields: list[dict[str, object]] = [{"name": "Ada"}, {"org": "Lab"}, {"groups": ["g"]}, {"global_roles": ["r"]}]
    await asyncio.gather(*(change(server, {ADA: each}) for each in fields))
    shown = (await users(server))[ADA]
    assert {name: shown[name] for name in ("name", "org", "groups", "global_roles")} == {
        "name": "Ada",
        "org": "Lab",
        "groups": ["g"],
        "global_roles": ["r"],
    }


async def test_beside_a_gateway_users_are_its_business(documents: Documents) -> None:
    async with serving(documents, owner=OWNER, gateway_url="https://auth.example.org/") as server:
        for method, body in (("GET", None), ("POST", {}), ("PUT", {}), ("DELETE", [])):
            answer = await server.ask(method, "/v2/users", user=OWNER, json=body)
            assert answer.status_code == 501
            assert "https://auth.example.org" in answer.json()["detail"]
            assert (await server.ask(method, "/v2/users", user=ADA, json=body)).status_code == 401
