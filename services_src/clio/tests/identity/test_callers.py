"""Callers: what is known about whoever a token stands for, and how soon changes count."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError

from karst_clio.identity.user import Role
from karst_clio.settings import ClioSettings
from karst_platform import SettingsError, load_settings
from karst_platform.stores.documents import Documents
from services_src.clio.tests.memory import MemoryDocuments
from services_src.clio.tests.support import HOST, NOW_S, Server, serving, token

pytestmark = pytest.mark.anyio
ADA = "ada@example.org"
PAGE = "https://page.example.org"
BLANK = {
    "email": ADA,
    "name": None,
    "org": None,
    "picture": None,
    "disabled": False,
    "global_roles": [],
    "datasets": {},
    "datasets_ignore_tos": {},
    "missing_tos": [],
    "groups": [],
}


@pytest.fixture
async def server(documents: Documents) -> AsyncIterator[Server]:
    async with serving(documents) as each:
        yield each


async def test_an_unknown_user_has_no_roles(server: Server) -> None:
    answer = await server.ask("GET", "/v2/roles", user=ADA)
    assert (answer.status_code, answer.json()) == (200, BLANK)


async def test_a_user_as_the_contract_shows_it(server: Server) -> None:
    fields = {"global_roles": ["clio_general"], "datasets": {"ds1": ["clio_write", "of-an-application"]}}
    await server.add_user(ADA, **fields, groups=["lab"], google_idinfo={"sub": "1"}, token_epoch=5)
    answer = await server.ask("GET", "/v2/roles", user=ADA)
    assert answer.json() == BLANK | fields | {"groups": ["lab"]}


async def test_old_documents_are_read(server: Server) -> None:
    await server.add_user(ADA, clio_global=["admin"], datasets={"ds1": ["clio_general"]})
    answer = await server.ask("GET", "/v2/roles", user=ADA)
    assert answer.json() == BLANK | {"global_roles": ["admin"], "datasets": {"ds1": ["clio_general"]}}


async def test_odd_documents_lock_nobody_out_and_give_no_roles(server: Server) -> None:
    odd = {"global_roles": "admin", "datasets": ["ds1"], "groups": None, "name": 7, "disabled": "no", "token_epoch": []}
    await server.add_user(ADA, **odd)
    assert (await server.ask("GET", "/v2/roles", user=ADA)).json() == BLANK
    await server.add_user(ADA, datasets={"ds1": {"admin": True}, "ds2": [1, "clio_read"]})
    assert (await server.ask("GET", "/v2/roles", user=ADA)).json()["datasets"] == {"ds1": [], "ds2": ["clio_read"]}


@pytest.mark.parametrize("asked", ["Ada@example.org", ADA])
async def test_emails_are_looked_up_lower_cased_then_as_they_are(server: Server, asked: str) -> None:
    await server.add_user("Ada@example.org", global_roles=["exact"])
    found = (await server.ask("GET", "/v2/roles", user=asked)).json()
    assert found["global_roles"] == (["exact"] if asked != ADA else [])
    await server.add_user(ADA, global_roles=["lower"])
    assert (await server.ask("GET", "/v2/roles", user=asked)).json()["global_roles"] == ["lower"]


async def test_disabled_users_get_in_nowhere(server: Server) -> None:
    await server.add_user(ADA, disabled=True, global_roles=["admin"])
    answer = await server.ask("GET", "/v2/roles", user=ADA)
    assert (answer.status_code, answer.json()) == (400, {"detail": "Inactive user"})


async def test_tokens_older_than_their_user_allows_are_refused(server: Server) -> None:
    await server.add_user(ADA, token_epoch=NOW_S - 30)
    for text, status in (
        (token(ADA, iat=NOW_S - 31), 401),
        (token(ADA, iat=None), 401),
        (token(ADA, iat=NOW_S - 29), 200),
    ):
        answer = await server.ask("GET", "/v2/roles", headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == status


async def test_the_owner_is_administrator_of_an_empty_store(documents: Documents) -> None:
    async with serving(documents, owner="Ada@example.org") as server:
        assert (await server.ask("GET", "/v2/roles", user=ADA)).json()["global_roles"] == ["admin"]
        assert (await server.ask("POST", "/v2/users", user=ADA, json={"b@example.org": {}})).status_code == 200
        assert (await server.ask("GET", "/v2/users", user="b@example.org")).status_code == 401


async def test_changes_elsewhere_count_after_ten_minutes_or_a_refresh() -> None:
    store = MemoryDocuments({("clio_users", ADA): {"global_roles": ["old"]}})
    path = ("clio_users", ADA)

    async with serving(store) as server:

        async def roles() -> list[str]:
            return (await server.ask("GET", "/v2/roles", user=ADA)).json()["global_roles"]

        assert await roles() == ["old"]
        store.documents[path] = {"global_roles": ["new"]}
        server.clock.now_s += 599
        reads = store.reads
        assert await roles() == ["old"]
        assert store.reads == reads, "a cached caller costs no read"
        server.clock.now_s += 2
        assert await roles() == ["new"]
        store.documents[path] = {"global_roles": ["newer"]}
        answer = await server.ask("POST", "/v2/server/refresh-caches", user=ADA)
        assert (answer.status_code, answer.content) == (200, b"null")
        assert await roles() == ["newer"]


async def test_refreshing_is_limited_and_has_the_path_of_an_old_client(server: Server) -> None:
    assert (await server.ask("POST", "/v2/refresh-caches", user=ADA)).content == b"null"
    again = await server.ask("POST", "/v2/server/refresh-caches", user=ADA)
    assert (again.status_code, again.headers["retry-after"]) == (429, "10")
    server.clock.now_s += 10
    assert (await server.ask("POST", "/v2/server/refresh-caches", user=ADA)).status_code == 200


async def test_public_datasets_open_and_close(server: Server) -> None:
    for is_public in (True, False):
        await server.store((("clio_datasets", "ds1"), {"description": "x", "public": is_public}))
        assert await server.needs.catalog.public() == (frozenset({"ds1"}) if is_public else frozenset())
        assert list(await server.needs.catalog.all()) == ["ds1"]


async def test_the_test_user_is_whoever_has_no_usable_token(documents: Documents) -> None:
    async with serving(documents, test_user=ADA) as server:
        await server.add_user(ADA, global_roles=["x"])
        for headers in ({}, {"Authorization": "Bearer rubbish"}, {"Cookie": "dsg_token=rubbish"}):
            answer = await server.ask("GET", "/v2/roles", headers=headers)
            assert answer.json() == BLANK | {"global_roles": ["x"]}
        assert (await server.ask("GET", "/v2/roles", user="b@example.org")).json()["email"] == "b@example.org"


def test_the_test_user_is_refused_on_cloud_run() -> None:
    environment = {"TEST_USER": ADA, "K_SERVICE": "clio"}
    with pytest.raises(SettingsError, match="TEST_USER lets anybody in and is refused on Cloud Run"):
        load_settings(ClioSettings, environment)
    assert load_settings(ClioSettings, environment | {"TEST_USER_FORCE": "1"}).test_user == ADA
    assert load_settings(ClioSettings, environment | {"TEST_USER": " "}).test_user is None


CONTRACT = {
    "URL_PREFIX": ("api/", "/api"),
    "ALLOWED_ORIGINS": ("https://a.example.org, *", ("https://a.example.org", "*")),
    "OWNER": (ADA, ADA),
    "SIG_BUCKET": ("signatures", "signatures"),
    "TRANSFER_FUNC": ("https://worker.example.org/", "https://worker.example.org"),
    "TRANSFER_DEST": ("gs://dest/path/", "dest/path"),
    "NEUPRINT_APPLICATION_CREDENTIALS": ("shared", "**********"),
    "TEST_USER": (ADA, ADA),
    "GOOGLE_APPLICATION_CREDENTIALS": ("key.json", "key.json"),
    "FLYEM_SECRET": (f"{'k' * 32}, {'l' * 32}", "(SecretStr('**********'), SecretStr('**********'))"),
    "DSG_URL": ("https://auth.example.org/", "https://auth.example.org"),
    "CLIO_SUBVOL_BUCKET": ("cuts", "cuts"),
    "CLIO_SUBVOL_WIDTH": ("64", 64),
    "PORT": ("8081", 8081),
    "GOOGLE_AUDIENCES": ("a,b", ("a", "b")),
    "AUTH_COOKIE_DOMAIN": (".example.org", ".example.org"),
    "NEUROGLANCER_URL": ("https://viewer.example.org/x", "https://viewer.example.org/x"),
    "TEST_USER_FORCE": ("1", True),
    "FIRESTORE_EMULATOR_HOST": ("127.0.0.1:8080", "127.0.0.1:8080"),
    "GOOGLE_CLOUD_PROJECT": ("project", "project"),
}
"""The variables of the contract: what is set, and what it means."""


@pytest.mark.parametrize("name", CONTRACT)
def test_each_variable_of_the_contract_is_honoured(name: str) -> None:
    given, meant = CONTRACT[name]
    (field,) = [each for each, info in ClioSettings.model_fields.items() if info.validation_alias == name]
    value = getattr(load_settings(ClioSettings, {name: given}), field)
    assert value == meant or str(value) == meant
    assert value != getattr(ClioSettings(), field)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("TRANSFER_DEST", "gs://", "names no bucket"),
        ("TRANSFER_DEST", "bucket/../x", "names no bucket"),
        ("CLIO_SUBVOL_BUCKET", "a b", "names no bucket"),
        ("CLIO_SUBVOL_BUCKET", "bucket/path", "Write the name alone"),
    ],
)
def test_buckets_in_settings_are_buckets(name: str, given: str, message: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}.*{message}"):
        load_settings(ClioSettings, {name: given})


@pytest.mark.parametrize("name", ["OWNER", "TEST_USER"])
def test_users_in_settings_are_addresses(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}.*can't stand for a user. Write an e-mail address"):
        load_settings(ClioSettings, {name: "ada/amber"})


def test_short_keys_are_refused_without_being_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(ClioSettings, {"FLYEM_SECRET": f"{'k' * 32},too-short-a-key"})
    assert "key 2 is shorter than 32 bytes" in str(caught.value)
    assert "too-short" not in str(caught.value)


@pytest.mark.parametrize("given", ["https://a.example.org/path", "a.example.org", "null"])
def test_origins_are_origins(given: str) -> None:
    with pytest.raises(ValidationError, match="ALLOWED_ORIGINS"):
        ClioSettings.model_validate({"ALLOWED_ORIGINS": given})


@pytest.mark.parametrize(
    ("headers", "is_meant"),
    [
        ({}, False),
        ({"Content-Type": "text/plain"}, False),
        ({"Content-Type": "text/plain; application/json"}, False),
        ({"Content-Type": "application/json; charset=utf-8"}, True),
        ({"Content-Type": "text/plain", "Origin": HOST}, True),
        ({"Content-Type": "text/plain", "Origin": PAGE}, True),
        ({"Content-Type": "application/json", "Origin": "https://evil.example.org"}, False),
        ({"Content-Type": "application/json", "Origin": "null"}, False),
    ],
)
async def test_writing_by_cookie_must_be_meant(headers: dict[str, str], *, is_meant: bool) -> None:
    async with serving(owner=ADA, allowed_origins=PAGE) as server:
        cookie = {"Cookie": f"dsg_token={token(ADA)}"}
        answer = await server.ask("POST", "/v2/users", content=b"{}", headers=cookie | headers)
        assert answer.status_code == (200 if is_meant else 403)
        assert (await server.ask("POST", "/v2/users", content=b"{}", user=ADA, headers=headers)).status_code == 200
        assert (await server.ask("GET", "/v2/users", headers=cookie | headers)).status_code == 200


async def test_groups_of_users_in_the_store(server: Server) -> None:
    await server.add_user("b@example.org", groups=["lab", "other"])
    await server.add_user("c@example.org", groups=["other"])
    await server.add_user(ADA, groups=["lab"], global_roles=[Role.ADMIN.value])
    request_of = server.needs.identity.records.get
    assert (await request_of(ADA)).user.groups == ["lab"]
    assert await server.needs.identity.records.members("lab") == {ADA, "b@example.org"}
    assert await server.needs.identity.records.members("nobody") == frozenset()
