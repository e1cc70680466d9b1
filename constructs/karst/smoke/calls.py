"""Calls of a deployment, each bounded in time and size. Nothing is followed: an API never sends clients elsewhere."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import IO

_CALL_S = 15.0
_LARGEST_BYTES = 16 << 20
_SHOWN = 200


class SmokeError(Exception):
    """A step that failed; `remedy` says what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class UnreachableError(SmokeError):
    """Nothing answers."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a service said."""

    status: int
    body: bytes
    place: str
    """Method and path, for people."""

    def json(self) -> object:
        """The body as JSON. Raises SmokeError."""
        try:
            found: object = json.loads(self.body)
        except ValueError:
            raise SmokeError(
                f"{self.place} answers no JSON: {printable(self.body[:80])}", "Is it the address of a deployment?"
            ) from None
        return found

    def text(self) -> str:
        """What it says in one line, for people."""
        try:
            told = json.loads(self.body)
            words = told.get("message") or told.get("detail") or told if isinstance(told, dict) else told
        except ValueError:
            words = self.body
        return printable(words)


def printable(text: object) -> str:
    """A text in one line without characters that a terminal would obey."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    line = " ".join(plain.split())
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line)[:_SHOWN]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        del req, fp, code, msg, headers, newurl


class Calls:
    """Calls one deployment."""

    def __init__(
        self,
        url: str,
        *,
        authority: str | None = None,
        until_s: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`until_s` is the moment, by `clock`, after which nothing is asked any more. Raises SmokeError."""
        self.url = url.rstrip("/")
        self._until_s, self._clock = until_s, clock
        try:
            trusted = ssl.create_default_context()
            if authority is not None:
                trusted.load_verify_locations(authority)
        except (OSError, ssl.SSLError) as error:
            raise SmokeError(
                f"{authority} is no file of an authority ({type(error).__name__})", "Name one with --authority"
            ) from None
        handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=trusted), _NoRedirects()]
        if _is_local(url):
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def ask(
        self, method: str, path: str, *, token: str | None = None, body: object = None, is_cleaning: bool = False
    ) -> Answer:
        """What a service says, whatever its status. Raises UnreachableError; time that ran out stops no cleaning."""
        left_s = self._until_s - self._clock()
        if left_s <= 0 and not is_cleaning:
            raise UnreachableError("time ran out", "Give it more with --timeout, or find out what is slow")
        headers = {"Accept": "application/json", "X-Requested-With": "karst smoke"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        sent = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=sent, headers=headers, method=method)  # noqa: S310 - checked
        place = f"{method} {path}"
        try:
            timeout_s = _CALL_S if is_cleaning else min(_CALL_S, left_s)
            with self._opener.open(request, timeout=timeout_s) as answer:
                return Answer(status=answer.status, body=answer.read(_LARGEST_BYTES), place=place)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(status=error.code, body=_rest(error), place=place)
        except ssl.SSLCertVerificationError as error:
            raise _untrusted(self.url, error) from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise _untrusted(self.url, error.reason) from None
            raise _silent(self.url, place, error.reason) from None
        except (OSError, HTTPException, ValueError) as error:
            raise _silent(self.url, place, error) from None

    def good(
        self, method: str, path: str, *, token: str | None = None, body: object = None, is_cleaning: bool = False
    ) -> Answer:
        """The same, where only success will do. Raises SmokeError."""
        answer = self.ask(method, path, token=token, body=body, is_cleaning=is_cleaning)
        if answer.status >= 300:
            raise SmokeError(f"{answer.place} answers {answer.status}: {answer.text()}", remedy_of(answer.status))
        return answer


def remedy_of(status: int) -> str:
    """What to do about a status."""
    if status in (301, 302, 303, 307, 308):
        return "An API must not redirect: correct the route, or the address (https, no slash at the end)"
    if status == 401:
        return "The token is unknown or has ended: make one at /sticky_auth/settings/tokens"
    if status == 403:
        return "Whoever has the token may not: give them the permission, or use another token"
    if status == 404:
        return "The edge doesn't lead to the service, or it is an older one: look at its route and image"
    if status == 429:
        return "Too many requests from here: try again in a minute"
    if status in (502, 503, 504):
        return "The service isn't ready: look at its pods, and at what /readyz says is missing"
    return "Look at the service's log at this time"


def _rest(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read(_LARGEST_BYTES)
    except (OSError, HTTPException):
        return b""


def _is_local(url: str) -> bool:
    host = urllib.request.Request(url).host.rpartition("@")[2]  # noqa: S310 - nothing is opened
    return host.startswith(("localhost", "127.", "[::1]"))


def _untrusted(url: str, error: ssl.SSLCertVerificationError) -> UnreachableError:
    remedy = "Name the authority with --authority; that of `karst up` is authority/ca-bundle.pem in its state folder"
    return UnreachableError(f"the certificate of {url} isn't trusted: {printable(error.verify_message)}", remedy)


def _silent(url: str, place: str, reason: object) -> UnreachableError:
    what = reason.strerror if isinstance(reason, OSError) and reason.strerror else type(reason).__name__
    return UnreachableError(f"{place} gets no answer ({printable(what)})", f"Does {url} run, and can it be reached?")
