"""Pull requests: values that their users hand in, for administrators to take over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from karst_clio.identity.guard import NO_PERMISSION, Anyone
from karst_clio.needs import Needs
from karst_clio.neurons.streams import streamed
from karst_clio.resources import kv
from karst_clio.resources.values import TIMESTAMP, Key, Values
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes

ROOT = "clio_pull_requests"
EVERYBODY = "all"
_EXAMPLE = {"ada@example.org": {"merges-mb20": {"mainToOthers": {"1034": [1035], TIMESTAMP: 1795166401.8}}}}


class Pull(BaseModel):
    """What to hand in."""

    pull: str = Field(description="`kv`, a scope and a key.", examples=["kv/merges-mb20/mainToOthers"])


def router(needs: Needs) -> APIRouter:
    """Routes of `pull-request`."""
    routes = Routes(tags=["Pull requests"])
    own, handed_in = (Values(needs.documents, needs.clock, root) for root in (kv.ROOT, ROOT))

    @routes.post("/pull-request", responses={404: {}})
    async def hand_in(pull: Pull, caller: Anyone) -> None:
        """Hand in a value of the caller's own, as it is now."""
        match pull.pull.split("/"):
            case ["kv", scope, key]:
                asked = Key(user=caller.email, scope=scope, key=key)
            case _:
                raise HTTPException(400, "pull names what to hand in: kv/<scope>/<key>.")
        value = await own.get(asked)
        if value is None:
            raise HTTPException(404, f"There is no value {key[:100]!r} in {scope[:100]!r}.")
        await handed_in.put(asked, value.text)

    @routes.get("/pull-request", responses=answers(_EXAMPLE, schema={"type": "object"}))
    async def show(
        caller: Anyone,
        user_email: Annotated[
            str, Query(description="Whose; the caller's where this is empty. `all` is for administrators.")
        ] = "",
    ) -> StreamingResponse:
        """Show what was handed in, by user, scope and key."""
        is_everybody = user_email == EVERYBODY
        is_own = not user_email or (caller.is_(user_email) and not is_everybody)
        if not is_own and not caller.is_admin:
            raise HTTPException(401, NO_PERMISSION)
        if is_everybody:
            users = await handed_in.users()
        else:
            users = [caller.email] if is_own else sorted({user_email.lower(), user_email})
        return await streamed(_by_user(handed_in, users))

    return routes


async def _by_user(values: Values, users: list[str]) -> AsyncIterator[bytes]:
    start = b"{"
    for user in users:
        scopes = b"{"
        async for part in _by_scope(values, user):
            if scopes == b"{":
                yield start + orjson.dumps(user) + b":"
                start = b","
            yield scopes + part
            scopes = b","
        if scopes == b",":
            yield b"}"
    yield b"{}" if start == b"{" else b"}"


async def _by_scope(values: Values, user: str) -> AsyncIterator[bytes]:
    """Name and content of each scope that holds something."""
    for stored in await values.scopes(user):
        keys = [
            (scope, orjson.dumps(key) + b":" + value.shown(with_time=True))
            async for scope, key, value in values.of_scope(user, stored)
        ]
        if keys:
            yield orjson.dumps(keys[0][0]) + b":{" + b",".join(text for _, text in keys) + b"}"
