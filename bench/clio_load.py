"""Requests at a server, from one process and cheaply: sockets of asyncio and as much of HTTP/1.1 as our answers need.

Two ways to ask. In a closed loop each connection asks again once it is answered; that finds the most a server can do.
In an open loop requests are due at fixed times, whether or not the server keeps up, and latency counts from then: a
stall delays all that were due meanwhile, as it would for people who don't wait for each other.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.measure import BenchError

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_TIMEOUT_S = 60


@dataclass(frozen=True, kw_only=True)
class Load:
    """What many requests took."""

    latencies_s: Sequence[float]
    took_s: float

    @property
    def per_s(self) -> float:
        """Requests answered in a second."""
        return len(self.latencies_s) / self.took_s

    def percentile_ms(self, share: float) -> float:
        """The latency that this share of all requests, up to 1, didn't exceed."""
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


class _Connection(asyncio.Protocol):
    """One request at a time; answers have a Content-Length."""

    def __init__(self, on_answer: Callable[[_Connection, BenchError | None], None]) -> None:
        self._on_answer = on_answer
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._size = 0
        self.asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_answer(self, BenchError(f"The server closed a connection: {exc}"))

    def ask(self, request: bytes, since: float) -> None:
        """Send a request whose latency counts from `since`."""
        self.asked_at = since
        if self._transport is None:
            raise BenchError("The connection is not open")
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._size == 0:
            end = self._received.find(_END_OF_HEAD)
            if end < 0:
                return
            self._size = _size_of_answer(bytes(self._received[:end]))
        if len(self._received) >= self._size:
            status = bytes(self._received[9:12])
            self._received.clear()
            self._size = 0
            self._on_answer(self, None if status == b"200" else BenchError(f"The server answered {status!r}"))

    def close(self) -> None:
        """Hang up."""
        self._on_answer = _nothing
        if self._transport is not None:
            self._transport.abort()


def closed_loop(port: int, requests: Sequence[bytes], *, connections: int, duration_s: float) -> Load:
    """Ask without a pause on so many connections, each of the requests in turn."""
    return asyncio.run(_run(port, connections, lambda pool: _closed(pool, requests, duration_s)))


def open_loop(port: int, requests: Sequence[bytes], *, connections: int, per_s: float, duration_s: float) -> Load:
    """Ask at so many fixed times a second; what is due while all connections wait is sent as soon as one is free."""
    return asyncio.run(_run(port, connections, lambda pool: _open(pool, requests, per_s, duration_s)))


class _Pool:
    """Connections, those that are free, and what came of the requests."""

    def __init__(self) -> None:
        self.free: deque[_Connection] = deque()
        self.every: list[_Connection] = []
        self.latencies_s: list[float] = []
        self.error: BenchError | None = None
        self.on_free: Callable[[], None] = _nothing

    def answered(self, connection: _Connection, error: BenchError | None) -> None:
        """Take note of an answer, and let the next request go."""
        self.error = self.error or error
        self.latencies_s.append(time.perf_counter() - connection.asked_at)
        self.free.append(connection)
        self.on_free()

    def close(self) -> None:
        """Hang up everywhere."""
        for each in self.every:
            each.close()


async def _run(port: int, connections: int, work: Callable[[_Pool], Awaitable[float]]) -> Load:
    pool, loop = _Pool(), asyncio.get_running_loop()
    try:
        for _ in range(connections):
            _, connection = await loop.create_connection(lambda: _Connection(pool.answered), "127.0.0.1", port)
            pool.every.append(connection)
            pool.free.append(connection)
        with _no_collection():
            took_s = await work(pool)
    finally:
        pool.close()
    if pool.error is not None:
        raise pool.error
    return Load(latencies_s=pool.latencies_s, took_s=took_s)


async def _closed(pool: _Pool, requests: Sequence[bytes], duration_s: float) -> float:
    start, sent = time.perf_counter(), 0
    finished = asyncio.Event()

    def ask() -> None:
        nonlocal sent
        now = time.perf_counter()
        if now - start >= duration_s or pool.error is not None:
            if len(pool.free) == len(pool.every):
                finished.set()
            return
        while pool.free:
            pool.free.popleft().ask(requests[sent % len(requests)], now)
            sent += 1

    pool.on_free = ask
    ask()
    await asyncio.wait_for(finished.wait(), duration_s + _TIMEOUT_S)
    return time.perf_counter() - start


async def _open(pool: _Pool, requests: Sequence[bytes], per_s: float, duration_s: float) -> float:
    start, total, sent = time.perf_counter() + 0.05, int(per_s * duration_s), 0
    finished = asyncio.Event()

    def ask() -> None:
        nonlocal sent
        now = time.perf_counter()
        while pool.free and sent < total and (due := start + sent / per_s) <= now:
            pool.free.popleft().ask(requests[sent % len(requests)], due)
            sent += 1
        if (sent == total and len(pool.free) == len(pool.every)) or pool.error is not None:
            finished.set()

    pool.on_free = ask
    end = start + duration_s + _TIMEOUT_S
    while not finished.is_set() and time.perf_counter() < end:
        ask()
        # A millisecond is the event loop's own measure of time.
        await asyncio.sleep(max(0.0, min(start + sent / per_s - time.perf_counter(), 0.002)))
    if not finished.is_set():
        raise BenchError(f"The server answered {len(pool.latencies_s)} of {total} requests within {_TIMEOUT_S} s")
    return time.perf_counter() - start


def _size_of_answer(head: bytes) -> int:
    """Bytes of an answer with this head, head included."""
    _, found, rest = head.lower().partition(_LENGTH)
    if not found:
        raise BenchError(f"An answer has no Content-Length: {head[:200]!r}")
    return len(head) + len(_END_OF_HEAD) + int(rest.partition(b"\r\n")[0])


@contextmanager
def _no_collection() -> Generator[None]:
    """Keep Python's collector of garbage from stalling us, which would look like a stall of the server."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def _nothing(*_: object) -> None:
    """Nobody waits."""
