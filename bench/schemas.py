"""How fast all documents of the types of annotations come, which every client asks for before it queries tables."""

from __future__ import annotations

import http.client

from bench.clio_load import closed_loop, open_loop
from bench.measure import BenchError, Figure
from bench.served import Served, serving

_CONNECTIONS = 64
_PATH = "/schema/api/v2/types_all"
_GZIP = {"Accept-Encoding": "gzip, deflate"}
_LEAST_PER_S = 800
_LOAD_S = 10.0


def measure(load_s: float = _LOAD_S) -> list[Figure]:
    """Ask with compression, as clients do, as often as can be and then a third of the least. Raises `BenchError`."""
    with serving("karst_schema.main:application") as server:
        size = _size(server)
        request = [server.request(_PATH, _GZIP)]
        closed_loop(server.port, request, connections=_CONNECTIONS, duration_s=min(1, load_s))
        before_s = server.cpu_s()
        closed = closed_loop(server.port, request, connections=_CONNECTIONS, duration_s=load_s)
        each_us = (server.cpu_s() - before_s) / len(closed.latencies_s) * 1e6
        per_s = _LEAST_PER_S / 3
        opened = open_loop(server.port, request, connections=_CONNECTIONS, per_s=per_s, duration_s=load_s)
    return [
        Figure(
            step="`GET types_all`, compressed, as many as it can",
            value=closed.per_s,
            limit=_LEAST_PER_S,
            unit="/s",
            is_least=True,
            note=f"{_CONNECTIONS} connections, answers of {size / 1000:.1f} kB, {each_us:.0f} us of server CPU each",
        ),
        Figure(
            step=f"the same, {per_s:.0f} a second, p95",
            value=opened.percentile_ms(0.95),
            limit=10,
            unit="ms",
            note=f"median {opened.percentile_ms(0.5):.1f} ms, longest {opened.percentile_ms(1):.0f} ms",
        ),
    ]


def _size(server: Served) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", _PATH, headers=_GZIP)
    answer = connection.getresponse()
    size = len(answer.read())
    connection.close()
    if answer.status != 200 or answer.getheader("Content-Encoding") != "gzip":
        raise BenchError(f"{_PATH} was answered with {answer.status}, or not compressed")
    return size
