"""All services as one application, each behind the path that it has in the cloud; nothing is cut off the path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus

import httpx
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karst_local.options import is_loopback
from karst_local.services import Service
from karst_platform.cave.paths import plain
from karst_platform.wire import answer_detail

_HEALTH_S = 3.0
_API_PAGES = ("/docs", "/api/doc", "/redoc", "/openapi.json", "/api/openapi.json")


class Mounted:
    """Sends each request to the service whose prefix it has, with however many slashes, else to the front page."""

    def __init__(self, services: Iterable[Service]) -> None:
        places = [
            (prefix, one.app)
            for one in services
            for prefix in (one.declared.prefix, one.declared.sticky_prefix)
            if prefix is not None
        ]
        self._apps: Sequence[tuple[str, ASGIApp]] = sorted(places, key=lambda place: -len(place[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        path = plain(scope["path"])
        for prefix, app in self._apps:
            if path == prefix or path.startswith(f"{prefix}/"):
                await app(scope, receive, send)
                return
        await answer_detail(HTTPStatus.NOT_FOUND, "Not Found")(scope, receive, send)


class NothingKept:
    """Takes away the header by which browsers would insist on HTTPS for every port of this machine, for a year."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                del MutableHeaders(scope=message)["Strict-Transport-Security"]
            await send(message)

        await self._app(scope, receive, watch)


class OnlyThisMachine:
    """Refuses requests that name another host than this machine.

    A web site can have its own name lead to 127.0.0.1, and would then read the page with the token from a browser here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if is_loopback(_host(Headers(scope=scope).get("host", ""))):
            await self._app(scope, receive, send)
            return
        message = "This server answers to localhost only."
        await answer_detail(HTTPStatus.MISDIRECTED_REQUEST, message)(scope, receive, send)


def _host(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()


@asynccontextmanager
async def started(services: Iterable[Service]) -> AsyncGenerator[None]:
    """Run what services do at their start and end."""
    async with AsyncExitStack() as stack:
        for one in services:
            await stack.enter_async_context(one.app.router.lifespan_context(one.app))
        yield


async def health(services: Iterable[Service]) -> Mapping[str, str | None]:
    """Ask every service whether it is ready: name to None, or to what is missing in one line."""
    asked = list(services)
    answers = await asyncio.gather(*(_health(one) for one in asked))
    return {one.declared.name: answer for one, answer in zip(asked, answers, strict=True)}


async def api_pages(services: Iterable[Service]) -> Mapping[str, str]:
    """Path of the page or document that describes each service's API, where it has one."""
    found: dict[str, str] = {}
    for one in services:
        for path in (one.declared.prefix + page for page in _API_PAGES):
            if await _status(one, path) == HTTPStatus.OK:
                found[one.declared.name] = path
                break
    return found


async def _health(service: Service) -> str | None:
    try:
        async with asyncio.timeout(_HEALTH_S):
            # Probes come without the prefix, as in the cloud.
            response = await _ask(service, service.declared.ready_path)
    except TimeoutError:
        return "no answer"
    if response.status_code == HTTPStatus.OK:
        return None
    try:
        missing = response.json().get("missing") or response.json().get("detail")
    except (ValueError, AttributeError):
        missing = None
    if isinstance(missing, dict):
        return "; ".join(f"{name}: {reason}" for name, reason in missing.items())
    return str(missing or f"status {response.status_code}")


async def _status(service: Service, path: str) -> int:
    return (await _ask(service, path)).status_code


async def _ask(service: Service, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(service.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", trust_env=False) as client:
        return await client.get(path)
