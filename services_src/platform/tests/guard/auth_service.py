"""An auth service that a test can break, and ways to break it."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
from fastapi import FastAPI

from karst_platform.cave.guard.push import LocalChanges
from karst_platform.cave.guard.remember import Remembering
from karst_platform.cave.guard.remote import HttpAuthority
from services_src.platform.tests.guard.guarded import guarded_app
from services_src.platform.tests.guard.people import SERVICE, Known, token

Break = Callable[[httpx.Request], httpx.Response]


class Auth:
    """An auth service that a test can break."""

    def __init__(self) -> None:
        self.known, self.now_s = Known(), 1000.0
        self.asked: list[str] = []
        self.broken: Break | None = None
        self.authority = HttpAuthority(
            "https://g.example.org/auth/",
            token(SERVICE.id),
            transport=httpx.MockTransport(self.answer),
            clock=lambda: self.now_s,
        )

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.raw_path.decode().removeprefix('/auth/api/v1')}")
        if self.broken is not None:
            return self.broken(request)
        sent = request.headers["authorization"].removeprefix("Bearer ")
        match request.url.raw_path.decode().removeprefix("/auth/api/v1/").split("/"):
            case ["user", "cache"]:
                record = self.known.records.get(sent)
                return httpx.Response(200, json=record.to_json()) if record else httpx.Response(401)
            case ["service", namespace, "table", table, "dataset"] if sent == token(SERVICE.id):
                dataset = self.known.tables.get((namespace, table))
                return httpx.Response(200, json=dataset) if dataset else httpx.Response(404)
            case ["service", namespace, "tables", "datasets"] if sent == token(SERVICE.id):
                return httpx.Response(200, json=await self.known.datasets_of(namespace, json.loads(request.content)))
            case ["table", table, "root", root, "is_public"] if sent == token(SERVICE.id):
                return httpx.Response(200, json=await self.known.is_public(table, int(root)))
            case ["table", table, "has_public"] if sent == token(SERVICE.id):
                return httpx.Response(200, json=await self.known.has_public(table))
            case ["table", table, "root_all_public"] if sent == token(SERVICE.id):
                return httpx.Response(200, json=await self.known.all_public(table, json.loads(request.content)))
            case ["user", number, "permissions"] if sent == token(SERVICE.id):
                record = await self.known.record_of_user(int(number))
                return httpx.Response(200, json=record.to_json()) if record else httpx.Response(404)
            case _:
                return httpx.Response(403)

    def app(self) -> FastAPI:
        """A service that remembers what this one tells it."""
        return guarded_app(Remembering(self.authority, LocalChanges(), clock=lambda: self.now_s))


def refuse(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def hang(_request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("hangs")


def answering(status: int, **content: object) -> Break:
    def broken(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, **content)  # type: ignore[arg-type]

    return broken
