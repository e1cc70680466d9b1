"""Calls of the API."""

from __future__ import annotations

from typing import Any

import httpx

from services_src.auth.tests.world import World


class Caller:
    """Calls in somebody's name."""

    def __init__(self, client: httpx.AsyncClient, world: World, who: str) -> None:
        self._client, self._headers = client, world.header(who)

    async def __call__(self, method: str, path: str, body: object = None, *, expects: int = 200) -> Any:  # noqa: ANN401 - JSON
        answer = await self._client.request(method, path, headers=self._headers, json=body)
        assert answer.status_code == expects, answer.text
        return answer.json()
