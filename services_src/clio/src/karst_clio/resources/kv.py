"""Values of the caller's own, under a scope and a key: what pages keep between two visits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, HTTPException, Query
from starlette.responses import Response, StreamingResponse

from karst_clio.identity.guard import Anyone
from karst_clio.needs import Needs
from karst_clio.neurons.streams import streamed
from karst_clio.resources.values import LARGEST_BYTES, TIMESTAMP, Key, Values, name_in_path
from karst_clio.web.methods import post_or_put
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes

ROOT = "clio_keyvalue"
WithTime = Annotated[bool, Query(description=f"Add the time of writing, `{TIMESTAMP}`.")]
_EXAMPLE = {"1034": [1035, 1041]}


def router(needs: Needs) -> APIRouter:
    """Routes of `kv`."""
    routes = Routes(prefix="/kv/{scope}", tags=["Key-value"])
    values = Values(needs.documents, needs.clock, ROOT)

    @routes.get("", responses=answers({"mainToOthers": _EXAMPLE}, schema={"type": "object"}))
    async def read_scope(scope: str, caller: Anyone, *, timestamp: WithTime = False) -> StreamingResponse:
        """Show all values of a scope by key."""

        async def parts() -> AsyncIterator[bytes]:
            before = b"{"
            async for _, key, value in values.of_scope(caller.email, name_in_path(scope)):
                yield before + orjson.dumps(key) + b":" + value.shown(with_time=timestamp)
                before = b","
            yield b"{}" if before == b"{" else b"}"

        return await streamed(parts())

    @routes.get("/{key}", responses=answers(_EXAMPLE, 404, schema={"type": "object"}))
    async def read(scope: str, key: str, caller: Anyone, *, timestamp: WithTime = False) -> Response:
        """Show a value."""
        value = await values.get(Key(user=caller.email, scope=scope, key=key))
        if value is None:
            raise HTTPException(404, f"There is no value {key[:100]!r} in {scope[:100]!r}.")
        return Response(value.shown(with_time=timestamp), media_type="application/json")

    @post_or_put(routes, "/{key}")
    async def write(
        scope: str, key: str, value: Annotated[dict[str, Any], Body(examples=[_EXAMPLE])], caller: Anyone
    ) -> None:
        """Put a value in place of what is there."""
        value.pop(TIMESTAMP, None)
        text = orjson.dumps(value)
        if len(text) > LARGEST_BYTES:
            raise HTTPException(
                413, f"A value has {LARGEST_BYTES >> 20} MiB at the most; this one has {len(text)} bytes."
            )
        await values.put(Key(user=caller.email, scope=scope, key=key), text)

    @routes.delete("/{key}")
    async def remove(scope: str, key: str, caller: Anyone) -> None:
        """Remove a value; one that isn't there is no mistake."""
        await values.remove(Key(user=caller.email, scope=scope, key=key))

    return routes
