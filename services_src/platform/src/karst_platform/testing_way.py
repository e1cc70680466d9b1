"""For tests: a way between a service and its store that can be cut, held up and made slow."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where somebody listens: a socket of the file system, or a port of loopback."""

    path: Path | None = None
    port: int = 0

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to it."""
        if self.path is not None:
            return await asyncio.open_unix_connection(str(self.path))
        return await asyncio.open_connection("127.0.0.1", self.port)


class Way:
    """Passes bytes on from `near`, where it listens, to `far`. Port 0 becomes one of the system's choosing."""

    def __init__(self, near: Place, far: Place) -> None:
        self.near, self._far = near, far
        self._writers: list[asyncio.StreamWriter] = []
        self._pumps: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._may_pass = asyncio.Event()
        self._may_pass.set()
        self.bytes_left = math.inf
        """So many more bytes pass towards the store, then it is cut."""
        self.delay_s = 0.0

    async def mend(self) -> None:
        """Let everything pass, at once."""
        self.bytes_left, self.delay_s = math.inf, 0.0
        self._may_pass.set()
        if self._server is not None:
            return
        if self.near.path is not None:
            self._server = await asyncio.start_unix_server(self._connect, str(self.near.path))
            return
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.near.port)
        self.near = Place(port=self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Drop all connections, and take no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def hold_up(self) -> None:
        """Let nothing pass, without a word to anybody."""
        self._may_pass.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await self._far.open()
        self._writers += [writer, far_writer]
        for pump in (self._pump(reader, far_writer, is_counted=True), self._pump(far_reader, writer, is_counted=False)):
            task = asyncio.create_task(pump)
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_counted: bool) -> None:
        try:
            while data := await reader.read(16384):
                await self._may_pass.wait()
                await asyncio.sleep(self.delay_s)
                if is_counted:
                    self.bytes_left -= len(data)
                if self.bytes_left < 0:
                    self.cut()
                    return
                writer.write(data)
                await writer.drain()
        except OSError:
            return  # it was cut
        writer.close()
