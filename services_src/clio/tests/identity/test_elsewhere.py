"""Two servers on one store: what one of them changes counts at the other after ten minutes, or by a refresh."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from karst_platform.stores.documents import Documents
from services_src.clio.tests.support import Server, serving

pytestmark = pytest.mark.anyio
OWNER, ADA, BOB = "owner@example.org", "ada@example.org", "bob@example.org"
POINT = {"kind": "point", "pos": [1, 2, 3]}
Seen = dict[str, object]


@pytest.fixture
async def servers(documents: Documents) -> AsyncIterator[tuple[Server, Server]]:
    async with serving(documents, owner=OWNER) as here, serving(documents, owner=OWNER) as elsewhere:
        await here.store(
            (("clio_users", ADA), {"groups": ["lab"], "datasets": {"ds": ["clio_general"]}}),
            (("clio_users", BOB), {"groups": ["lab"], "datasets": {"ds": ["clio_general"]}}),
            (("clio_datasets", "ds"), {"description": "old"}),
        )
        yield here, elsewhere


async def change(server: Server) -> None:
    """Change all that servers keep in memory."""
    for path, body in (
        ("users", {ADA: {"global_roles": ["new"]}, BOB: {"groups": []}}),
        ("datasets", {"ds": {"description": "new"}, "added": {"description": "d", "public": True}}),
        ("volumes", {"ds": {"bucket": "b", "path": "new"}}),
    ):
        assert (await server.ask("POST", f"/v2/{path}", user=OWNER, json=body)).status_code == 200


async def seen(server: Server) -> Seen:
    """What Ada sees there."""
    roles = (await server.ask("GET", "/v2/roles", user=ADA)).json()
    datasets = (await server.ask("GET", "/v2/datasets", user=ADA)).json()
    volumes = (await server.ask("GET", "/v2/volumes", user=ADA)).json()
    group = (await server.ask("GET", "/v2/annotations/ds?groups=lab", user=ADA)).json()
    return {
        "roles": roles["global_roles"],
        "datasets": {name: each["description"] for name, each in datasets.items()},
        "volumes": list(volumes),
        "group": [each["user"] for each in group],
    }


OLD: Seen = {"roles": [], "datasets": {"ds": "old"}, "volumes": [], "group": [ADA, BOB]}
NEW: Seen = {"roles": ["new"], "datasets": {"added": "d", "ds": "new"}, "volumes": ["ds"], "group": [ADA]}


@pytest.mark.parametrize("is_refreshed", [True, False])
async def test_changes_count_here_at_once_and_elsewhere_in_time(
    servers: tuple[Server, Server], *, is_refreshed: bool
) -> None:
    here, elsewhere = servers
    for user in (ADA, BOB):
        assert (await here.ask("POST", "/v2/annotations/ds", user=user, json=POINT)).status_code == 200
    assert await seen(here) == await seen(elsewhere) == OLD
    await change(here)
    assert await seen(here) == NEW
    elsewhere.clock.now_s += 599
    assert await seen(elsewhere) == OLD
    if is_refreshed:
        assert (await elsewhere.ask("POST", "/v2/server/refresh-caches", user=ADA)).content == b"null"
    else:
        elsewhere.clock.now_s += 2
    assert await seen(elsewhere) == NEW
