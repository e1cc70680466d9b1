"""How fast states of 1 MB are kept and read, as Neuroglancer posts them: mostly ids of segments."""

from __future__ import annotations

import http.client
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import overload

from bench.clio_load import closed_loop, open_loop
from bench.measure import BenchError, Figure
from bench.served import Served, serving
from karst_nglstate.encodings import compressed
from karst_nglstate.stores.opening import run_apart
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from karst_platform.stores.migrations import migrate
from karst_platform.stores.postgres import Postgres

_CONNECTIONS = 64
_BYTES = 1_000_000
_KEPT = 40
_API = "/nglstate/api/v1"
_WRITTEN_MS, _READ_MS = 60, 20
_LOAD_S = 10.0
_READERS = {"Accept-Encoding": "gzip, deflate"}


def measure(folder: Path, load_s: float = _LOAD_S) -> list[Figure]:
    """Post as often as can be, then a third of that; then read in the same way. Raises `BenchError`."""
    database = EmbeddedPostgres(folder / "postgres")
    try:
        dsn = database.start()
        run_apart(_migrate(dsn))
        settings = {"KARST_POSTGRES_DSN": dsn, "KARST_BUCKETS": str(folder / "buckets"), "AUTH_DISABLED": "true"}
        with serving("karst_nglstate.main:application", settings) as server:
            return [*_written(server, load_s), *_read(server, load_s)]
    finally:
        database.stop()


def _written(server: Served, load_s: float) -> list[Figure]:
    posts = _Posts()
    closed_loop(server.port, posts, connections=_CONNECTIONS, duration_s=min(1, load_s))
    before_s = server.cpu_s()
    closed = closed_loop(server.port, posts, connections=_CONNECTIONS, duration_s=load_s)
    each_ms = (server.cpu_s() - before_s) / len(closed.latencies_s) * 1e3
    opened = open_loop(server.port, posts, connections=_CONNECTIONS, per_s=closed.per_s / 3, duration_s=load_s)
    zipped = len(compressed(posts.text(0))) / 1e6
    return [
        Figure(
            step="post a state of 1 MB, as many as it can",
            value=closed.per_s,
            limit=None,
            unit="/s",
            note=f"{_CONNECTIONS} connections; {zipped:.2f} MB compressed; {each_ms:.0f} ms of server CPU each",
        ),
        Figure(
            step="post a state of 1 MB, p99",
            value=opened.percentile_ms(0.99),
            limit=_WRITTEN_MS,
            unit="ms",
            note=f"{closed.per_s / 3:.0f} a second; median {opened.percentile_ms(0.5):.1f} ms",
        ),
    ]


def _read(server: Served, load_s: float) -> list[Figure]:
    posts = _Posts()
    links = [_post(server, posts.text(number)) for number in range(_KEPT)]
    requests = [server.request(f"{_API}/{state_id}", _READERS) for state_id in links]
    closed_loop(server.port, requests, connections=_CONNECTIONS, duration_s=min(1, load_s))
    before_s = server.cpu_s()
    closed = closed_loop(server.port, requests, connections=_CONNECTIONS, duration_s=load_s)
    each_ms = (server.cpu_s() - before_s) / len(closed.latencies_s) * 1e3
    opened = open_loop(server.port, requests, connections=_CONNECTIONS, per_s=closed.per_s / 3, duration_s=load_s)
    return [
        Figure(
            step="read a state of 1 MB, as many as it can",
            value=closed.per_s,
            limit=None,
            unit="/s",
            note=f"{_CONNECTIONS} connections; {_KEPT} states in turn; {each_ms:.1f} ms of server CPU each",
        ),
        Figure(
            step="read a state of 1 MB, p99",
            value=opened.percentile_ms(0.99),
            limit=_READ_MS,
            unit="ms",
            note=f"{closed.per_s / 3:.0f} a second; median {opened.percentile_ms(0.5):.1f} ms",
        ),
    ]


class _Posts(Sequence[bytes]):
    """As many posts as anybody asks for, no two alike."""

    def __init__(self) -> None:
        numbers, ids, size = random.Random(7), list[str](), 0  # noqa: S311 - no secret
        while size < _BYTES:
            ids.append(str(864691130000000000 + numbers.randrange(10**10)))
            size += len(ids[-1]) + 4
        layer = {"type": "segmentation", "source": "graphene://https://a.example.org/table/b", "segments": ids}
        self._rest = json.dumps({"layers": [layer], "layout": "3d"}).encode()[1:]
        self._first = numbers.randrange(1 << 40)
        self._count = 0

    def text(self, number: int) -> bytes:
        """The text of one."""
        return b'{"number": %d, ' % (self._first + number) + self._rest

    def __len__(self) -> int:
        return 1 << 30

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        """Another one at each time, whatever the index."""
        if isinstance(index, slice):
            raise TypeError("there is no end to them")
        self._count += 1
        text = self.text(self._count)
        head = f"POST {_API}/post HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(text)}\r\n\r\n"
        return head.encode() + text


def _post(server: Served, text: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", f"{_API}/post", body=text)
    answer = connection.getresponse()
    told = answer.read()
    connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise BenchError(f"A post was answered with {answer.status}: {told[:200]!r}")
    return int(json.loads(told).rpartition("/")[2])


async def _migrate(dsn: str) -> None:
    postgres = Postgres(dsn)
    await migrate(postgres)
    await postgres.close()
