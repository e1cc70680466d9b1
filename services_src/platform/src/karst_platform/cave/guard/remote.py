"""Asks the auth service over HTTP. Nothing is remembered here (`remember` does), but that auth is gone."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeVar, cast
from urllib.parse import quote

import httpx

from karst_platform.cave.guard.authority import AuthorityUnavailableError, Freshness
from karst_platform.cave.guard.record import UserRecord
from karst_platform.metrics import STORE_DURATION, STORE_FAILURES

TIMEOUT_S = 3.0
PAUSE_S = 1.0
"""How long nothing is asked after auth failed to answer."""
_CONNECTIONS = 32
_TABLES_AT_A_TIME = 8
_TOKEN = re.compile(r"[!-~]{1,1024}")
_NOT_HERE = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
ValueT = TypeVar("ValueT")
_AWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
"""Answers that say nobody is there; a fault of one request is no reason to ask for nothing else."""
_log = logging.getLogger(__name__)


class HttpAuthority:
    """The auth service at an address such as `https://g.example.org/auth`, asked in the name of this service."""

    def __init__(
        self,
        auth_url: str,
        service_token: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = f"{auth_url.rstrip('/')}/api/v1"
        self._service_token, self._clock = service_token, clock
        limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT_S,
            limits=limits,
            transport=transport or httpx.AsyncHTTPTransport(limits=limits, retries=1),
            follow_redirects=False,
            trust_env=False,
        )
        self._gone_until_s = float("-inf")

    async def record(self, token: str, freshness: Freshness = Freshness.CACHED) -> UserRecord | None:
        """The user of a token: 401 is the only answer that says it is nobody's."""
        del freshness
        if not _TOKEN.fullmatch(token):
            return None
        answer = await self._ask("GET", "/user/cache", token=token)
        return None if answer.status_code == HTTPStatus.UNAUTHORIZED else _record(_value(answer))

    async def record_of_user(self, user_id: int) -> UserRecord | None:
        """The record of a user."""
        answer = await self._ask("GET", f"/user/{user_id}/permissions")
        return None if answer.status_code == HTTPStatus.NOT_FOUND else _record(_value(answer))

    async def dataset_of(self, namespace: str, table: str, freshness: Freshness = Freshness.CACHED) -> str | None:
        """The dataset of a table."""
        del freshness
        if _is_unaddressable(namespace) or _is_unaddressable(table):
            return None
        answer = await self._ask("GET", f"/service/{_quoted(namespace)}/table/{_quoted(table)}/dataset")
        return None if answer.status_code == HTTPStatus.NOT_FOUND else _typed(_value(answer), str)

    async def datasets_of(self, namespace: str, tables: Collection[str]) -> Mapping[str, str]:
        """Datasets by table, with one request; with one each where the service is an older one."""
        if not tables:
            return {}
        names = list(tables)
        answer = await self._ask("POST", f"/service/{_quoted(namespace)}/tables/datasets", body=names)
        if answer.status_code in _NOT_HERE:
            return await self._datasets_one_by_one(namespace, names)
        told = cast("dict[str, object]", _typed(_value(answer), dict))
        return {table: _typed(dataset, str) for table, dataset in told.items() if dataset is not None}

    async def has_public(self, table: str) -> bool:
        """Whether any root is public."""
        return not _is_unaddressable(table) and await self._is("GET", f"/table/{_quoted(table)}/has_public")

    async def is_public(self, table: str, root_id: int) -> bool:
        """Whether this root is public."""
        path = f"/table/{_quoted(table)}/root/{root_id}/is_public"
        return not _is_unaddressable(table) and await self._is("GET", path)

    async def all_public(self, table: str, root_ids: Collection[int]) -> bool:
        """Whether each of these roots is public."""
        if not root_ids or _is_unaddressable(table):
            return False
        return await self._is("POST", f"/table/{_quoted(table)}/root_all_public", body=list(root_ids))

    async def close(self) -> None:
        """Let connections go."""
        await self._client.aclose()

    async def _datasets_one_by_one(self, namespace: str, tables: list[str]) -> dict[str, str]:
        turns = asyncio.Semaphore(_TABLES_AT_A_TIME)

        async def dataset(table: str) -> str | None:
            async with turns:
                return await self.dataset_of(namespace, table)

        found = await asyncio.gather(*map(dataset, tables))
        return {table: one for table, one in zip(tables, found, strict=True) if one is not None}

    async def _is(self, method: str, path: str, *, body: object = None) -> bool:
        return _typed(_value(await self._ask(method, path, body=body)), bool)

    async def _ask(self, method: str, path: str, *, token: str | None = None, body: object = None) -> httpx.Response:
        """Ask, unless auth was gone a moment ago: one request a second then finds out whether it is back."""
        now_s = self._clock()
        if now_s < self._gone_until_s:
            raise AuthorityUnavailableError("auth did not answer a moment ago")
        if self._gone_until_s > float("-inf"):
            self._gone_until_s = now_s + PAUSE_S
        own = token or self._service_token
        headers = {"Authorization": f"Bearer {own}"} if own else {}
        try:
            answer = await self._sent(method, path, headers, body)
        except httpx.PoolTimeout as error:
            raise AuthorityUnavailableError("too many questions at once") from error
        except httpx.HTTPError as error:
            raise self._gone(f"auth does not answer: {type(error).__name__}") from error
        if answer.status_code in _AWAY:
            raise self._gone(f"auth answered with {answer.status_code}")
        self._gone_until_s = float("-inf")
        if token is None and answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            _log.error("auth does not know the token of this service, or does not trust it: %d", answer.status_code)
        return answer

    async def _sent(self, method: str, path: str, headers: Mapping[str, str], body: object) -> httpx.Response:
        """Send, and once more where auth had closed the idle connection; nothing that is asked changes anything."""
        with _measured(path):
            try:
                return await self._client.request(method, self._base + path, headers=headers, json=body)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                return await self._client.request(method, self._base + path, headers=headers, json=body)

    def _gone(self, message: str) -> AuthorityUnavailableError:
        if self._gone_until_s == float("-inf"):
            _log.warning("%s", message)
        self._gone_until_s = self._clock() + PAUSE_S
        return AuthorityUnavailableError(message)


@contextmanager
def _measured(path: str) -> Generator[None]:
    operation, begin_s = path.split("/", 2)[1], time.perf_counter()
    try:
        yield
    except httpx.HTTPError as error:
        STORE_FAILURES.labels("auth", operation, type(error).__name__).inc()
        raise
    finally:
        STORE_DURATION.labels("auth", operation).observe(time.perf_counter() - begin_s)


def _value(answer: httpx.Response) -> object:
    """What a good answer says. Any other tells nothing, above all not that there is no such user."""
    if answer.status_code != HTTPStatus.OK:
        raise AuthorityUnavailableError(f"auth answered with {answer.status_code}")
    try:
        return answer.json()
    except ValueError as error:
        raise AuthorityUnavailableError("auth answered with something else than JSON") from error


def _record(value: object) -> UserRecord:
    try:
        return UserRecord.from_json(value)
    except ValueError as error:
        raise AuthorityUnavailableError(f"auth answered with {error}") from error


def _typed(value: object, kind: type[ValueT]) -> ValueT:
    if not isinstance(value, kind):
        raise AuthorityUnavailableError(f"auth answered with {type(value).__name__}")
    return value


def _quoted(name: str) -> str:
    return quote(name, safe="", errors="surrogatepass")


def _is_unaddressable(name: str) -> bool:
    """Whether no path can hold the name, so that nothing has it."""
    return name in ("", ".", "..") or "/" in name
