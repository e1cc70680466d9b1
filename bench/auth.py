"""How fast the auth service says who somebody is, and how much slower it gets with a million people."""

from __future__ import annotations

import asyncio
import http.client
import os
import time
from pathlib import Path

import psycopg

from bench.auth_growth import growth, sample
from bench.clio_load import closed_loop, open_loop
from bench.measure import BenchError, Figure
from bench.served import Served, serving
from karst_auth.migrations import MIGRATIONS
from karst_platform.stores.embedded_postgres import EmbeddedPostgres

_CONNECTIONS = 64
_RECORD = "/auth/api/v1/user/cache"
_LEAST_PER_S = 1500
_LOAD_S = 10.0
_START_S = 60


def measure(folder: Path, load_s: float = _LOAD_S) -> list[Figure]:
    """Ask as often as can be, then a third of the least; then fill the database. Raises `BenchError`."""
    database = EmbeddedPostgres(folder / "postgres")
    try:
        dsn = database.start()
        MIGRATIONS.run(dsn)
        with psycopg.connect(dsn) as connection:
            token = sample(connection)
        with serving("karst_auth.main:application", {"KARST_POSTGRES_DSN": dsn}) as server:
            authorized = {"Authorization": f"Bearer {token}"}
            _wait(server, authorized)
            figures = _measured(server, authorized, load_s)
        return [*figures, *asyncio.run(growth(dsn))]
    finally:
        database.stop()


def _measured(server: Served, authorized: dict[str, str], load_s: float) -> list[Figure]:
    request, load = [server.request(_RECORD, authorized)], os.getloadavg()[0]
    closed_loop(server.port, request, connections=_CONNECTIONS, duration_s=min(1, load_s))
    before_s = server.cpu_s()
    closed = closed_loop(server.port, request, connections=_CONNECTIONS, duration_s=load_s)
    each_us = (server.cpu_s() - before_s) / len(closed.latencies_s) * 1e6
    per_s = _LEAST_PER_S / 3
    opened = open_loop(server.port, request, connections=_CONNECTIONS, per_s=per_s, duration_s=load_s)
    return [
        Figure(
            step="`GET /user/cache`, as many as it can",
            value=closed.per_s,
            limit=_LEAST_PER_S,
            unit="/s",
            is_least=True,
            note=f"{_CONNECTIONS} connections, {each_us:.0f} us of server CPU each; load before it {load:.1f}",
        ),
        Figure(
            step=f"the same, {per_s:.0f} a second, p99",
            value=opened.percentile_ms(0.99),
            limit=15,
            unit="ms",
            note=f"median {opened.percentile_ms(0.5):.1f} ms, longest {opened.percentile_ms(1):.0f} ms",
        ),
    ]


def _wait(server: Served, authorized: dict[str, str]) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_START_S)
        connection.request("GET", _RECORD, headers=authorized)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status == http.HTTPStatus.OK:
            return
        time.sleep(0.1)
    raise BenchError("The auth service didn't get ready")
