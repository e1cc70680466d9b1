"""What the guard adds to a request whose user it knows already: the application is called without a network."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Collection, Mapping
from typing import Annotated

from fastapi import Depends, FastAPI
from starlette.types import Message, Scope

from bench.measure import BenchError, Figure
from karst_platform import Settings, service_app
from karst_platform.app import Frame
from karst_platform.cave.errors import answer_cave
from karst_platform.cave.guard.authority import Freshness
from karst_platform.cave.guard.guard import DEFAULT_NAMESPACE, Guard
from karst_platform.cave.guard.places import Places
from karst_platform.cave.guard.push import LocalChanges
from karst_platform.cave.guard.record import UserRecord
from karst_platform.cave.guard.remember import Remembering
from karst_platform.cave.guard.tables import require
from karst_platform.permissions import PUBLIC

LIMIT_US = 200
_REQUESTS = 5000
_TOKEN = "0123456789abcdef" * 2
_DATASETS = {f"dataset_{number}": ("view", "edit") for number in range(20)}
_USER = UserRecord(
    id=3,
    name="Ada",
    email="ada@example.org",
    groups=tuple(f"group {number}" for number in range(50)),
    permissions=_DATASETS,
    permissions_ignoring_tos=_DATASETS,
)


def measure(requests: int = _REQUESTS) -> list[Figure]:
    """Ask routes with and without a permission, in turn. Raises `BenchError`."""
    open_s, guarded_s = asyncio.run(_measured(requests))
    without_us, with_us = statistics.median(open_s) * 1e6, statistics.median(guarded_s) * 1e6
    differences_us = [(guarded - plain) * 1e6 for plain, guarded in zip(open_s, guarded_s, strict=True)]
    return [
        Figure(
            step="what the guard adds to a request, median",
            value=statistics.median(differences_us),
            limit=LIMIT_US,
            unit="us",
            note=f"{without_us:.0f} us without, {with_us:.0f} us with",
        )
    ]


class _Told:
    """An authority of one user, who may read everything; nothing is public."""

    async def record(self, token: str, freshness: Freshness = Freshness.CACHED) -> UserRecord | None:
        del freshness
        return _USER if token == _TOKEN else None

    async def record_of_user(self, user_id: int) -> UserRecord | None:
        return _USER if user_id == _USER.id else None

    async def dataset_of(self, namespace: str, table: str, freshness: Freshness = Freshness.CACHED) -> str | None:
        del freshness
        return (await self.datasets_of(namespace, [table])).get(table)

    async def datasets_of(self, namespace: str, tables: Collection[str]) -> Mapping[str, str]:
        return {table: table for table in tables if table in _DATASETS and namespace == DEFAULT_NAMESPACE}

    async def has_public(self, table: str) -> bool:
        return table not in _DATASETS

    async def is_public(self, table: str, root_id: int) -> bool:
        return await self.all_public(table, [root_id])

    async def all_public(self, table: str, root_ids: Collection[int]) -> bool:
        return bool(root_ids) and await self.has_public(table)


def _app() -> FastAPI:
    settings = Settings(rate_per_address=0, rate_per_user=0, log_level="WARNING")
    app = service_app(name="guarded", title="x", version="1", settings=settings, frame=Frame(answer=answer_cave))
    app.state.guard = Guard(Remembering(_Told(), LocalChanges()), Places(sticky_auth_url="g.example.org/sticky_auth"))

    @app.get("/open/{table_id}", dependencies=[PUBLIC])
    async def opened(table_id: str) -> str:
        return table_id

    @app.get("/view/{table_id}")
    async def viewed(table_id: str, _caller: Annotated[UserRecord, Depends(require("view"))]) -> str:
        return table_id

    return app


async def _measured(requests: int) -> tuple[list[float], list[float]]:
    app, taken = _app(), (list[float](), list[float]())
    paths = ("/open/dataset_7", "/view/dataset_7")
    for number in range(-requests // 10, requests):
        for path, times_s in zip(paths, taken, strict=True):
            took_s = await _ask(app, path, time.perf_counter)
            if number >= 0:
                times_s.append(took_s)
    return taken


async def _ask(app: FastAPI, path: str, clock: Callable[[], float]) -> float:
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"data.example.org"), (b"authorization", f"Bearer {_TOKEN}".encode())],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 443),
    }
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    begin_s = clock()
    await app(scope, receive, send)
    took_s = clock() - begin_s
    if statuses != [200]:
        raise BenchError(f"{path} was answered with {statuses}")
    return took_s
