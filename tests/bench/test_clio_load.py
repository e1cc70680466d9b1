"""The load generator counts what people would feel: latency from when a request was due, and every failure."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bench.clio_load import Load, closed_loop, open_loop
from bench.measure import BenchError

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"


class Server:
    """Answers one request after the other; the tenth takes `stall_s`."""

    def __init__(self, answer: bytes = GOOD, stall_s: float = 0) -> None:
        self._answer, self._stall_s = answer, stall_s
        self._asked = 0
        self._turn = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while connection.recv(4096):
                with self._turn:
                    self._asked += 1
                    if self._asked == 10:
                        time.sleep(self._stall_s)
                # In two parts, as it may well come.
                connection.sendall(self._answer[:20])
                connection.sendall(self._answer[20:])


@pytest.fixture
def stalling() -> Iterator[Server]:
    server = Server(stall_s=0.4)
    yield server
    server.close()


def test_a_stall_counts_for_all_that_were_due_meanwhile(stalling: Server) -> None:
    load = open_loop(stalling.port, [REQUEST], connections=2, per_s=100, duration_s=1)
    assert len(load.latencies_s) == 100
    # Forty were due within 0.4 s, the last of them just before its end.
    assert sum(latency > 0.1 for latency in load.latencies_s) >= 25
    assert load.percentile_ms(1) >= 400


def test_a_closed_loop_asks_as_often_as_it_is_answered(stalling: Server) -> None:
    load = closed_loop(stalling.port, [REQUEST], connections=2, duration_s=0.6)
    assert sum(latency > 0.1 for latency in load.latencies_s) <= 2
    assert 0.5 < load.took_s < 5
    assert load.per_s == pytest.approx(len(load.latencies_s) / load.took_s)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n", "503"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "Content-Length"),
    ],
)
def test_an_answer_that_is_none_fails_the_measurement(answer: bytes, message: str) -> None:
    server = Server(answer)
    with pytest.raises(BenchError, match=message):
        closed_loop(server.port, [REQUEST], connections=2, duration_s=0.2)
    server.close()


def test_percentiles_are_those_of_all_requests() -> None:
    load = Load(latencies_s=[number / 1000 for number in range(1, 1001)], took_s=2)
    assert load.percentile_ms(0.5) == pytest.approx(501)
    assert load.percentile_ms(0.99) == pytest.approx(991)
    assert load.percentile_ms(1) == pytest.approx(1000)
    assert load.per_s == 500
