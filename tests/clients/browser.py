"""A page in a browser, as far as servers see it: it asks first where a browser does, and reads only what it may."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from tests.clients.up import Platform

_PLAIN_TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")
_PLAIN_METHODS = ("GET", "HEAD", "POST")
TEXT = "text/plain;charset=UTF-8"
"""What browsers call a body of text that a page gave no type."""


class BlockedError(Exception):
    """The browser keeps the request, or the answer, from the page."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of another host."""

    platform: Platform
    origin: str
    asked_first: list[str] = field(default_factory=list[str])

    def fetch(
        self, method: str, path: str, *, token: str | None = None, content_type: str | None = None, body: str = ""
    ) -> httpx.Response:
        """Call as `fetch` does. A body without a type is text. Raises `BlockedError`."""
        url = self.platform.clio + path
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if content_type is not None or body:
            headers["Content-Type"] = content_type or TEXT
        plain = (content_type or TEXT).partition(";")[0] in _PLAIN_TYPES
        unusual = [name.lower() for name in headers if name != "Content-Type" or not plain]
        if unusual or method not in _PLAIN_METHODS:
            self._ask_first(url, method, sorted(unusual))
        answer = self.platform.browser.request(
            method, url, headers={**headers, "Origin": self.origin, "Accept": "*/*"}, content=body.encode() or None
        )
        self._check_origin(answer)
        return answer

    def _ask_first(self, url: str, method: str, unusual: list[str]) -> None:
        self.asked_first.append(f"{method} {url.removeprefix(self.platform.clio)}")
        headers = {"Origin": self.origin, "Access-Control-Request-Method": method}
        if unusual:
            headers["Access-Control-Request-Headers"] = ",".join(unusual)
        answer = self.platform.browser.request("OPTIONS", url, headers=headers)
        self._check_origin(answer)
        if answer.status_code != 200 or answer.content:
            raise BlockedError(f"OPTIONS {url}: {answer.status_code}")
        if method not in _PLAIN_METHODS and method not in _items(answer, "methods"):
            raise BlockedError(f"{method} is not allowed")
        missing = set(unusual) - {name.lower() for name in _items(answer, "headers")}
        if missing:
            raise BlockedError(f"{missing} are not allowed")

    def _check_origin(self, answer: httpx.Response) -> None:
        allowed = answer.headers.get("access-control-allow-origin")
        if allowed not in ("*", self.origin):
            raise BlockedError(f"{answer.url} is for {allowed}")


def _items(answer: httpx.Response, what: str) -> list[str]:
    return [item.strip() for item in answer.headers.get(f"access-control-allow-{what}", "").split(",")]
