"""How fast all documents of the types of annotations come, which every client asks for before it queries tables."""

from __future__ import annotations

import http.client

from bench.measure import BenchError, Figure
from bench.often import Often, asked_often
from bench.served import Served, serving

_PATH = "/schema/api/v2/types_all"
_GZIP = {"Accept-Encoding": "gzip, deflate"}
_LOAD_S = 10.0


def measure(load_s: float = _LOAD_S) -> list[Figure]:
    """Ask with compression, as clients do, as often as can be and then a third of the least. Raises `BenchError`."""
    with serving("karst_schema.main:application") as server:
        what = Often(
            path=_PATH,
            headers=_GZIP,
            least_per_s=800,
            percentile=95,
            longest_ms=10,
            name="`GET types_all`, compressed",
            note=f"answers of {_size(server) / 1000:.1f} kB",
        )
        return asked_often(server, what, load_s)


def _size(server: Served) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", _PATH, headers=_GZIP)
    answer = connection.getresponse()
    size = len(answer.read())
    connection.close()
    if answer.status != 200 or answer.getheader("Content-Encoding") != "gzip":
        raise BenchError(f"{_PATH} was answered with {answer.status}, or not compressed")
    return size
