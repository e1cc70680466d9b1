"""Declared permissions: found on every route, and enforced on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request

from karst_platform import Settings
from karst_platform.permissions import NO_PERMISSION, PUBLIC, Requires, declared, undeclared
from services_src.platform.tests.frame_client import ask, plain_app


@dataclass(frozen=True)
class Caller:
    """Somebody, and the tables that they may read."""

    email: str
    tables: frozenset[str]


class Callers:
    """Knows callers by a header."""

    async def caller(self, request: Request, *, is_fresh: bool) -> Caller:
        """Whoever says who they are."""
        name = request.headers.get("x-caller")
        if name is None:
            raise HTTPException(401, "who?")
        return Caller(f"{name}{is_fresh}", frozenset({name}))


may_read = Requires[Caller]("can_read", lambda caller, table: table in caller.tables, about="table")
anyone_anew = Requires[Caller]("authenticated", lambda _caller, _about: True, is_fresh=True)


def app() -> FastAPI:
    made = plain_app(Settings(rate_per_user=0.1))
    made.state.identity = Callers()
    routes = APIRouter(prefix="/tables")

    @routes.get("/{table}")
    async def table(caller: Annotated[Caller, Depends(may_read)]) -> str:
        return caller.email

    @routes.get("/", dependencies=[PUBLIC])
    async def tables() -> None: ...

    @routes.put("/")
    async def anew(caller: Annotated[Caller, Depends(anyone_anew)]) -> str:
        return caller.email

    made.include_router(routes, prefix="/api")
    return made


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "caller", "expected"),
    [
        ("GET", "/api/tables/x", "x", (200, "xFalse")),
        ("GET", "/api/tables/y", "x", (403, NO_PERMISSION)),
        ("GET", "/api/tables/x", None, (401, "who?")),
        ("PUT", "/api/tables", "x", (404, "Not Found")),
        ("GET", "/health/live", None, (200, {"status": "live"})),
    ],
)
async def test_permissions_are_enforced(
    method: str, path: str, caller: str | None, expected: tuple[int, object]
) -> None:
    headers = {"X-Caller": caller} if caller is not None else {}
    answer = await ask(app(), path, method=method, headers=headers)
    body = answer.json()
    told = body["error"]["message"] if isinstance(body, dict) and "error" in body else body
    assert (answer.status_code, told) == expected


@pytest.mark.anyio
async def test_whoever_calls_too_often_is_stopped_before_anything_is_checked() -> None:
    made = app()
    answers = [await ask(made, "/api/tables/other", headers={"X-Caller": "x"}) for _ in range(2)]
    assert [each.status_code for each in answers] == [403, 429]


def test_every_route_is_found_with_what_it_needs() -> None:
    found = {str(route): [need.name for need in route.needs] for route in declared(app())}
    assert found == {
        "GET /api/tables/{table}": ["can_read"],
        "GET /api/tables/": ["public"],
        "PUT /api/tables/": ["authenticated"],
        "GET /health/live": ["public"],
        "GET /health/ready": ["public"],
    }
    assert undeclared(app()) == []


def test_what_says_nothing_or_says_it_twice_is_found() -> None:
    made = app()
    twice = APIRouter(dependencies=[PUBLIC])

    @made.post("/open")
    async def opened() -> None: ...

    @twice.get("/twice")
    async def doubled(caller: Annotated[Caller, Depends(may_read)]) -> None:
        del caller

    made.include_router(twice, prefix="/api")
    assert undeclared(made) == ["POST /open", "GET /api/twice"]
