"""A server of the store inside a test: its application, a client of it, a clock, and whom it calls."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import jwt
from fastapi import FastAPI

from karst_clio.main import create_app
from karst_clio.needs import Needs, make_needs
from karst_clio.settings import ClioSettings
from karst_platform.stores.documents import Documents, Json, Write
from services_src.clio.tests.memory import MemoryDocuments

KEY = "a key of thirty-two bytes or more"
NOW_S = 1_795_166_400.0
HOST = "https://clio.example.org"
Outside = Callable[[httpx.Request], httpx.Response]


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now_s: float = NOW_S

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Calls:
    """Whom the server called, and what they answer; nobody by default."""

    answer: Outside | None = None
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.answer is None:
            raise httpx.ConnectError("nobody is there", request=request)
        return self.answer(request)


@dataclass(kw_only=True)
class Server:
    """The application with everything around it."""

    app: FastAPI
    needs: Needs
    client: httpx.AsyncClient
    documents: Documents
    clock: Clock
    calls: Calls

    async def ask(self, method: str, path: str, *, user: str | None = None, **options: object) -> httpx.Response:
        """Send a request, as `user` by a token of the server's own."""
        headers = {} if user is None else {"Authorization": f"Bearer {token(user)}"}
        headers |= options.pop("headers", {})  # type: ignore[operator]  # a mapping of texts
        return await self.client.request(method, path, headers=headers, **options)  # type: ignore[arg-type]

    async def store(self, *documents: tuple[tuple[str, ...], Mapping[str, Json]]) -> None:
        """Put documents into the store and let the server see them."""
        await self.documents.write(*(Write(path=path, fields=fields) for path, fields in documents))
        for forget in self.needs.forgetting:
            forget()

    async def add_user(self, email: str, **fields: Json) -> None:
        """Put a user into the store."""
        await self.store((("clio_users", email), fields))


@asynccontextmanager
async def serving(documents: Documents | None = None, **settings: object) -> AsyncGenerator[Server]:
    """A server with these settings, and the key of `token`."""
    # Tests ask faster than any client, and all from one address.
    usual = {"signing_keys": (KEY,), "rate_per_user": 0, "rate_per_address": 0}
    made = ClioSettings(**(usual | settings))  # type: ignore[arg-type]
    clock, calls = Clock(), Calls()
    kept = MemoryDocuments() if documents is None else documents
    async with httpx.AsyncClient(transport=httpx.MockTransport(calls)) as http:
        needs = make_needs(made, documents=kept, http=http, clock=clock)
        app = create_app(made, needs)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
            yield Server(app=app, needs=needs, client=client, documents=kept, clock=clock, calls=calls)


def token(email: object, key: str = KEY, **claims: object) -> str:
    """A token of the server's own; claims that are None are left out."""
    every = {"email": email, "iat": NOW_S - 60, "exp": NOW_S + 3600, "iss": "flyem-clio-store"} | claims
    kept = {name: value for name, value in every.items() if value is not None}
    return jwt.PyJWS().encode(json.dumps(kept).encode(), key, algorithm="HS256", headers={"typ": "JWT"})
