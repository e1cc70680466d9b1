"""Bad input is a 4xx with an error object, wherever it stands; nothing of it is a fault of ours."""

from __future__ import annotations

import json

import httpx
import pytest

from karst_auth.main import Auth
from karst_platform.relational import Relational
from services_src.auth.tests.world import World

_LONG = "x" * 100_000
VALUES: tuple[object, ...] = (
    None,
    True,
    -1,
    2**31,
    2**63,
    10**400,
    1.5,
    "",
    "   ",
    "nul\0",
    "\ud800",
    "a\nb",
    _LONG,
    [],
    [1],
    {},
    {"a": {"b": [1]}},
)
FIELDS = (
    ("POST", "/user", ("name", "email"), {"name": "Ada", "email": "ada@example.org"}),
    ("PUT", "/user/{viewer}", ("admin", "active", "gdpr_consent", "name", "pi", "read_only"), {}),
    ("POST", "/service_account", ("name",), {}),
    ("PUT", "/service_account/{robot}", ("name", "read_only"), {}),
    ("POST", "/group", ("name",), {}),
    ("POST", "/group/{viewers}/user", ("user_id",), {}),
    ("PUT", "/group/{viewers}/user/{viewer}", ("admin",), {}),
    ("POST", "/group/{viewers}/service_account", ("sa_id",), {}),
    ("POST", "/dataset", ("name", "tos_id"), {"name": "new", "tos_id": None}),
    ("PUT", "/dataset/{h01}", ("name", "tos_id"), {}),
    ("POST", "/dataset/{h01}/admin", ("user_id",), {}),
    ("POST", "/dataset/{h01}/group", ("group_id", "permission_ids"), {"group_id": 1, "permission_ids": [1]}),
    ("POST", "/tos", ("name", "text"), {"name": "New", "text": "Be kind"}),
    ("PUT", "/tos/{tos}", ("name", "text"), {}),
    ("POST", "/permission", ("name",), {}),
    ("PUT", "/permission/1", ("name",), {}),
    ("POST", "/user/token", ("description",), {}),
)
_ALLOWED: frozenset[tuple[str, str]] = frozenset(
    {(field, json.dumps(value)) for field in ("admin", "active", "gdpr_consent", "read_only") for value in (True,)}
    | {("pi", json.dumps(value)) for value in ("", "   ")}
    | {("tos_id", "null")}
    | {("description", json.dumps(value)) for value in (None, "", "   ")}
    | {("text", json.dumps("a\nb")), ("text", json.dumps(_LONG)), ("permission_ids", "[1]")}
)
"""Fields for which a value of the list is a good one."""


def _path(template: str, world: World) -> str:
    return template.format(**world.users, **world.groups, h01=world.datasets["h01"], tos=world.tos)


@pytest.mark.parametrize(("method", "template", "fields", "others"), FIELDS)
async def test_bad_values_of_fields(
    client: httpx.AsyncClient,
    world: World,
    method: str,
    template: str,
    fields: tuple[str, ...],
    others: dict[str, object],
) -> None:
    for field in fields:
        for value in VALUES:
            body = json.dumps({**others, field: value})
            answer = await client.request(
                method, _path(template, world), headers=world.header("superadmin"), content=body
            )
            case = (field, body[:80], answer.status_code, answer.text[:200])
            if (field, json.dumps(value)) in _ALLOWED:
                assert answer.status_code == 200, case
            elif template == "/user/token" and answer.status_code == 200:
                assert value in ("\ud800", 10**400), case  # no JSON at all, which this route tolerates
            else:
                assert 400 <= answer.status_code < 500, case
                assert {"error", "message"} <= answer.json().keys(), case


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"5", b"null", b"\xff", b"[" * 5000, b"{}"])
async def test_bodies_that_are_no_objects(client: httpx.AsyncClient, world: World, body: bytes) -> None:
    for method, template, _, _ in FIELDS:
        if template == "/user/token":
            continue
        answer = await client.request(method, _path(template, world), headers=world.header("superadmin"), content=body)
        assert answer.status_code == 400, (method, template, answer.text)
        assert answer.json()["error"] == "bad_request"


@pytest.mark.parametrize(
    "path",
    [
        "/user?page=x",
        "/user?page=0",
        "/user?page=-1",
        "/user?page=99999999999999999999",
        "/user?per_page=0",
        "/user?per_page=1e3",
        "/user?id=x",
        "/user?id=1,,x",
        "/user?id=" + ",".join(["1"] * 2000),
        "/user?from=x",
        "/user?from=nan",
        "/user?to=inf",
        "/user?from=-1",
        "/user?email=%00",
        "/user?name=" + "x" * 500,
        "/username?id=%00",
        "/username?id=\u0661",
        "/group?name=%00",
        "/tos?name=%00",
        "/permission?name=%00",
        "/service_account?id=x",
        "/service_account?name=%00",
        "/audit?limit=0",
        "/audit?limit=x",
        "/audit?before_id=99999999999999999999",
        "/audit?subject=%00",
        "/user/99999999999",
        "/user/-1",
        "/user/x",
        "/group/99999999999/user",
        "/dataset/99999999999",
        "/service/datastack/table/%00/dataset",
        "/table/h01/root/99999999999999999999/is_public",
        "/table/h01/root/x/is_public",
    ],
)
async def test_bad_addresses(client: httpx.AsyncClient, world: World, path: str) -> None:
    answer = await client.get(path, headers=world.header("superadmin"))
    assert 400 <= answer.status_code < 500, answer.text
    assert {"error", "message"} <= answer.json().keys()


async def test_odd_addresses_of_tables_find_nothing(client: httpx.AsyncClient, world: World) -> None:
    header = world.header("superadmin")
    assert (await client.get("/table/%00/has_public", headers=header)).json() is False
    assert (await client.get("/table/%00/get_public_roots", headers=header)).json() == []
    long = "x" * 5000
    assert (await client.post(f"/service/{long}/table/t/dataset/h01", headers=header)).status_code == 422
    assert (await client.post("/service/%00/table/t/dataset/h01", headers=header)).status_code == 400
    assert (await client.delete("/service/s/table/t/dataset/%00", headers=header)).status_code == 400
    answer = await client.post("/service/s/tables/datasets", headers=header, json=["\0", "a" * 5000])
    assert answer.json() == {}
    assert (await client.post("/service/s/tables/datasets", headers=header, json=[1])).status_code == 400
    assert (await client.post("/service/s/tables/datasets", headers=header, json=["t"] * 1001)).status_code == 422
    roots = [2**63, -1]
    answer = await client.post("/table/h01_table/root_all_public", headers=header, json=roots)
    assert answer.json() is False


@pytest.mark.parametrize("token", ["", "x", "0" * 33, "A" * 100_000, "%00", "' OR 1=1 --", "\xff"])
async def test_odd_tokens_are_nobodys(client: httpx.AsyncClient, world: World, token: str) -> None:
    header = {"Authorization": b"Bearer " + token.encode("latin-1")}
    answer = await client.get("/user/cache", headers=header)  # type: ignore[arg-type]
    assert answer.status_code in (400, 401)
    assert answer.headers["www-authenticate"].startswith(
        'Bearer realm="https://auth.example.org/sticky/api/v1/authorize"'
    )


async def test_a_database_that_is_away_is_503_and_comes_back(
    client: httpx.AsyncClient, auth: Auth, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Relational("postgresql://localhost:1/none")
    with monkeypatch.context() as patched:
        for part in (auth.needs.tables, auth.needs.ledger):
            patched.setattr(part, "_database", away)
        answer = await client.get("/my_permissions", headers=world.header("viewer"))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        answer = await client.put(
            f"/user/{world.users['viewer']}", headers=world.header("superadmin"), json={"pi": "x"}
        )
        assert answer.status_code == 503
    answer = await client.get("/my_permissions", headers=world.header("viewer"))
    assert answer.status_code == 200
