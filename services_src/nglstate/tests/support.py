"""The service, asked as clients over the network ask it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from karst_nglstate.main import create_app
from karst_nglstate.settings import StateSettings
from karst_nglstate.states import States
from karst_nglstate.stores.opening import open_states
from karst_platform.cave.guard.record import UserRecord
from services_src.platform.tests.guard.people import READER, STRANGER, SUPERADMIN, Known, token

HOST = "https://g.example.org"
API = "/nglstate/api/v1"
PEOPLE = {"reader": READER, "stranger": STRANGER, "superadmin": SUPERADMIN}


def header(who: UserRecord) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(who.id)}"}


@dataclass(frozen=True)
class Server:
    """A service that runs, and a client of it that asks for no compression and has no token by itself."""

    app: FastAPI
    states: States
    known: Known
    client: httpx.AsyncClient

    async def ask(
        self,
        method: str,
        path: str,
        content: bytes | str | None = None,
        *,
        who: UserRecord | None = READER,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request in somebody's name. A path that begins with `/api` stands behind the prefix."""
        given = {**(header(who) if who is not None else {}), **(headers or {})}
        whole = f"/nglstate{path}" if path.startswith("/api") else path
        return await self.client.request(method, HOST + whole, content=content, headers=given)

    async def post(self, content: bytes | str, *, folder: str = "", who: UserRecord = READER) -> int:
        """Post something, and return its id."""
        answer = await self.ask("POST", f"{API}{folder}/post", content, who=who)
        assert answer.status_code == 200, answer.text
        return int(answer.json().rpartition("/")[2])

    async def content(self, state_id: int, folder: str = "") -> bytes:
        """The content behind an id, as it is."""
        end = "/info" if folder else ""
        answer = await self.ask("GET", f"{API}{folder}/{state_id}{end}")
        assert answer.status_code == 200, answer.text
        return answer.content


@asynccontextmanager
async def serving(settings: StateSettings) -> AsyncGenerator[Server]:
    known, states = Known(), open_states(settings)
    app = create_app(settings, known, states)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, headers={"Accept-Encoding": "identity"}) as client,
    ):
        yield Server(app, states, known, client)


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that an answer is an error as clients of CAVE read them."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), answer.text
    body = json.loads(answer.content)
    assert body["error"] == code
    assert body["message"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]
    return body
