"""Who may call what: every route, with every kind of caller, against the table of the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest

from karst_clio.identity.guard import Requires
from karst_clio.identity.user import Caller, User
from karst_platform.stores.documents import Json
from services_src.clio.tests.memory import MemoryDocuments
from services_src.clio.tests.routes import Found, all_routes
from services_src.clio.tests.support import Server, serving

pytestmark = pytest.mark.anyio
PRIVATE, PUBLIC = "private-dataset", "public-dataset"
ROLES = ["clio_read", "clio_general", "clio_write", "dataset_admin", "admin"]

PERSONAS: Mapping[str, dict[str, Json]] = {
    "nobody": {},
    "elsewhere": {"datasets": {"other": ROLES}, "datasets_ignore_tos": {PRIVATE: ROLES}},
    "reader": {"datasets": {PRIVATE: ["clio_read"]}},
    "general": {"datasets": {PRIVATE: ["clio_general"]}},
    "writer": {"datasets": {PRIVATE: ["clio_write"]}},
    "manager": {"datasets": {PRIVATE: ["dataset_admin"]}},
    "general everywhere": {"global_roles": ["clio_general"]},
    "writer everywhere": {"global_roles": ["clio_write"]},
    "reader everywhere, which is no role": {"global_roles": ["clio_read", "dataset_admin"]},
    "admin": {"global_roles": ["admin"]},
    "admin of a dataset, which is no role": {"datasets": {PRIVATE: ["admin"]}},
}
GENERAL = frozenset({"general", "general everywhere"})
MAY: Mapping[str, frozenset[str]] = {
    "can_read": GENERAL | {"reader", "writer"},
    "can_write_own": GENERAL | {"writer"},
    "can_write_others": frozenset({"writer", "writer everywhere"}),
    "can_write_own or can_write_others": GENERAL | {"writer", "writer everywhere"},
    "clio_general": GENERAL,
    "is_admin": frozenset({"admin"}),
    "can_write_others or is_dataset_admin": frozenset({"writer", "writer everywhere", "manager", "admin"}),
}
"""Who may, in a dataset that is not public."""
OPEN = frozenset({"can_read", "can_write_own", "can_write_own or can_write_others", "clio_general"})
"""What everybody may in public datasets."""

PUBLIC_ROUTES = (
    "GET /", "GET /docs", "GET /docs/*", "GET /redoc", "GET /healthz", "GET /readyz", "GET /metrics", "GET /login",
    "GET /logout", "POST /logout", "GET /volumes/proxy/*/*",
    *(f"GET /dvid/*/api/node/*/segmentation_annotations/{name}" for name in ("all", "keys", "json_schema")),
    "GET /dvid/*/api/node/*/segmentation/sizes",
)  # fmt: skip
NEEDED: Mapping[str, tuple[str, int]] = {
    **dict.fromkeys(PUBLIC_ROUTES, ("public", 401)),
    "GET /profile": ("authenticated", 401),
    "GET /roles": ("authenticated", 401),
    "GET /users": ("is_admin", 401),
    "POST /users": ("is_admin", 401),
    "PUT /users": ("is_admin", 401),
    "DELETE /users": ("is_admin", 401),
    "POST /server/token": ("authenticated", 401),
    "POST /server/refresh-caches": ("authenticated", 401),
    "POST /refresh-caches": ("authenticated", 401),
    "GET /datasets": ("authenticated", 401),
    "POST /datasets": ("is_admin", 401),
    "PUT /datasets": ("is_admin", 401),
    "DELETE /datasets": ("is_admin", 401),
    "GET /datasets/*": ("authenticated", 401),
    "GET /annotations/*": ("can_read", 401),
    "POST /annotations/*": ("can_write_own or can_write_others", 401),
    "PUT /annotations/*": ("can_write_own or can_write_others", 401),
    "DELETE /annotations/*": ("can_write_own", 401),
    "DELETE /annotations/*/*": ("can_write_own", 401),
    "GET /atlas/*": ("can_read", 401),
    "GET /atlas/all": ("authenticated", 401),
    "POST /atlas/*": ("can_write_own", 401),
    "PUT /atlas/*": ("can_write_own", 401),
    "DELETE /atlas/*": ("can_write_own", 401),
    "POST /atlas-verify/*": ("authenticated", 401),
    "GET /savedsearches/*": ("clio_general", 401),
    "POST /savedsearches/*": ("clio_general", 401),
    "PUT /savedsearches/*": ("clio_general", 401),
    "DELETE /savedsearches/*": ("clio_general", 401),
    "GET /kv/*": ("authenticated", 401),
    "GET /kv/*/*": ("authenticated", 401),
    "POST /kv/*/*": ("authenticated", 401),
    "PUT /kv/*/*": ("authenticated", 401),
    "DELETE /kv/*/*": ("authenticated", 401),
    "GET /pull-request": ("authenticated", 401),
    "POST /pull-request": ("authenticated", 401),
    "POST /site-reports": ("authenticated", 401),
    "GET /volumes": ("authenticated", 401),
    "GET /volumes/*": ("authenticated", 401),
    "POST /volumes": ("is_admin", 401),
    "PUT /volumes": ("is_admin", 401),
    "DELETE /volumes": ("is_admin", 401),
    "POST /subvol/*/edit": ("can_write_own", 401),
    "POST /subvol/*/submit": ("can_write_own", 401),
    "POST /transfer": ("authenticated", 401),
    "POST /neuprint/*": ("clio_general", 403),
    "GET /signatures/atlocation/*": ("clio_general", 403),
    "GET /signatures/likelocation/*": ("clio_general", 403),
    "GET /json-annotations/*/*/fields": ("can_read", 401),
    "GET /json-annotations/*/*/versions": ("can_read", 401),
    "GET /json-annotations/*/*/head_tag": ("can_read", 401),
    "GET /json-annotations/*/*/head_uuid": ("can_read", 401),
    "GET /json-annotations/*/*/tag_to_uuid/*": ("can_read", 401),
    "GET /json-annotations/*/*/uuid_to_tag/*": ("can_read", 401),
    "GET /json-annotations/*/*/all": ("can_read", 401),
    "GET /json-annotations/*/*/id-number/*": ("can_read", 401),
    "POST /json-annotations/*/*/query": ("can_read", 401),
    "POST /json-annotations/*/*": ("can_write_others", 401),
    "PUT /json-annotations/*/*": ("can_write_others", 401),
    "DELETE /json-annotations/*/*/id-number/*": ("can_write_others or is_dataset_admin", 401),
}
"""What each route needs and how it refuses, by method and path without mount: section 5 of the contract."""

ROUTES = all_routes()


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Server]:
    users = {("clio_users", _email(name)): fields for name, fields in PERSONAS.items()}
    disabled = {("clio_users", "disabled@example.org"): {"disabled": True, "global_roles": ROLES}}
    datasets = {("clio_datasets", PRIVATE): {"public": False}, ("clio_datasets", PUBLIC): {"public": True}}
    store = MemoryDocuments({**users, **disabled, **datasets})
    async with serving(store) as made:
        yield made


def needed(route: Found) -> tuple[str, int]:
    """What a route needs. The first form of annotations has no other users: everybody writes their own."""
    is_first_form = "/annotations/" in route.path and not route.path.startswith("/v2")
    return ("can_write_own", 401) if is_first_form and route.method != "GET" else NEEDED[route.key]


def _email(persona: str) -> str:
    return f"{persona.replace(' ', '-').replace(',', '')}@example.org"


def may(persona: str, need: str, dataset: str) -> bool:
    """Whether the contract lets a persona do what needs this."""
    if need in ("public", "authenticated") or (dataset == PUBLIC and need in OPEN):
        return True
    return persona in MAY[need] and (dataset == PRIVATE or "global_roles" in PERSONAS[persona])


def need_of(route: Found) -> Requires:
    assert len(route.needs) == 1, f"{route} must say what it needs with exactly one dependency of identity/guard.py"
    return route.needs[0]


def test_there_are_routes() -> None:
    assert {"GET /v2/roles", "GET /roles", "GET /clio_toplevel/roles", "POST /v2/users"} <= {
        str(each) for each in ROUTES
    }


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_every_route_needs_what_the_contract_says(route: Found) -> None:
    assert route.key in NEEDED, f"{route} is missing in the table of this test"
    need = need_of(route)
    assert (need.name, need.refusal) == needed(route)


@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_strangers_and_disabled_users_are_refused(server: Server, route: Found) -> None:
    is_public = need_of(route).name == "public"
    for dataset in (PRIVATE, PUBLIC):
        answer = await server.ask(route.method, route.url(dataset))
        if is_public:
            assert answer.status_code != 401
            continue
        assert (answer.status_code, answer.json()) == (401, {"detail": "Could not validate credentials"})
        assert answer.headers["www-authenticate"] == "Bearer"
        disabled = await server.ask(route.method, route.url(dataset), user="disabled@example.org")
        assert (disabled.status_code, disabled.json()) == (400, {"detail": "Inactive user"})


@pytest.mark.parametrize("route", ROUTES, ids=str)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_every_route_lets_in_whom_it_should(server: Server, route: Found, persona: str) -> None:
    name, refusal = needed(route)
    for dataset in (PRIVATE, PUBLIC):
        answer = await server.ask(route.method, route.url(dataset), user=_email(persona))
        if may(persona, name, dataset):
            assert answer.status_code not in (401, 403, 500), f"{route} {dataset} {answer.text}"
        else:
            assert answer.status_code == refusal, f"{route} {dataset} {answer.text}"


@pytest.mark.parametrize(
    ("persona", "dataset", "is_listed"),
    [
        ("nobody", PRIVATE, False),
        ("nobody", PUBLIC, True),
        ("elsewhere", PRIVATE, True),
        ("reader", PRIVATE, True),
        ("manager", PRIVATE, False),
        ("writer everywhere", PRIVATE, False),
        ("general everywhere", PRIVATE, True),
        ("admin", PRIVATE, True),
    ],
)
def test_who_knows_of_a_dataset(persona: str, dataset: str, *, is_listed: bool) -> None:
    user = User.model_validate({"email": _email(persona), **PERSONAS[persona]})
    caller = Caller(user=user, public=frozenset({PUBLIC}))
    assert caller.can_list(dataset) is is_listed


def test_roles_without_a_dataset_are_global_ones() -> None:
    user = User(email="a@example.org", global_roles=["x"], datasets={PRIVATE: ["y"]})
    caller = Caller(user=user, public=frozenset({PUBLIC}))
    assert caller.has_role("x")
    assert caller.has_role("x", "unknown")
    assert caller.has_role("y", PRIVATE)
    assert not caller.has_role("y")
    assert not caller.has_role("y", PUBLIC)
    assert not caller.has_role("clio_general")
    assert caller.has_role("clio_general", PUBLIC)
