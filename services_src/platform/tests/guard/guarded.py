"""An application with one route for each check, and what it answers to the cases of `table`."""

from __future__ import annotations

from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Request
from starlette.middleware import Middleware

from karst_platform import Settings
from karst_platform.app import Frame
from karst_platform.cave.cors import Cors
from karst_platform.cave.errors import answer_cave
from karst_platform.cave.guard.authority import Authority
from karst_platform.cave.guard.checks import Member, signed_in, superadmin
from karst_platform.cave.guard.guard import Guard, caller_token
from karst_platform.cave.guard.public import by_root, by_roots_in_body, by_table
from karst_platform.cave.guard.record import UserRecord
from karst_platform.cave.guard.tables import DatasetAdmin, require, share_a_group, visible
from karst_platform.permissions import Requires
from services_src.platform.tests.frame_client import plain_app
from services_src.platform.tests.guard.people import PLACES

CHECKS: dict[str, Requires[UserRecord]] = {
    "/in": signed_in,
    "/view/{table_id}": require("view"),
    "/edit/{table_id}": require("edit"),
    "/blind/{table_id}": require("view", ignore_tos=True),
    "/volume/{name}": require("view", namespace="aligned_volume", table="name"),
    "/dataset": require("view", dataset="h01"),
    "/nothing": require("view"),
    "/superadmin": superadmin,
    "/keeper/{table_id}": DatasetAdmin(),
    "/member": Member("G1"),
    "/open/{table_id}": require("view", public=by_table),
    "/root/{table_id}/{root_id}": require("view", public=by_root("root_id")),
    "/roots/{table_id}": require("view", public=by_roots_in_body("roots")),
}


def guarded_app(authority: Authority, *, is_disabled: bool = False) -> FastAPI:
    """Each check at its path, for GET and POST."""
    frame = Frame(answer=answer_cave, outside=[Middleware(Cors)])
    app = plain_app(Settings(rate_per_address=0, rate_per_user=0), frame)
    app.state.guard = Guard(authority, PLACES, is_disabled=is_disabled)
    for path, check in CHECKS.items():
        add_route(app, path, check)

    @app.get("/listing/{names}")
    async def listing(names: str, request: Request, caller: Annotated[UserRecord, Depends(signed_in)]) -> list[str]:
        return await visible(request, caller, names.split(","))

    @app.get("/shared/{user_id}")
    async def shared(user_id: int, request: Request, caller: Annotated[UserRecord, Depends(signed_in)]) -> bool:
        return await share_a_group(request, caller, user_id, excluded=["default"])

    return app


def add_route(app: FastAPI, path: str, check: Requires[UserRecord]) -> None:
    async def handler(request: Request, caller: UserRecord = Depends(check)) -> dict[str, object]:
        return {"id": caller.id, "token": caller_token(request)}

    app.add_api_route(path, handler, methods=["GET", "POST"])


def told(answer: httpx.Response) -> dict[str, object]:
    """What of an answer decides what a client does next."""
    kept = {
        "status": answer.status_code,
        "location": answer.headers.get("location"),
        "challenge": answer.headers.get("www-authenticate"),
        "cookie": answer.headers.get("set-cookie"),
        "body": answer.json() if answer.status_code != 302 else None,
    }
    return {key: value for key, value in kept.items() if value is not None}
