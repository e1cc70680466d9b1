"""Limits on how often one address, or one user, may ask.

Each process counts for itself, and forgets when it ends: with ten replicas a user may ask ten times as often. What
keeps floods from the replicas stands before them (Cloud Armor); this keeps one client from taking a replica for itself.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from karst_platform.wire import Answer

BURST_S = 10
"""Whoever was silent may send as much at once as in this many seconds."""
_KEYS = 20_000
_ROUNDING_S = 1e-6
TOO_OFTEN = "Too many requests. Try again in {wait_s} s."


class RateLimit:
    """Lets each key pass `per_s` times a second over ten seconds. Remembers the latest 20,000 keys."""

    def __init__(self, per_s: float, *, clock: Callable[[], float] = time.monotonic, keys: int = _KEYS) -> None:
        self._gap_s, self._clock, self._keys = 1 / per_s, clock, keys
        self._free_s: OrderedDict[str, float] = OrderedDict()
        """When a key's burst will be whole again."""

    def wait_s(self, key: str) -> int:
        """Count one request: 0 where it may pass, else the whole seconds until another may."""
        now_s = self._clock()
        free_s = max(self._free_s.pop(key, now_s), now_s)
        excess_s = free_s + self._gap_s - now_s - max(BURST_S, self._gap_s)
        if excess_s <= _ROUNDING_S:
            free_s += self._gap_s
        self._free_s[key] = free_s
        if len(self._free_s) > self._keys:
            self._free_s.popitem(last=False)
        return max(math.ceil(excess_s - _ROUNDING_S), 0)

    def __len__(self) -> int:
        return len(self._free_s)


def limit_of(per_s: float) -> RateLimit | None:
    """The limit that a setting names; 0 is none."""
    return RateLimit(per_s) if per_s > 0 else None


def address_of(scope: Scope, trusted_hops: int) -> str:
    """The client's address, of IPv6 the network.

    Of the addresses in `X-Forwarded-For`, those that our own load balancers wrote stand last: `trusted_hops` of them
    count, the first of these is the client's. What stands before was sent by the client, and may be made up.
    """
    client = scope.get("client")
    address = str(client[0]) if client else ""
    if trusted_hops > 0:
        given = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
        told = [each.strip() for each in given if each.strip()]
        if len(told) >= trusted_hops:
            address = told[-trusted_hops]
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address, 64), strict=False))
    except ValueError:
        return address


class AddressLimit:
    """Answers 429 to addresses that ask too often, before anything is read or checked."""

    def __init__(self, app: ASGIApp, limit: RateLimit | None, trusted_hops: int, answer: Answer) -> None:
        self._app, self._limit, self._trusted_hops, self._answer = app, limit, trusted_hops, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if self._limit is not None and scope["type"] == "http":
            wait_s = self._limit.wait_s(address_of(scope, self._trusted_hops))
            if wait_s > 0:
                headers = {"Retry-After": str(wait_s)}
                refusal = self._answer(HTTPStatus.TOO_MANY_REQUESTS, TOO_OFTEN.format(wait_s=wait_s), headers)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
