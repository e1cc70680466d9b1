"""How fast the info service says what a datastack is, which every client asks for first, and which ones one may see."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg

from bench.clio_load import closed_loop
from bench.measure import BenchError, Figure
from bench.often import Often, asked_often
from bench.served import Served, serving
from karst_info.migrations import MIGRATIONS
from karst_platform.cave.guard.record import UserRecord
from karst_platform.stores.embedded_postgres import EmbeddedPostgres

_DATASTACKS = 100
_TOKEN = "0123456789abcdef" * 2
_AUTHORIZED = {"Authorization": f"Bearer {_TOKEN}"}
_FULL = "/info/api/v2/datastack/full/stack_7"
_LIST = "/info/api/v2/datastacks"
_LOAD_S = 10.0
_START_S = 60
_DATASETS = {f"dataset_{number}": ("view",) for number in range(20)}
_USER = UserRecord(
    id=3,
    name="Ada",
    email="ada@example.org",
    groups=tuple(f"group {number}" for number in range(50)),
    permissions=_DATASETS,
    permissions_ignoring_tos=_DATASETS,
)
_ROWS = (
    "INSERT INTO aligned_volume (name, image_source) VALUES ('volume', 'precomputed://gs://images/em')",
    """INSERT INTO datastack (name, aligned_volume_id, segmentation_source, local_server, description)
        SELECT 'stack_' || number, 1, 'graphene://https://local.example.org/segmentation/table/stack_' || number,
        'https://local.example.org', repeat('What it is. ', 20) FROM generate_series(0, 99) number""",
)


def measure(folder: Path, load_s: float = _LOAD_S) -> list[Figure]:
    """Ask as often as can be, then a third of the least, then for the list. Raises `BenchError`."""
    database = EmbeddedPostgres(folder / "postgres")
    try:
        dsn = database.start()
        _fill(dsn)
        with _auth() as auth_url:
            settings = {
                "KARST_POSTGRES_DSN": dsn,
                "AUTH_URL": auth_url,
                "KARST_SERVICE_TOKEN": _TOKEN,
            }
            with serving("karst_info.main:application", settings) as server:
                _wait(server)
                return _measured(server, load_s)
    finally:
        database.stop()


def _measured(server: Served, load_s: float) -> list[Figure]:
    what = Often(
        path=_FULL,
        headers=_AUTHORIZED,
        least_per_s=1500,
        percentile=99,
        longest_ms=15,
        name="`GET datastack/full`",
    )
    figures = asked_often(server, what, load_s)
    listed = [server.request(_LIST, _AUTHORIZED)]
    alone = closed_loop(server.port, listed, connections=1, duration_s=min(2, load_s))
    return [
        *figures,
        Figure(
            step=f"which of {_DATASTACKS} datastacks one may see, p99",
            value=alone.percentile_ms(0.99),
            limit=100,
            unit="ms",
            note=f"median {alone.percentile_ms(0.5):.1f} ms, one after the other",
        ),
    ]


def _fill(dsn: str) -> None:
    MIGRATIONS.run(dsn)
    with psycopg.connect(dsn) as connection:
        for statement in _ROWS:
            connection.execute(statement.encode())


def _wait(server: Served) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_START_S)
        connection.request("GET", _LIST, headers=_AUTHORIZED)
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        if answer.status == http.HTTPStatus.OK and len(json.loads(told)) == _DATASTACKS:
            return
        time.sleep(0.1)
    raise BenchError("The info service didn't get ready")


class _Auth(BaseHTTPRequestHandler):
    """An auth service that knows one user, and the dataset of every datastack."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: apart, the second would wait for word of the first
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        is_user = self.path.endswith("/user/cache")
        self._answer(_USER.to_json() if is_user else _dataset_of(self.path.split("/")[-2]))

    def do_POST(self) -> None:
        names = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer({name: _dataset_of(name) for name in names})

    def _answer(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _dataset_of(name: str) -> str:
    return f"dataset_{int(name.rpartition('_')[2]) % len(_DATASETS)}"


def _serve(listening: socket.socket) -> None:
    server = ThreadingHTTPServer(listening.getsockname(), _Auth, bind_and_activate=False)
    server.socket = listening
    server.server_activate()
    server.serve_forever()


@contextmanager
def _auth() -> Generator[str]:
    """Its address; in a process of its own, so that the client has its own to itself."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(listening,), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/auth"
    process.terminate()
    process.join()
    listening.close()
