"""Every variable that deployments of the store set, and what it changes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from urllib.parse import unquote

import httpx
import jwt
import pytest

from karst_clio.settings import ClioSettings
from karst_clio.stores import open_documents
from karst_platform import SettingsError, load_settings
from karst_platform.stores.documents import Fields, StoreUnavailableError
from services_src.clio.tests.golden.world import INFO
from services_src.clio.tests.identity.google import AUDIENCE, Google, google_token
from services_src.clio.tests.support import KEY, Server, serving, token

pytestmark = pytest.mark.anyio
HERE = Path(__file__).parent
ADA = "ada@example.org"
PAGE = "https://page.example.org"
DATASET: Fields = {
    "description": "d",
    "public": True,
    "location": "gs://images/em",
    "transfer": ["m:1"],
    "neuprintHTTP": {"dataset": "ds1", "server": "neuprint.example.org"},
    "neuroglancer": {"layers": [{"name": "em", "source": "precomputed://gs://images/em"}]},
}
CUTOUT = {"dataset": "ds1", "model_name": "m:1", "center": [1, 2, 3]}


def served(**variables: str) -> AbstractAsyncContextManager[Server]:
    """A server with these variables and the key of `token`."""
    settings = load_settings(ClioSettings, {"FLYEM_SECRET": KEY, **variables})
    return serving(**settings.model_dump())


async def test_url_prefix() -> None:
    for prefix, path in (("", "/v2/roles"), ("api", "/api/v2/roles"), ("/api/", "/api/v2/roles")):
        async with served(URL_PREFIX=prefix) as server:
            assert (await server.ask("GET", path, user=ADA)).status_code == 200
            assert (await server.ask("GET", "/other" + path, user=ADA)).status_code == 404


@pytest.mark.parametrize(
    ("listed", "allowed", "is_with_cookies"),
    [("*", "https://any.example.org", False), (f"{PAGE},https://b.example.org", PAGE, True), ("", None, False)],
)
async def test_allowed_origins(listed: str, allowed: str | None, is_with_cookies: bool) -> None:
    async with served(**({"ALLOWED_ORIGINS": listed} if listed else {})) as server:
        headers = (await server.ask("GET", "/", headers={"Origin": "https://any.example.org"})).headers
        assert headers["access-control-allow-origin"] == (allowed or "https://any.example.org")
        assert ("access-control-allow-credentials" in headers) is is_with_cookies


async def test_owner_is_administrator_of_an_empty_store() -> None:
    for owner, roles in (("", []), (ADA, ["admin"])):
        async with served(OWNER=owner) as server:
            assert (await server.ask("GET", "/v2/roles", user=ADA)).json()["global_roles"] == roles


async def test_sig_bucket(tmp_path: Path) -> None:
    for bucket, status in (("", 503), ("signatures", 200)):
        async with served(SIG_BUCKET=bucket, KARST_BUCKETS=str(tmp_path)) as server:
            await server.store((("clio_datasets", "ds1"), DATASET))
            answer = await server.ask("GET", "/v2/signatures/atlocation/ds1?x=1&y=1&z=1", user=ADA)
            assert answer.status_code == status, answer.text


async def test_transfer_func_dest_and_the_viewer(tmp_path: Path) -> None:
    both = {"TRANSFER_FUNC": "http://worker.example.org/run", "TRANSFER_DEST": "shown/there"}
    for variables in ({}, {"TRANSFER_FUNC": both["TRANSFER_FUNC"]}, {"TRANSFER_DEST": both["TRANSFER_DEST"]}):
        assert (await transferred(tmp_path, variables)).status_code == 503
    plain = (await transferred(tmp_path, both)).json()["addr"]
    assert plain.startswith("https://neuroglancer-demo.appspot.com/#!")
    assert "precomputed://gs://shown/there/" in unquote(plain)
    own = await transferred(tmp_path, both | {"NEUROGLANCER_URL": "https://viewer.example.org/"})
    assert own.json()["addr"].startswith("https://viewer.example.org/#!")


async def transferred(folder: Path, variables: Mapping[str, str]) -> httpx.Response:
    async with served(KARST_BUCKETS=str(folder), **variables) as server:
        await server.store((("clio_datasets", "ds1"), DATASET))
        server.calls.answer = lambda _: httpx.Response(200)
        answer = await server.ask("POST", "/v2/transfer", user=ADA, json=CUTOUT)
        assert {str(each.url) for each in server.calls.requests} <= {variables.get("TRANSFER_FUNC")}
        return answer


async def test_neuprint_application_credentials() -> None:
    async with served(NEUPRINT_APPLICATION_CREDENTIALS="shared") as server:
        await server.store((("clio_datasets", "ds1"), DATASET))
        server.calls.answer = lambda _: httpx.Response(200, json={"data": []})
        asked = {"cypher": "MATCH (n) RETURN n", "dataset": "ds1"}
        assert (await server.ask("POST", "/v2/neuprint/ds1", user=ADA, json=asked)).status_code == 200
        assert server.calls.requests[0].headers["authorization"] == "Bearer shared"


async def test_test_user_is_whoever_calls_without_a_token() -> None:
    async with served(TEST_USER=ADA) as server:
        assert (await server.ask("GET", "/v2/roles")).json()["email"] == ADA
        assert (await server.ask("GET", "/v2/roles", user="b@example.org")).json()["email"] == "b@example.org"
    async with served() as server:
        assert (await server.ask("GET", "/v2/roles")).status_code == 401


async def test_test_user_on_cloud_run_has_to_be_meant() -> None:
    with pytest.raises(SettingsError, match="TEST_USER_FORCE"):
        served(TEST_USER=ADA, K_SERVICE="clio")
    async with served(TEST_USER=ADA, K_SERVICE="clio", TEST_USER_FORCE="1") as server:
        assert (await server.ask("GET", "/v2/roles")).json()["email"] == ADA


async def test_flyem_secret_signs_with_its_first_key_and_takes_the_others() -> None:
    new, old = "n" * 32, "o" * 32
    async with served(FLYEM_SECRET=f"{new}, {old}") as server:
        for key, status in ((new, 200), (old, 200), (KEY, 401)):
            headers = {"Authorization": f"Bearer {token(ADA, key)}"}
            assert (await server.ask("GET", "/v2/roles", headers=headers)).status_code == status
        made = await server.ask("POST", "/v2/server/token", headers={"Authorization": f"Bearer {token(ADA, old)}"})
        jwt.decode(made.json(), new, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
    with pytest.raises(SettingsError, match="shorter than 32 bytes"):
        served(FLYEM_SECRET="short")


async def test_dsg_url_and_the_domain_of_its_cookie() -> None:
    async with served() as server:
        assert (await server.ask("GET", "/login?redirect=/")).status_code == 404
    async with served(DSG_URL="https://auth.example.org/", AUTH_COOKIE_DOMAIN="example.org") as server:
        login = await server.ask("GET", "/login?redirect=/")
        assert login.headers["location"].startswith("https://auth.example.org/api/v1/authorize?redirect=%2F&")
        assert "Domain=example.org" in (await server.ask("GET", "/logout")).headers["set-cookie"]


async def test_google_audiences() -> None:
    for audiences, status in (("", 200), (f"other, {AUDIENCE}", 200), ("other", 401)):
        async with served(GOOGLE_AUDIENCES=audiences) as server:
            server.calls.answer = Google()
            answer = await server.ask("GET", "/v2/roles", headers={"Authorization": f"Bearer {google_token()}"})
            assert answer.status_code == status


async def test_bucket_and_width_of_sub_volumes(tmp_path: Path) -> None:
    (tmp_path / "images" / "em").mkdir(parents=True)
    (tmp_path / "images" / "em" / "info").write_text(json.dumps(INFO))
    for variables, shown in (
        ({}, "CLIO_SUBVOL_BUCKET"),
        ({"CLIO_SUBVOL_BUCKET": "cuts"}, "gs://cuts/ada@example.org/32_32_32_width_256"),
        ({"CLIO_SUBVOL_BUCKET": "cuts", "CLIO_SUBVOL_WIDTH": "64"}, "gs://cuts/ada@example.org/32_32_32_width_64"),
    ):
        async with served(KARST_BUCKETS=str(tmp_path), **variables) as server:
            await server.store((("clio_datasets", "ds1"), DATASET))
            answer = await server.ask("POST", "/v2/subvol/ds1/edit", user=ADA, json={"focus": [32, 32, 32]})
            assert shown in answer.text


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"FLYEM_SECRET": "hunter2"}, "FLYEM_SECRET: key 1 is shorter than 32 bytes. Make one: openssl rand -hex 32"),
        ({"KARST_POSTGRES_DSN": "postgres:/ada:hunter2@db/x"}, "KARST_POSTGRES_DSN: is no address of PostgreSQL. "),
        ({"TEST_USER": ADA, "K_SERVICE": "clio"}, "TEST_USER lets anybody in and is refused on Cloud Run. "),
    ],
)
def test_what_is_wrong_is_said_in_plain_words_and_without_secrets(variables: Mapping[str, str], line: str) -> None:
    with pytest.raises(SettingsError) as told:
        load_settings(ClioSettings, variables)
    assert str(told.value).splitlines()[1].startswith(line)
    assert "hunter2" not in str(told.value)


def test_a_variable_that_is_set_to_nothing_names_no_database() -> None:
    assert load_settings(ClioSettings, {"KARST_POSTGRES_DSN": ""}).postgres_dsn is None


def test_port() -> None:
    assert load_settings(ClioSettings, {}).port == 8080
    assert load_settings(ClioSettings, {"PORT": "9000"}).port == 9000
    with pytest.raises(SettingsError, match="PORT"):
        load_settings(ClioSettings, {"PORT": "none"})


def test_every_variable_is_tried() -> None:
    tried = "".join((HERE / name).read_text(encoding="utf-8") for name in ("test_settings.py", "test_start.py"))
    names = {str(field.validation_alias) for field in ClioSettings.model_fields.values()}
    ours = {name for name in names if name.startswith(("KARST_", "OTEL_"))}
    assert {name for name in names - ours if not re.search(rf"\b{name}\b[\"=]", tried)} == set()


async def test_google_application_credentials_are_what_the_store_is_opened_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key-of-the-store.json"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))  # Google's libraries read it themselves
    variables = {"GOOGLE_APPLICATION_CREDENTIALS": str(file), "GOOGLE_CLOUD_PROJECT": "project"}
    documents = open_documents(load_settings(ClioSettings, variables))
    for content, fault in ((None, "was not found"), ("{}", "does not have a valid type")):
        if content is not None:
            file.write_text(content)
        with pytest.raises(StoreUnavailableError, match=f"key-of-the-store.json.*{fault}"):
            await documents.check()
    await documents.close()
