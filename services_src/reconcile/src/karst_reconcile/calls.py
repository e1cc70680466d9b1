"""Calls of a service: with a token, in the name of a deployment, again while the service is away for a moment."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from urllib.parse import quote

import httpx

from karst_reconcile.faults import Exit, ReconcileError, RefusedError, TakenError

HEADER = "X-Karst-Declaration"
_AWAY = frozenset({429, 500, 502, 503, 504})
_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_LONGEST_MESSAGE = 500


def path_of(*parts: str | int) -> str:
    """A path of parts, each of which may hold anything."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def printable(text: object) -> str:
    """A text without characters that a terminal would obey."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in str(text))


class Calls:
    """Calls one service."""

    def __init__(
        self, client: httpx.AsyncClient, name: str, url: str, token: str, deployment: str, wait_s: float
    ) -> None:
        """`wait_s` is how long to try again while it doesn't answer, from the first call on that it doesn't."""
        self.name, self.url = name, url.rstrip("/")
        self._client, self._wait_s = client, wait_s
        self._headers = {"Authorization": f"Bearer {token}", HEADER: deployment}

    def with_token(self, token: str) -> Calls:
        """The same service, in somebody else's name."""
        return Calls(self._client, self.name, self.url, token, self._headers[HEADER], self._wait_s)

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> object:
        """What the service says. Raises RefusedError, ReconcileError."""
        return await self._call("GET", path, query=query)

    async def post(self, path: str, body: object = None) -> object:
        """Make something. Raises TakenError where it is there, RefusedError, ReconcileError."""
        return await self._call("POST", path, body=body)

    async def put(self, path: str, body: object) -> object:
        """Change something."""
        return await self._call("PUT", path, body=body)

    async def delete(self, path: str) -> object:
        """Take something away."""
        return await self._call("DELETE", path)

    async def text(self, path: str) -> str:
        """What the service says, where it is no JSON."""
        return (await self._answered("GET", path, None, None)).text

    async def _call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> object:
        answer = await self._answered(method, path, query, body)
        try:
            return answer.json()
        except ValueError:
            raise ReconcileError(
                Exit.UNAVAILABLE, f"{self.name} at {self.url} answers {path} with no JSON. Is it the service's address?"
            ) from None

    async def _answered(self, method: str, path: str, query: Mapping[str, str] | None, body: object) -> httpx.Response:
        end_s, pause_s = time.monotonic() + self._wait_s, _PAUSE_S
        content = None if body is None else json.dumps(body).encode()
        headers = self._headers if body is None else {**self._headers, "Content-Type": "application/json"}
        while True:
            try:
                answer = await self._client.request(
                    method, self.url + path, params=query, content=content, headers=headers
                )
                if answer.status_code not in _AWAY:
                    return self._checked(answer, path)
                what = f"answers {answer.status_code}: {_message(answer)}"
            except httpx.HTTPError as error:
                what = f"doesn't answer ({type(error).__name__})"
            if time.monotonic() + pause_s > end_s:
                raise ReconcileError(
                    Exit.UNAVAILABLE,
                    f"{self.name} at {self.url} {what}. What was done stays; when it is back, run this again",
                )
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _checked(self, answer: httpx.Response, path: str) -> httpx.Response:
        status, message = answer.status_code, _message(answer)
        if status == 401:
            raise ReconcileError(
                Exit.NOT_ALLOWED,
                f"{self.name} at {self.url} doesn't know the token, or no longer. Give one that works there",
            )
        if status == 403:
            raise ReconcileError(
                Exit.NOT_ALLOWED,
                f"{self.name} at {self.url} refuses {path}: {message} Give the token of a superadmin",
            )
        if status == 409 or (status == 422 and _code(answer) in ("already_exists", None) and _is_taken(message)):
            raise TakenError(status, message)
        if status >= 300:
            raise RefusedError(status, f"{self.name} answers {status}: {message}")
        return answer


def _is_taken(message: str) -> bool:
    return "already" in message or "exist" in message


def _code(answer: httpx.Response) -> str | None:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return None


def _message(answer: httpx.Response) -> str:
    try:
        told = answer.json()
        text = told.get("message", told) if isinstance(told, dict) else told
    except ValueError:
        text = answer.text
    return printable(text)[:_LONGEST_MESSAGE]
