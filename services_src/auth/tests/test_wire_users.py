"""Answers as clients read them, route by route."""

from __future__ import annotations

import re

import httpx
import pytest

from karst_auth.changes import groups, tokens, users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.main import Auth
from services_src.auth.tests.calling import Caller
from services_src.auth.tests.world import LAB, World

_DATE = re.compile(r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$")
BRIEF = {"id", "service_account", "name", "created", "pi", "affiliations"}
FULL = BRIEF | {"gdpr_consent", "admin_datasets", "admin", "email", "read_only", "active"}


async def test_the_record_and_who_i_am(client: httpx.AsyncClient, world: World) -> None:
    call = Caller(client, world, "viewer")
    record = await call("GET", "/user/cache")
    assert record == await call("GET", "/my_permissions")
    assert record == await Caller(client, world, "superadmin")("GET", f"/user/{world.users['viewer']}/permissions")
    assert record["permissions_v2"] == {LAB: ["view"]}
    assert await call("GET", "/user/missing") == record["missing_tos"]
    me = await call("GET", "/user/me")
    assert me.keys() == FULL
    assert _DATE.match(me["created"])


async def test_keys_are_made_listed_masked_and_revoked(client: httpx.AsyncClient, world: World) -> None:
    call = Caller(client, world, "nobody")
    key = await call("POST", "/user/token", {"description": "laptop"})
    assert isinstance(key, str)
    assert re.fullmatch("[a-f0-9]{32}", key)
    listed = await call("GET", "/user/token")
    assert listed[0].keys() == {"id", "user_id", "token", "description", "created", "updated", "last_used"}
    assert (listed[0]["token"], listed[0]["description"]) == (f"{key[:4]}...{key[-4:]}", "laptop")
    bearer = {"Authorization": f"Bearer {key}"}
    assert (await client.get("/user/cache", headers=bearer)).json()["id"] == world.users["nobody"]
    assert (await client.get(f"/user/token/{key}/ttl", headers=bearer)).json() == -1
    other = await client.get(f"/user/token/{world.tokens['viewer']}/ttl", headers=bearer)
    assert (other.status_code, other.json()["error"]) == (404, "invalid_token")
    assert (await client.get(f"/user/token/{key}/ttl", headers=world.header("nobody"))).json() == -1
    await call("DELETE", f"/user/token/{listed[0]['id']}")
    assert (await client.get("/user/cache", headers=bearer)).status_code == 401
    await Caller(client, world, "viewer")("DELETE", f"/user/token/{listed[-1]['id']}", expects=404)


async def test_a_key_is_made_whatever_the_body(client: httpx.AsyncClient, world: World) -> None:
    for body in (b"", b"{", b"[1]", b'"x"'):
        answer = await client.post("/user/token", headers=world.header("nobody"), content=body)
        assert answer.status_code == 200
    await Caller(client, world, "nobody")("POST", "/user/token", {"description": 5}, expects=400)


async def test_nobody_fills_the_database_with_keys(
    client: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MOST_KEYS", 3)
    call = Caller(client, world, "nobody")
    made = [await call("POST", "/user/token") for _ in range(2)]
    assert (await call("POST", "/user/token", expects=422))["error"] == "too_many"
    keys = await call("GET", "/user/token")
    await call("DELETE", f"/user/token/{keys[0]['id']}")
    assert len({*made, await call("POST", "/user/token")}) == 3


async def test_one_key_is_replaced_and_several_are_not(client: httpx.AsyncClient, world: World) -> None:
    key = (await client.get("/refresh_token", headers=world.header("nobody"))).json()
    assert (await client.get("/user/cache", headers=world.header("nobody"))).status_code == 401
    bearer = {"Authorization": f"Bearer {key}"}
    await client.post("/user/token", headers=bearer)
    assert (await client.get("/refresh_token", headers=bearer)).status_code == 400


async def test_signing_out_ends_sign_ins_and_no_keys(client: httpx.AsyncClient, auth: Auth, world: World) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        logins = [await tokens.sign_in(change, world.users["viewer"]) for _ in range(3)]
    headers = [{"Authorization": f"Bearer {login}"} for login in logins]
    left = (await client.get(f"/user/token/{logins[0]}/ttl", headers=headers[0])).json()
    assert 604_700 < left <= 604_800
    assert (await client.get("/logout", headers=headers[0])).json() == "success"
    assert [(await client.get("/user/cache", headers=each)).status_code for each in headers] == [401, 200, 200]
    assert (await client.post("/logout_all", headers=headers[1])).json() == "success"
    assert [(await client.get("/user/cache", headers=each)).status_code for each in headers] == [401, 401, 401]
    assert (await client.get("/logout", headers=world.header("viewer"))).status_code == 422


async def test_a_link_alone_changes_nothing(client: httpx.AsyncClient, world: World) -> None:
    cookie = {"Cookie": f"middle_auth_token={world.tokens['viewer']}"}
    for path in ("/create_token", "/logout", "/logout_all", "/refresh_token"):
        answer = await client.get(path, headers=cookie)
        assert (answer.status_code, answer.json()["error"]) == (403, "missing_authorization"), path
        answer = await client.post(path, headers={**cookie, "Origin": "https://evil.example.org"})
        assert answer.status_code == 401
    assert (await client.get("/user/cache", headers=cookie)).status_code == 200


async def test_lists_of_users(client: httpx.AsyncClient, world: World) -> None:
    for who, keys in (("superadmin", FULL), ("robot", FULL), ("group_admin", BRIEF)):
        call = Caller(client, world, who)
        found = await call("GET", f"/user?id={world.users['viewer']},999,{world.users['editor']}")
        assert isinstance(found, list)
        assert [each["name"] for each in found] == ["Viewer", "Editor"]
        assert found[0].keys() == keys
    page = await Caller(client, world, "group_admin")("GET", "/user?page=2&per_page=3")
    assert (page["pages"], [each["name"] for each in page["items"]]) == (
        3,
        ["Group Admin", "Dataset Admin", "Superadmin"],
    )
    await Caller(client, world, "superadmin")("GET", "/user?page=9", expects=404)
    names = await Caller(client, world, "nobody")("GET", f"/username?id={world.users['editor']},999")
    assert names == [{"id": world.users["editor"], "name": "Editor"}]
    assert await Caller(client, world, "nobody")("GET", "/username") == []


async def test_searches_take_every_character_literally(client: httpx.AsyncClient, world: World) -> None:
    call = Caller(client, world, "superadmin")
    assert len(await call("GET", "/user?email=EXAMPLE.org")) == 7
    for path in (
        "/user?email=",
        "/user?name=",
        "/group?name=",
        "/tos?name=",
        "/permission?name=",
        "/service_account?name=",
    ):
        for sign in ("%25", "_", "%5C"):
            found = await call("GET", path + sign)
            wanted = [each for each in found if sign in str(each)] if sign == "_" else []
            assert found == wanted, path + sign


async def test_whoever_sees_no_addresses_cannot_guess_them(client: httpx.AsyncClient, world: World) -> None:
    call = Caller(client, world, "group_admin")
    assert await call("GET", "/user?email=viewer@") == []
    assert [each["id"] for each in await call("GET", "/user?email=Viewer@Example.org")] == [world.users["viewer"]]


async def test_people_are_made_changed_and_removed(client: httpx.AsyncClient, world: World) -> None:
    call = Caller(client, world, "superadmin")
    made = await call("POST", "/user", {"name": "Ada", "email": "Ada@Example.org"})
    assert made["email"] == "ada@example.org"
    assert await call("GET", f"/user/{made['id']}/group") == [{"id": 1, "name": "default"}]
    await call("POST", "/user", {"name": "Ada", "email": "ADA@example.org"}, expects=422)
    await call("POST", "/user", {"name": "Ada"}, expects=400)
    await call("PUT", f"/user/{made['id']}", {"pi": "Grace", "read_only": True})
    told = await call("GET", f"/user/{made['id']}")
    assert (told["pi"], told["read_only"]) == ("Grace", True)
    await call("PUT", f"/user/{made['id']}", {"id": 1}, expects=400)
    await call("PUT", f"/user/{world.users['superadmin']}", {"admin": False}, expects=403)
    await call("PUT", f"/user/{world.users['superadmin']}", {"active": False}, expects=403)
    await call("DELETE", f"/user/{world.users['superadmin']}", expects=403)
    await call("DELETE", f"/user/{made['id']}")
    await call("DELETE", f"/user/{made['id']}")
    await call("GET", f"/user/{made['id']}", expects=404)
    await call("GET", f"/user/{world.users['robot']}", expects=404)


async def test_service_accounts(client: httpx.AsyncClient, world: World) -> None:
    call = Caller(client, world, "superadmin")
    made = await call("POST", "/service_account", {"name": "Annotation"})
    assert made.keys() == BRIEF | {"token"}
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert (await client.get("/user/cache", headers=bearer)).json()["email"] == "annotation@serviceaccount"
    told = await call("GET", f"/service_account/{made['id']}")
    assert told.keys() == FULL | {"parent_id", "parent"}
    assert told["parent"]["name"] == "Superadmin"
    assert (await call("GET", "/service_account?name=annot"))[0]["id"] == made["id"]
    anew = await call("GET", f"/service_account/{made['id']}/token")
    assert anew != made["token"]
    assert (await client.get("/user/cache", headers=bearer)).status_code == 401
    assert (await client.get("/user/cache", headers={"Authorization": f"Bearer {anew}"})).status_code == 200
    record = await call("GET", f"/user/{made['id']}/permissions")
    assert record == await call("GET", f"/service_account/{made['id']}/permissions")
    await call("PUT", f"/service_account/{made['id']}", {"pi": "x"})
    await call("DELETE", f"/service_account/{made['id']}")
    await call("GET", f"/service_account/{made['id']}", expects=404)
    await call("DELETE", f"/service_account/{world.users['viewer']}", expects=404)


async def test_what_a_service_account_makes_ends_with_the_person_behind(
    client: httpx.AsyncClient, auth: Auth, world: World
) -> None:
    call = Caller(client, world, "superadmin")
    await call("PUT", f"/service_account/{world.users['robot']}", {"admin": True})
    made = await Caller(client, world, "robot")("POST", "/service_account", {"name": "Robot's arm"})
    bearer = {"Authorization": f"Bearer {made['token']}"}
    told = await call("GET", f"/service_account/{made['id']}")
    assert told["parent_id"] == world.users["viewer"]
    assert (await client.get("/user/cache", headers=bearer)).status_code == 200
    await call("PUT", f"/user/{world.users['viewer']}", {"active": False})
    assert (await client.get("/user/cache", headers=bearer)).status_code == 401
    await call("DELETE", f"/user/{world.users['viewer']}")
    await call("GET", f"/service_account/{made['id']}", expects=404)


async def test_a_token_in_the_address_may_do_what_one_in_a_header_may(client: httpx.AsyncClient, world: World) -> None:
    viewer = {"Origin": "https://viewer.example.org"}
    sent = {"middle_auth_token": world.tokens["viewer"]}
    made = await client.post("/user/token", params=sent, headers=viewer)
    assert (made.status_code, len(made.json())) == (200, 32)
    cookie = {"Cookie": f"middle_auth_token={world.tokens['viewer']}"}
    both = await client.post("/user/token", params={"middle_auth_token": "unknown"}, headers={**viewer, **cookie})
    assert both.status_code == 401


async def test_superadmins_see_and_end_sign_ins(client: httpx.AsyncClient, auth: Auth, world: World) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        logins = [await tokens.sign_in(change, world.users["viewer"]) for _ in range(2)]
        await tokens.create_code(change, world.users["viewer"], "https://data.example.org x")
    every, path = Caller(client, world, "superadmin"), f"/user/{world.users['viewer']}/sessions"
    listed = await every("GET", path)
    assert [each["token"] for each in listed] == [f"{login[:4]}...{login[-4:]}" for login in logins]
    await every("DELETE", f"{path}/{listed[0]['id']}")
    answers = [await client.get("/user/cache", headers={"Authorization": f"Bearer {each}"}) for each in logins]
    assert [answer.status_code for answer in answers] == [401, 200]
    await every("DELETE", path)
    assert (await client.get("/user/cache", headers={"Authorization": f"Bearer {logins[1]}"})).status_code == 401
    for gone in ("/redis", f"/user/{world.users['viewer']}/debug_redis", f"/user/{world.users['viewer']}/fix_redis"):
        assert (await client.get(gone, headers=world.header("superadmin"))).status_code == 404


async def test_superadmins_read_the_audit_log(client: httpx.AsyncClient, world: World) -> None:
    every = Caller(client, world, "superadmin")
    await every("PUT", f"/user/{world.users['viewer']}", {"pi": "Grace"})
    (entry, *_) = await every("GET", f"/audit?subject=user/{world.users['viewer']}&limit=1")
    assert (entry["actor"], entry["action"], entry["ip"]) == ("superadmin@example.org", "user.update", "192.0.2.7")
    assert (entry["before"], entry["after"]) == ({"pi": ""}, {"pi": "Grace"})
    older = await every("GET", f"/audit?before_id={entry['id']}&limit=3")
    assert [each["id"] < entry["id"] for each in older] == [True] * 3


async def test_refusals_stand_in_the_audit_log_once(client: httpx.AsyncClient, world: World) -> None:
    nobody, every = Caller(client, world, "nobody"), Caller(client, world, "superadmin")
    for _ in range(3):
        await nobody("PUT", f"/user/{world.users['nobody']}", {"admin": True}, expects=403)
    await nobody("GET", "/group", expects=403)
    entries = await every("GET", f"/audit?actor_id={world.users['nobody']}")
    assert [(each["action"], each["subject"], each["after"]["needed"]) for each in entries] == [
        ("refused", "GET /group", "some role"),
        ("refused", "PUT /user/{user_id:int}", "superadmin"),
    ]
    assert not any(world.tokens["nobody"] in str(each) for each in entries)


async def test_addresses_with_slashes_answer_without_a_redirect(client: httpx.AsyncClient, world: World) -> None:
    for path in ("//auth//api/v1/user/cache", "/auth/api/v1/user/cache/"):
        answer = await client.get(f"https://auth.example.org{path}", headers=world.header("viewer"))
        assert answer.status_code == 200
        assert answer.headers["access-control-expose-headers"] == "WWW-Authenticate, X-Requested-With"
        assert "access-control-allow-credentials" not in answer.headers
    version = await client.get("https://auth.example.org/auth/version")
    assert version.text.startswith("2.30.3")


async def test_the_name_that_somebody_chose_is_shown(client: httpx.AsyncClient, auth: Auth, world: World) -> None:
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        await users.choose_name(change, user_id=world.users["viewer"], name="Ada L.")
        await groups.add_member(change, group_id=world.groups["editors"], user_id=world.users["viewer"])
    call = Caller(client, world, "superadmin")
    assert await call("GET", f"/username?id={world.users['viewer']}") == [
        {"id": world.users["viewer"], "name": "Ada L."}
    ]
    assert [each["id"] for each in await call("GET", "/user?name=ada")] == [world.users["viewer"]]
