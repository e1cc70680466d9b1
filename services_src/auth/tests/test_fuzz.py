"""Requests made from the API's document, sensible and broken, of everybody: no answer is a failure, or undocumented."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from schemathesis import Case
from sqlalchemy import update

from karst_auth.changes import tokens, users
from karst_auth.changes.ledger import DEPLOYMENT
from karst_auth.main import Auth, create_app, make_auth
from karst_auth.model import User
from karst_auth.settings import AuthSettings
from karst_platform.cave.guard.push import LocalChanges
from karst_platform.testing_databases import drop_database, make_database
from services_src.auth.tests.world import LAB, World, make_world
from services_src.platform.tests.fuzzing import CHECKS, Operation, fuzz, operations_of, sent

HOST = "https://auth.example.org"
WHO = ("superadmin", "superadmin", "superadmin", "viewer", "group_admin", "dataset_admin", "robot", "disabled", None)
SIGN_IN = ("/api/v1/authorize", "/api/v1/oauth2callback")


def never_breaks(_context: object, response: Any, _case: object) -> None:  # noqa: ANN401 - schemathesis'
    """Pages and redirections are no JSON; without a provider of identities nobody can sign in, which is a 503."""
    assert response.status_code < 500 or response.status_code == 503


@cache
def operations() -> list[Operation]:
    return operations_of(create_app(AuthSettings()))


class Served:
    """The service with a small lab, which requests change as they come."""

    def __init__(self, dsn: str) -> None:
        settings = AuthSettings(postgres_dsn=SecretStr(dsn), rate_per_user=0, rate_per_address=0)
        self.auth: Auth = make_auth(settings, LocalChanges())
        self.app = create_app(settings, self.auth)
        self.world = World()
        self.who: str | None = None

    async def fill(self) -> None:
        self.world = await make_world(self.auth.needs.ledger)

    def lead(self, case: Case[Any], number: int) -> None:
        """Choose a caller, and lead half of all requests to something that is there."""
        self.who = WHO[number % len(WHO)]
        ids: dict[str, object] = {
            "user_id": self.world.users["robot" if "service_account" in case.path else "nobody"],
            "group_id": self.world.groups["viewers"],
            "dataset_id": self.world.datasets[LAB],
            "tos_id": self.world.tos,
            "permission_id": 1,
            "service": "datastack",
            "table": "h01_v1",
            "dataset": LAB,
        }
        if number // len(WHO) % 2:
            case.path_parameters.update({name: ids[name] for name in case.path_parameters if name in ids})

    async def send(self, case: Case[Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport) as client:
            answer = await self.asked(client, case)
            if answer.status_code == 401 and self.who not in (None, "disabled"):
                await self.return_(self.who)
                answer = await self.asked(client, case)
            return answer

    async def return_(self, who: str) -> None:
        """Let a caller come back whose key was revoked, who was disabled or removed, as requests do."""
        async with self.auth.needs.ledger.change(DEPLOYMENT) as change:
            user_id = self.world.users[who]
            if await change.session.get(User, user_id) is None:
                address = f"{uuid.uuid4().hex}@example.org"
                user_id = await users.create(change, name=who, address=address, is_admin=who == "superadmin")
                self.world.users[who] = user_id
            else:
                await change.session.execute(update(User).where(User.id == user_id).values(active=True))
            change.concerns_users(user_id)
            self.world.tokens[who] = await tokens.create_key(change, user_id)

    async def asked(self, client: httpx.AsyncClient, case: Case[Any]) -> httpx.Response:
        headers = self.world.header(self.who) if self.who is not None else {"Origin": HOST}
        return await sent(client, case, f"{HOST}/auth", headers)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def served(loop: asyncio.Runner, auth_template: str) -> Iterator[Served]:
    name = f"fuzz_{uuid.uuid4().hex}"
    made = Served(make_database(auth_template, name, "auth_template"))
    loop.run(made.fill())
    yield made
    loop.run(made.auth.needs.database.close())
    drop_database(auth_template, name)


@pytest.mark.fuzz
@pytest.mark.parametrize("operation", operations(), ids=lambda each: each.label)
def test_no_request_makes_it_fail(loop: asyncio.Runner, served: Served, operation: Operation) -> None:
    checks = [never_breaks] if operation.path.startswith(SIGN_IN) else CHECKS
    send = partial(_send, loop, served)
    fuzz(operation, len(operations()), served.lead, send, checks)


def _send(loop: asyncio.Runner, served: Served, case: Case[Any]) -> httpx.Response:
    return loop.run(served.send(case))
