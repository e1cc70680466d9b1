"""The service in this process, asked as a client over the network would ask it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache

import httpx
from fastapi import FastAPI

from karst_schema.main import create_app
from karst_schema.settings import SchemaSettings

HOST = "https://schema.example.org"
ROOT = "/schema"


@cache
def application() -> FastAPI:
    """The service, which no test changes; tests ask faster than any client, and all from one address."""
    return create_app(SchemaSettings(rate_per_address=0))


@asynccontextmanager
async def client() -> AsyncGenerator[httpx.AsyncClient]:
    """A client that asks for no compression by itself."""
    transport = httpx.ASGITransport(application())
    headers = {"Accept-Encoding": "identity"}
    async with httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers) as made:
        yield made


async def ask(
    method: str, path: str, *, content: bytes | str | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    """Send one request; the path stands behind the prefix."""
    async with client() as made:
        return await made.request(method, f"{HOST}{ROOT}{path}", content=content, headers=headers)
