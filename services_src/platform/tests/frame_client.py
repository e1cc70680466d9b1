"""Asks an application in this process, as a client behind nothing else would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import httpx
from fastapi import FastAPI

from karst_platform import Settings, service_app
from karst_platform.app import Frame

HOST = "https://x.example.org"


def plain_app(settings: Settings | None = None, frame: Frame | None = None) -> FastAPI:
    """A service without routes of its own."""
    return service_app(name="example", title="x", version="1", settings=settings or Settings(), frame=frame)


async def ask(
    app: FastAPI,
    path: str,
    *,
    method: str = "GET",
    content: bytes | AsyncIterator[bytes] = b"",
    headers: Mapping[str, str] | None = None,
    client: str = "127.0.0.1",
) -> httpx.Response:
    """Send one request from the address `client`."""
    transport = httpx.ASGITransport(app, client=(client, 50000))
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as caller:
        return await caller.request(method, path, content=content, headers=headers)
