"""How fast the auth service says who somebody is, and how much slower it gets with a million people."""

from __future__ import annotations

import asyncio
import http.client
import os
import time
from pathlib import Path

import psycopg

from bench.auth_growth import growth, sample
from bench.measure import BenchError, Figure
from bench.often import Often, asked_often
from bench.served import Served, serving
from karst_auth.migrations import MIGRATIONS
from karst_platform.stores.embedded_postgres import EmbeddedPostgres

_RECORD = "/auth/api/v1/user/cache"
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
    what = Often(
        path=_RECORD,
        headers=authorized,
        least_per_s=1500,
        percentile=99,
        longest_ms=15,
        name="`GET /user/cache`",
        note=f"load before it {os.getloadavg()[0]:.1f}",
    )
    return asked_often(server, what, load_s)


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
