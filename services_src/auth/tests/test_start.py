"""What a start does: the accounts and tokens that a deployment declares, and when a service is ready."""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import select

from karst_auth.changes import groups, tokens, users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.declared import DeclaredError, apply_declared, read_declared
from karst_auth.main import Auth, create_app, make_auth
from karst_auth.migrations import MIGRATIONS
from karst_auth.model import ApiKey, User
from karst_auth.settings import AuthSettings
from karst_platform.relational import Relational
from services_src.auth.tests.world import World

TOKEN = "f" * 32


def _file(folder: Path, **others: object) -> Path:
    account = {"name": "Annotation", "groups": ["services"], "token_sha256": [sha256(TOKEN.encode()).hexdigest()]}
    told = {
        "admins": [{"email": "Ada@Example.org", "name": "Ada"}],
        "groups": ["lab"],
        "service_accounts": [account],
        **others,
    }
    path = folder / "declared.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


async def test_declared_accounts_and_tokens_work_from_the_first_start(auth: Auth, tmp_path: Path) -> None:
    for _ in range(2):
        await apply_declared(auth.needs.ledger, read_declared(_file(tmp_path)))
    found = await auth.needs.authority.record(TOKEN)
    assert found is not None
    assert (found.email, found.service_account) == ("annotation@serviceaccount", True)
    assert found.groups == ("default", "services")
    async with auth.needs.database.begin() as session:
        emails = select(User.email).where(User.admin)
        assert (await session.scalars(emails)).all() == ["ada@example.org"]
        assert (await session.scalars(select(ApiKey.key))).all() == [None]


async def test_several_processes_declare_at_once(auth: Auth, tmp_path: Path) -> None:
    declared = read_declared(_file(tmp_path))
    await asyncio.gather(*(apply_declared(auth.needs.ledger, declared) for _ in range(4)))
    assert await auth.needs.authority.record(TOKEN) is not None


async def test_a_start_gives_nobody_back_what_was_taken(auth: Auth, tmp_path: Path) -> None:
    declared = read_declared(_file(tmp_path))
    await apply_declared(auth.needs.ledger, declared)
    robot = await auth.needs.authority.record(TOKEN)
    assert robot is not None
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        ada = await change.session.scalar(select(User.id).where(User.email == "ada@example.org"))
        assert ada is not None
        await users.update(change, user_id=ada, values={"admin": False}, is_service_account=False)
        await groups.remove_member(change, group_id=1, user_id=robot.id, may_remove_admins=True)
    await apply_declared(auth.needs.ledger, declared)
    record = await auth.needs.authority.record_of_user(ada)
    robot = await auth.needs.authority.record(TOKEN)
    assert record is not None
    assert robot is not None
    assert not record.admin
    assert robot.groups == ("services",)


async def test_a_token_no_longer_declared_is_revoked(auth: Auth, tmp_path: Path) -> None:
    await apply_declared(auth.needs.ledger, read_declared(_file(tmp_path)))
    robot = await auth.needs.authority.record(TOKEN)
    assert robot is not None
    async with auth.needs.ledger.change(DEPLOYMENT) as change:
        made = await tokens.create_key(change, robot.id)
    rotated = [{"name": "Annotation", "token_sha256": [sha256(b"new").hexdigest()]}]
    await apply_declared(auth.needs.ledger, read_declared(_file(tmp_path, service_accounts=rotated)))
    assert await auth.needs.authority.record(TOKEN) is None
    assert await auth.needs.authority.record("new") is not None
    assert await auth.needs.authority.record(made) is not None


async def test_admins_of_the_environment_are_made_where_they_are_missing(auth_settings: AuthSettings) -> None:
    told = '[["Ada@Example.org", "Ada", "the head"], ["bob@example.org", "Bob"]]'
    settings = auth_settings.model_copy(
        update={"default_admins": AuthSettings.model_validate({"DEFAULT_ADMINS": told}).default_admins}
    )
    for _ in range(2):
        auth = make_auth(settings)
        await auth.start.until_done()
        async with auth.needs.database.begin() as session:
            found = (await session.execute(select(User.email, User.name, User.pi, User.admin).order_by(User.id))).all()
        assert found == [("ada@example.org", "Ada", "the head", True), ("bob@example.org", "Bob", "", True)]
        await auth.needs.database.close()


@pytest.mark.parametrize("told", ["x", "{}", '["ada@example.org"]', '[["ada@example.org"]]', "[[1, 2]]"])
def test_admins_that_nobody_can_read_are_refused(told: str) -> None:
    with pytest.raises(ValidationError, match="DEFAULT_ADMINS"):
        AuthSettings.model_validate({"DEFAULT_ADMINS": told})


def test_a_wrong_file_is_named_without_its_values(tmp_path: Path) -> None:
    wrong = [{"name": "Annotation", "token_sha256": ["secret"]}]
    with pytest.raises(DeclaredError, match=r"service_accounts\.0\.token_sha256\.0") as raised:
        read_declared(_file(tmp_path, service_accounts=wrong))
    assert "secret" not in str(raised.value)
    with pytest.raises(DeclaredError, match="FileNotFoundError"):
        read_declared(tmp_path / "none.json")


async def _ready(app_client: httpx.AsyncClient) -> tuple[int, object]:
    answer = await app_client.get("/readyz")
    return answer.status_code, answer.json().get("missing")


async def test_a_service_is_ready_once_its_database_is_migrated(empty_dsn: str, tmp_path: Path) -> None:
    settings = AuthSettings(postgres_dsn=SecretStr(empty_dsn), declared=_file(tmp_path))
    auth = make_auth(settings)
    app = create_app(settings, auth)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://auth.example.org") as client,
    ):
        await asyncio.sleep(0.5)
        assert await _ready(client) == (503, {"start": "The database isn't as it should be yet; is it migrated?"})
        assert (await client.get("/healthz")).status_code == 200
        await asyncio.to_thread(MIGRATIONS.run, empty_dsn)
        await asyncio.sleep(3)
        assert await _ready(client) == (200, None)
        assert await auth.needs.authority.record(TOKEN) is not None


async def test_uses_of_tokens_are_written_together_and_seldom(auth: Auth, world: World, database: Relational) -> None:
    async def last_used() -> set[str]:
        query = select(ApiKey.description).where(ApiKey.last_used.is_not(None))
        async with database.begin() as session:
            return {each or "" for each in (await session.scalars(query)).all()}

    for who in ("viewer", "editor", "viewer"):
        await auth.needs.tables.record(world.tokens[who])
    assert await last_used() == set()
    assert await auth.uses.write() == 2
    assert await last_used() == {"viewer", "editor"}
    await auth.needs.tables.record(world.tokens["viewer"])
    assert await auth.uses.write() == 0


async def test_uses_wait_while_the_database_is_away(auth: Auth, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await auth.needs.tables.record(world.tokens["viewer"])
    with monkeypatch.context() as patched:
        patched.setattr(auth.uses, "_database", Relational("postgresql://localhost:1/none"))
        assert await auth.uses.write() == 0
    assert await auth.uses.write() == 1
