"""Ways by which changes reach whoever remembers something: within one process, and between processes by Redis."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import RedisError

from karst_platform.cave.guard.changes import Change, Listener, merged
from karst_platform.tasks import end

CHANNEL = "karst:auth:changes"
PING_S = 0.5
SILENT_S = 2.0
"""After so long without a sign of life from Redis, changes are no longer heard.

A service that asks auth just before auth notices learns what is that old, and counts on it for `Ages.unheard_s` more:
together they stay below the five seconds within which a revocation is felt.
"""
_RETRY_S = 0.5
_TIMEOUT_S = 2.0
_WAITING = 1000
_log = logging.getLogger(__name__)


class PasswordFile(CredentialProvider):
    """The password that a file holds when a connection is made, so that a new one counts without a new start."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get_credentials(self) -> tuple[str]:
        """Read it. Raises OSError."""
        return (self._path.read_text(encoding="utf-8").strip(),)


def connect(
    host: str, port: int, *, password: str | None = None, password_file: str | None = None, ca_file: str | None = None
) -> Redis:
    """A client of Redis that never waits long; encrypted where `ca_file` says who signed its certificate.

    A managed Redis has authorities of its own, which sign nothing else, and its certificate names no host.
    """
    return Redis(
        host=host,
        port=port,
        password=password,
        credential_provider=PasswordFile(Path(password_file)) if password_file is not None else None,
        ssl=ca_file is not None,
        ssl_ca_certs=ca_file,
        ssl_check_hostname=False,
        socket_connect_timeout=_TIMEOUT_S,
        socket_timeout=_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


class LocalChanges:
    """Within this process: for `karst up`, where auth runs beside the services it guards."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    @property
    def is_live(self) -> bool:
        """Always: nothing lies between."""
        return True

    def listen(self, listener: Listener) -> None:
        """Tell this listener of every change from now on."""
        self._listeners.append(listener)

    async def publish(self, change: Change) -> None:
        """Tell all listeners."""
        for listener in self._listeners:
            listener(change)


class NoChanges:
    """For a service that hears of none: what it remembers is short-lived instead."""

    @property
    def is_live(self) -> bool:
        """Never."""
        return False

    def listen(self, listener: Listener) -> None:
        """There is nothing to hear."""

    async def publish(self, change: Change) -> None:
        """There is nobody to tell."""


class RedisChanges:
    """Between processes, by a channel of Redis. Listeners of the publishing process are told at once.

    While Redis is gone, changes wait, and `is_live` is false; once it is back, anything may have changed meanwhile.
    Started and stopped with its application.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._listeners: list[Listener] = []
        self._waiting: deque[Change] = deque()
        self._heard_s = float("-inf")
        self._tasks: list[asyncio.Task[None]] = []
        self._has_more = asyncio.Event()

    @property
    def is_live(self) -> bool:
        """Whether Redis gave a sign of life within seconds."""
        return time.monotonic() - self._heard_s < SILENT_S

    def listen(self, listener: Listener) -> None:
        """Tell this listener of every change from now on."""
        self._listeners.append(listener)

    async def publish(self, change: Change) -> None:
        """Tell listeners here, and let the others be told, in this order, as soon as Redis takes it."""
        self._tell(change)
        if len(self._waiting) >= _WAITING:
            change = merged([*self._waiting, change])
            self._waiting.clear()
        self._waiting.append(change)
        self._has_more.set()

    def start(self) -> None:
        """Begin to listen, and to send."""
        self._tasks = [asyncio.create_task(self._hear()), asyncio.create_task(self._send())]

    async def stop(self) -> None:
        """Send what waits, if Redis takes it, and end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_RETRY_S):
                while self._waiting and self._tasks:
                    await asyncio.sleep(0.01)
        await end(*self._tasks)
        await self._redis.aclose()

    def _tell(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)

    async def _send(self) -> None:
        while True:
            await self._has_more.wait()
            if not self._waiting:
                self._has_more.clear()
                continue
            change = self._waiting[0]
            try:
                await self._redis.publish(CHANNEL, change.to_bytes())
            except (RedisError, OSError) as error:
                _log.warning("changes can't be published just now: %s", type(error).__name__)
                await asyncio.sleep(_RETRY_S)
                continue
            if self._waiting and self._waiting[0] is change:
                self._waiting.popleft()

    async def _hear(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    await self._hear_until_silent(channel)
            except (RedisError, OSError) as error:
                _log.warning("changes can't be heard just now: %s", type(error).__name__)
            self._heard_s = float("-inf")
            await asyncio.sleep(_RETRY_S)

    async def _hear_until_silent(self, channel: PubSub) -> None:
        """Ask for a sign of life twice a second: connections can be dead for minutes before anybody notices."""
        pinged_s = time.monotonic()
        heard_s = pinged_s
        while time.monotonic() - heard_s < SILENT_S:
            message = await channel.get_message(timeout=PING_S)
            now_s = time.monotonic()
            if message is not None:
                heard_s = now_s
                self._take(message)
            if now_s - pinged_s >= PING_S:
                pinged_s = now_s
                await channel.ping()

    def _take(self, message: Mapping[str, object]) -> None:
        if not self.is_live:
            # The first sign of life after silence: what changed meanwhile was not heard.
            self._tell(Change(is_all=True))
        self._heard_s = time.monotonic()
        if message.get("type") == "message" and isinstance(data := message.get("data"), bytes):
            self._tell(Change.from_bytes(data))
