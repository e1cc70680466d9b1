"""Asks Google's APIs over HTTP: signs, waits, tries again, and turns answers into data or into an error.

Tests run it against a fake of these APIs on the loopback interface.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

from google.auth.exceptions import GoogleAuthError, TransportError
from requests import RequestException, Response, Session

from karst.google.errors import SIGN_IN as _SIGN_IN
from karst.google.errors import Refusal, RefusedError, SignInError, UnreachableError, as_mapping, parse_refusal

ENDPOINT_VARIABLE = "KARST_GOOGLE_APIS"
_HOSTS = {"resolver": "https://dns.google", "accounts": "https://accounts.google.com"}
_TIMEOUT_S = (10.0, 60.0)
_TRIES = 5
_LONGEST_PAUSE_S = 60.0
_POLL_S = 2.0
_JITTER = random.SystemRandom()
"""Programs that fail together must not try again together."""
_OPERATION_S = 600.0
SETTLING_S = 300.0
"""How long an API that was just switched on may go on saying that it is off."""


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where the APIs answer."""

    base: str | None = None
    """All of them below this address, each under its name: what `KARST_GOOGLE_APIS` says. Then nobody signs in."""

    def url(self, api: str, path: str) -> str:
        """The address of a resource of an API."""
        if self.base is not None:
            return f"{self.base.rstrip('/')}/{api}/{path}"
        return f"{_HOSTS.get(api) or f'https://{api}.googleapis.com'}/{path}"


class GoogleApi:
    """One client for all APIs; safe to use again after any error."""

    def __init__(
        self,
        session: Session,
        endpoints: Endpoints | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        openly: Session | None = None,
    ) -> None:
        """`openly` reads public pages: a session of its own, since `session` tells everybody who asks."""
        self._session = session
        self._openly = openly or Session()
        self._endpoints = endpoints or Endpoints()
        self._sleep = sleep
        self._clock = clock
        self._settling: frozenset[str] = frozenset()
        self._settles_until = 0.0

    def settle(self, services: Iterable[str]) -> None:
        """From now on wait for these APIs where they say that they are off: they were switched on a moment ago."""
        self._settling = frozenset(services)
        self._settles_until = self._clock() + SETTLING_S

    def rest(self, pause_s: float) -> None:
        """Wait, before something is tried again."""
        self._sleep(min(pause_s, _LONGEST_PAUSE_S))

    def ask(
        self,
        method: str,
        api: str,
        path: str,
        doing: str,
        *,
        query: Mapping[str, str | list[str]] | None = None,
        body: object = None,
    ) -> Mapping[str, object]:
        """Ask, and give the answer. `doing` says in words what for.

        Raises `SignInError`, `UnreachableError` and `RefusedError`.
        """
        url = self._endpoints.url(api, path)
        return self.ask_at(method, url, doing, query=query, body=body)

    def ask_at(
        self,
        method: str,
        url: str,
        doing: str,
        *,
        query: Mapping[str, str | list[str]] | None = None,
        body: object = None,
        is_repeatable: bool = True,
    ) -> Mapping[str, object]:
        """The same at a whole address. What must not happen twice isn't tried again."""
        tries = _TRIES if is_repeatable else 1
        response = self._try(lambda: self._send(method, url, query, body), url, doing, tries=tries)
        try:
            return as_mapping(json.loads(response.text or "{}"))
        except ValueError:
            refusal = Refusal(status=response.status_code, message="the answer is no JSON")
            raise RefusedError(doing, refusal) from None

    def find(
        self, api: str, path: str, doing: str, *, query: Mapping[str, str | list[str]] | None = None
    ) -> Mapping[str, object] | None:
        """Read something that may not be there."""
        try:
            return self.ask("GET", api, path, doing, query=query)
        except RefusedError as error:
            if error.refusal.status == 404:
                return None
            raise

    def ask_openly(self, url: str, query: Mapping[str, str], doing: str) -> Response:
        """Read a public page, telling nobody who asks. Redirects are answers. Raises `UnreachableError`."""

        def send() -> Response:
            return self._openly.get(url, params=dict(query), timeout=_TIMEOUT_S, allow_redirects=False)

        return self._try(send, url, doing, tries=_TRIES, takes_refusals=True)

    def public(self, api: str, path: str) -> str:
        """The address of a public page."""
        return self._endpoints.url(api, path)

    def wait_for(self, api: str, version: str, operation: Mapping[str, object], doing: str) -> None:
        """Wait until a long operation ends. Raises `RefusedError` where it failed or does not end."""
        until = self._clock() + _OPERATION_S
        while operation.get("name") and not operation.get("done"):
            if self._clock() > until:
                raise RefusedError(doing, Refusal(status=504, message=f"it has not ended after {_OPERATION_S:.0f} s"))
            self._sleep(_POLL_S)
            operation = self.ask(
                "GET", api, f"{version}/{quoted(str(operation['name']))}", f"see whether it could {doing}"
            )
        error = as_mapping(operation.get("error"))
        if error:
            text = json.dumps({"error": error})
            raise RefusedError(doing, parse_refusal(int(str(error.get("code", 0)) or 0), text))

    def _send(self, method: str, url: str, query: Mapping[str, str | list[str]] | None, body: object) -> Response:
        content = None if body is None else json.dumps(body).encode()
        headers = {} if content is None else {"Content-Type": "application/json"}
        return self._session.request(
            method,
            url,
            params=dict(query or {}),
            data=content,
            headers=headers,
            timeout=_TIMEOUT_S,
            allow_redirects=False,
        )

    def _try(
        self, send: Callable[[], Response], url: str, doing: str, *, tries: int, takes_refusals: bool = False
    ) -> Response:
        attempt = 0
        while True:
            attempt += 1
            try:
                response = send()
            except TransportError as error:
                # Google's sign-in could not be reached; what it refused is another error.
                if attempt >= tries:
                    raise _unreachable("Google's sign-in", error) from None
                self._pause(attempt, None)
                continue
            except GoogleAuthError as error:
                raise _unauthenticated(error) from None
            except RequestException as error:
                if attempt >= tries:
                    raise _unreachable(url.partition("?")[0], error) from None
                self._pause(attempt, None)
                continue
            if response.ok or (takes_refusals and response.status_code < 500 and response.status_code != 429):
                return response
            refusal = parse_refusal(response.status_code, response.text)
            if refusal.is_api_off and refusal.service in self._settling and self._clock() < self._settles_until:
                self._sleep(_POLL_S * 5)
                attempt = 0
            elif refusal.is_passing and attempt < tries:
                self._pause(attempt, response)
            else:
                raise RefusedError(doing, refusal)

    def _pause(self, attempt: int, response: Response | None) -> None:
        wanted = response.headers.get("Retry-After", "") if response is not None else ""
        pause = (
            float(wanted) if wanted.isascii() and wanted.isdigit() else 2.0 ** (attempt - 1) * _JITTER.uniform(0.5, 1.0)
        )
        self._sleep(min(pause, _LONGEST_PAUSE_S))


def quoted(path: str) -> str:
    """A path of names whose letters can't be mistaken for anything else in an address."""
    return quote(path, safe="/")


def listed(answer: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """The objects of a list in an answer."""
    found = answer.get(key)
    return [as_mapping(one) for one in cast("list[object]", found)] if isinstance(found, list) else []


def _unreachable(place: str, error: Exception) -> UnreachableError:
    return UnreachableError(
        f"{place} cannot be reached ({type(error).__name__}). Check the network and HTTPS_PROXY, then run the same "
        "command again."
    )


def _unauthenticated(error: Exception) -> SignInError:
    return SignInError(f"The credentials are not valid or have expired ({type(error).__name__}). Run: {_SIGN_IN}.")
