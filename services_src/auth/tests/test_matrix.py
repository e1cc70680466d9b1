"""Every route against everybody whom a permission tells from others."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from karst_auth.main import create_app
from karst_auth.settings import AuthSettings
from karst_platform.permissions import declared, undeclared
from services_src.auth.tests.world import World

EVERYBODY = (
    "viewer", "editor", "nobody", "group_admin", "dataset_admin", "superadmin", "robot"
)  # fmt: skip
_ALL = frozenset(EVERYBODY)
_WHO = {
    "authenticated": _ALL,
    "some role": frozenset({"group_admin", "dataset_admin", "superadmin", "robot"}),
    "group admin": frozenset({"group_admin", "superadmin"}),
    "dataset admin": frozenset({"dataset_admin", "superadmin"}),
    "superadmin": frozenset({"superadmin"}),
}
"""Who passes, of those who have a token."""
EXPECTED = """
GET /api/v1/app authenticated
GET /api/v1/audit superadmin
GET /api/v1/create_token authenticated
POST /api/v1/create_token authenticated
GET /api/v1/dataset authenticated
POST /api/v1/dataset superadmin
GET /api/v1/dataset/{dataset_id:int} some role
PUT /api/v1/dataset/{dataset_id:int} dataset admin
GET /api/v1/dataset/{dataset_id:int}/admin dataset admin
POST /api/v1/dataset/{dataset_id:int}/admin dataset admin
DELETE /api/v1/dataset/{dataset_id:int}/admin/{user_id:int} superadmin
GET /api/v1/dataset/{dataset_id:int}/group dataset admin
POST /api/v1/dataset/{dataset_id:int}/group dataset admin
DELETE /api/v1/dataset/{dataset_id:int}/group/{group_id:int}/permission/{permission_id:int} dataset admin
DELETE /api/v1/dataset/{dataset_id:int} superadmin
GET /api/v1/declaration/{deployment} superadmin
GET /api/v1/group some role
POST /api/v1/group superadmin
GET /api/v1/group/{group_id:int} some role
GET /api/v1/group/{group_id:int}/admin some role
GET /api/v1/group/{group_id:int}/dataset some role
GET /api/v1/group/{group_id:int}/service_account some role
POST /api/v1/group/{group_id:int}/service_account group admin
DELETE /api/v1/group/{group_id:int}/service_account/{user_id:int} group admin
GET /api/v1/group/{group_id:int}/user some role
POST /api/v1/group/{group_id:int}/user group admin
DELETE /api/v1/group/{group_id:int}/user/{user_id:int} group admin
PUT /api/v1/group/{group_id:int}/user/{user_id:int} group admin
GET /api/v1/logout authenticated
POST /api/v1/logout authenticated
GET /api/v1/logout_all authenticated
POST /api/v1/logout_all authenticated
GET /api/v1/my_permissions authenticated
GET /api/v1/permission authenticated
POST /api/v1/permission superadmin
GET /api/v1/permission/{permission_id:int} some role
PUT /api/v1/permission/{permission_id:int} superadmin
GET /api/v1/refresh_token authenticated
POST /api/v1/refresh_token authenticated
GET /api/v1/service/{service}/table/{table}/dataset authenticated
DELETE /api/v1/service/{service}/table/{table}/dataset/{dataset} superadmin
POST /api/v1/service/{service}/table/{table}/dataset/{dataset} superadmin
POST /api/v1/service/{service}/tables/datasets authenticated
GET /api/v1/service_account some role
POST /api/v1/service_account superadmin
DELETE /api/v1/service_account/{user_id:int} superadmin
GET /api/v1/service_account/{user_id:int} superadmin
PUT /api/v1/service_account/{user_id:int} superadmin
GET /api/v1/service_account/{user_id:int}/group superadmin
GET /api/v1/service_account/{user_id:int}/permissions superadmin
GET /api/v1/service_account/{user_id:int}/token superadmin
POST /api/v1/service_account/{user_id:int}/token superadmin
GET /api/v1/table/{table}/get_public_roots authenticated
GET /api/v1/table/{table}/has_public authenticated
GET /api/v1/table/{table}/root/{root_id:int}/is_public authenticated
POST /api/v1/table/{table}/root_all_public authenticated
GET /api/v1/tos authenticated
POST /api/v1/tos superadmin
GET /api/v1/tos/{tos_id:int} some role
PUT /api/v1/tos/{tos_id:int} superadmin
GET /api/v1/user some role
POST /api/v1/user superadmin
GET /api/v1/user/cache authenticated
GET /api/v1/user/me authenticated
GET /api/v1/user/missing authenticated
GET /api/v1/user/token authenticated
POST /api/v1/user/token authenticated
DELETE /api/v1/user/token/{key_id:int} authenticated
GET /api/v1/user/token/{key}/ttl authenticated
DELETE /api/v1/user/{user_id:int} superadmin
GET /api/v1/user/{user_id:int} authenticated
PUT /api/v1/user/{user_id:int} superadmin
GET /api/v1/user/{user_id:int}/group some role
GET /api/v1/user/{user_id:int}/permissions some role
DELETE /api/v1/user/{user_id:int}/sessions superadmin
GET /api/v1/user/{user_id:int}/sessions superadmin
DELETE /api/v1/user/{user_id:int}/sessions/{session_id:int} superadmin
GET /api/v1/user/{user_id:int}/tos some role
GET /api/v1/user/{user_id:int}/update_cache superadmin
POST /api/v1/user/{user_id:int}/update_cache superadmin
GET /api/v1/username authenticated
GET / public
GET /api/v1/authorize public
POST /api/v1/authorize public
POST /api/v1/authorize/token public
GET /api/v1/oauth2callback public
GET /api/v1/register/choose_username authenticated
POST /api/v1/register/choose_username authenticated
GET /api/v1/tos/{tos_id:int}/accept authenticated
POST /api/v1/tos/{tos_id:int}/accept authenticated
GET /healthz public
GET /readyz public
GET /settings authenticated
GET /settings/create_token authenticated
GET /settings/datasets authenticated
POST /settings/datasets authenticated
POST /settings/sign_out authenticated
GET /settings/signed_out public
GET /settings/tokens authenticated
POST /settings/tokens authenticated
GET /settings/tokens/{key_id:int}/revoke authenticated
POST /settings/tokens/{key_id:int}/revoke authenticated
GET /settings/username authenticated
POST /settings/username authenticated
GET /static/{name} public
GET /version public
DELETE /api/v1/group/{group_id:int} superadmin
"""
# The last line takes away what lines before it ask about.


def _application() -> FastAPI:
    return create_app(AuthSettings(postgres_dsn=SecretStr("postgresql://nobody.invalid/none")))


def _lines() -> Iterator[tuple[str, str, str]]:
    for line in EXPECTED.strip().splitlines():
        method, path, need = line.split(" ", 2)
        yield method, path, need


def test_every_route_declares_what_it_needs() -> None:
    app = _application()
    assert undeclared(app) == []
    found = {(each.method, each.path, each.needs[0].name) for each in declared(app)}
    # Pages of the administration have a matrix of their own.
    assert {each for each in found if not each[1].startswith(("/admin", "/flask_admin"))} == set(_lines())


def _filled(path: str, world: World) -> str:
    # The ids of what the caller could reach if only the permission let them; most lead nowhere.
    values = {
        "{dataset_id:int}": world.datasets["h01"],
        "{group_id:int}": world.groups["viewers"],
        "{service}": "datastack",
        "{table}": "h01_v1",
    }
    for name, value in values.items():
        path = path.replace(name, str(value))
    while "{" in path:
        begin, end = path.index("{"), path.index("}")
        path = path[:begin] + ("999999" if ":int" in path[begin:end] else "unknown") + path[end + 1 :]
    return f"https://auth.example.org/auth{path}"


_MATRIX = [line for line in _lines() if line[2] != "public"]


async def _status(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> tuple[int, object]:
    # A body that every route refuses: nothing changes while all are asked.
    content = b"{" if method in ("POST", "PUT") else None
    answer = await client.request(method, path, headers=headers, content=content)
    assert answer.status_code < 500, (method, path, answer.text)
    if answer.status_code == 422 and path.partition("/auth/")[2].startswith("settings"):
        return 422, None  # a form, shown again
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/json"
        assert {"error", "message"} <= answer.json().keys() <= {"error", "message", "data"}
        return answer.status_code, answer.json()["error"]
    return answer.status_code, None


async def test_everybody_on_every_route(client: httpx.AsyncClient, world: World) -> None:
    ends = {"/logout", "/logout_all", "/create_token", "/refresh_token"}
    wrong: list[str] = []
    for method, path, need in _MATRIX:
        asked, is_end = _filled(path, world), path.removeprefix("/api/v1") in ends
        answers = {
            who: await _status(client, method, asked, world.header(who))
            for who in EVERYBODY
            if not is_end or who == "nobody"
        }
        for who, (status, error) in answers.items():
            is_refused = status == 403 and error == "missing_role"
            if is_refused is (who in _WHO[need]):
                wrong.append(f"{method} {path} {who}: {status} {error}")
        for headers, expected in (
            ({"X-Requested-With": "Fetch"}, (401, "no_token")),
            ({"Authorization": "Bearer " + "0" * 32}, (401, "invalid_token")),
            (world.header("disabled"), (401, "invalid_token")),
            ({"Authorization": "Basic eA=="}, (400, "bad_auth_header")),
        ):
            got = await _status(client, method, asked, headers)
            if got != expected:
                wrong.append(f"{method} {path} {headers}: {got}")
    assert wrong == []


@pytest.mark.parametrize("who", ["group_admin", "dataset_admin"])
async def test_roles_open_nothing_of_others(client: httpx.AsyncClient, world: World, who: str) -> None:
    group, dataset = world.groups["editors"], world.datasets["h01_private"]
    for method, path, body in (
        ("POST", f"/group/{group}/user", {"user_id": world.users[who]}),
        ("PUT", f"/group/{group}/user/{world.users['editor']}", {"admin": True}),
        ("DELETE", f"/group/{group}/user/{world.users['editor']}", None),
        ("PUT", f"/dataset/{dataset}", {"tos_id": None}),
        ("POST", f"/dataset/{dataset}/admin", {"user_id": world.users[who]}),
        ("POST", f"/dataset/{dataset}/group", {"group_id": group, "permission_ids": [1]}),
        ("GET", f"/dataset/{dataset}/admin", None),
    ):
        answer = await client.request(method, path, headers=world.header(who), json=body)
        assert (answer.status_code, answer.json()["error"]) == (403, "missing_role"), (method, path)
