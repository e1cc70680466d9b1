"""Who may call what: every route with every kind of caller."""

from __future__ import annotations

import pytest

from karst_nglstate.main import create_app
from karst_platform.cave.guard.record import UserRecord
from karst_platform.permissions import declared, undeclared
from services_src.nglstate.tests.conftest import unlimited
from services_src.nglstate.tests.support import API, Server, refused
from services_src.platform.tests.guard.people import EVERYONE, READER, SUPERADMIN

pytestmark = pytest.mark.anyio
EXPECTED = """
DELETE /api/v1/property/{state_id} owner or superadmin
DELETE /api/v1/{state_id} owner or superadmin
GET / authenticated
GET /api/doc public
GET /api/doc/{asset} public
GET /api/v1 authenticated
GET /api/v1/index authenticated
GET /api/v1/post authenticated
GET /api/v1/property/raw/{state_id} authenticated
GET /api/v1/property/{state_id}/info authenticated
GET /api/v1/raw/{state_id} authenticated
GET /api/v1/table_info authenticated
GET /api/v1/version authenticated
GET /api/v1/{state_id} authenticated
GET /healthz public
GET /index authenticated
GET /raw/{state_id} authenticated
GET /readyz public
GET /{state_id} authenticated
POST /api/v1/post authenticated
POST /api/v1/post/{state_id} superadmin
POST /api/v1/property/post authenticated
POST /api/v1/property/post/{state_id} superadmin
POST /post authenticated
"""


def rows() -> list[tuple[str, str, str]]:
    return [
        (method, path, need) for line in EXPECTED.split("\n") if line for method, path, need in [line.split(" ", 2)]
    ]


def test_each_route_needs_what_the_table_says() -> None:
    app = create_app(unlimited())
    assert undeclared(app) == []
    assert sorted(f"{route} {route.needs[0].name}" for route in declared(app)) == EXPECTED.strip().split("\n")


@pytest.mark.parametrize("who", [*EVERYONE, None], ids=lambda who: who.name if who else "anonymous")
async def test_everybody_gets_what_the_table_says(postgres_server: Server, who: UserRecord | None) -> None:
    for method, path, need in rows():
        kept = await postgres_server.post(b'"of the reader"')
        properties = await postgres_server.post(b'"of the reader"', folder="/property")
        chosen = kept % 10**9 * 2 + ("property" in path)
        ours = properties if "property" in path else kept
        target = f"/nglstate{path}".replace("{state_id}", str(chosen if "post" in path else ours))
        if "{asset}" in target:
            continue
        headers = {"X-Requested-With": "test"}
        body = b'"new"' if "post" in path else None
        answer = await postgres_server.ask(method, target, body, who=who, headers=headers)
        is_owner = who is READER or who is SUPERADMIN
        may = {"public": True, "authenticated": who is not None, "superadmin": who is SUPERADMIN}
        if may.get(need, is_owner):
            assert answer.status_code == 200, (method, path, answer.text)
        elif who is None:
            refused(answer, 401, "no_token")
        else:
            role = refused(answer, 403, "missing_role")["data"]["required_role"]
            assert role == ("superadmin" if need == "superadmin" else "owner")


async def test_a_superadmin_of_this_very_moment_may_delete(postgres_server: Server) -> None:
    """Whoever is refused by what is remembered of them is looked up once more."""
    kept = await postgres_server.post(b"1", who=READER)
    stranger = next(one for one in EVERYONE if one.name == "stranger")
    refused(await postgres_server.ask("DELETE", f"{API}/{kept}", who=stranger), 403, "missing_role")
    assert "record anew" in postgres_server.known.asked
