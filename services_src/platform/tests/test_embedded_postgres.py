"""PostgreSQL from a wheel: it keeps what it has, and says clearly why it doesn't start."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import psycopg
import pytest

from karst_platform.stores.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError


def test_what_was_committed_survives(postgres_folder: Path):
    server = EmbeddedPostgres(postgres_folder)
    with psycopg.connect(server.start()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    assert server.is_running()
    server.stop()
    assert not server.is_running()
    server.stop()
    (postgres_folder / "postmaster.pid").write_text(f"{os.getpid()}\nreused by another program\n")
    again = EmbeddedPostgres(postgres_folder)
    started = time.monotonic()
    with psycopg.connect(again.start()) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW unix_socket_permissions").fetchone() == ("0700",)
    assert time.monotonic() - started < 5  # 0.2 s on an idle machine
    again.stop()


def test_half_a_lock_file_of_a_crash_is_no_obstacle(postgres_folder: Path):
    server = EmbeddedPostgres(stopped(postgres_folder))
    for lock in ("", "12", "999999999\nx", "not a number\n"):
        (postgres_folder / "postmaster.pid").write_text(lock)
        with psycopg.connect(server.start()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        server.stop()


def stopped(folder: Path) -> Path:
    server = EmbeddedPostgres(folder)
    server.start()
    server.stop()
    return folder


def test_two_that_share_a_folder_share_the_server(postgres_folder: Path):
    first, second = EmbeddedPostgres(postgres_folder), EmbeddedPostgres(postgres_folder)
    assert first.start() == second.start()
    first.stop()
    assert not second.is_running()


def test_data_of_a_newer_version_is_left_alone(postgres_folder: Path):
    (postgres_folder).mkdir()
    (postgres_folder / "PG_VERSION").write_text("99\n")
    with pytest.raises(EmbeddedPostgresError, match="data of PostgreSQL 99, this Karst brings"):
        EmbeddedPostgres(postgres_folder).start()


def test_a_full_disk_is_named_before_anything_is_made(postgres_folder: Path, monkeypatch: pytest.MonkeyPatch):
    usage = shutil.disk_usage(postgres_folder.parent)._replace(free=3 << 20)

    def full(_: Path) -> object:
        return usage

    monkeypatch.setattr(shutil, "disk_usage", full)
    with pytest.raises(EmbeddedPostgresError, match="3 MiB left"):
        EmbeddedPostgres(postgres_folder).start()
    assert not (postgres_folder).exists()


def test_what_the_server_complains_about_is_quoted(postgres_folder: Path):
    folder = stopped(postgres_folder)
    (folder / "postgresql.auto.conf").write_text("no_such_option = 1\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_option"):
        EmbeddedPostgres(folder).start()
