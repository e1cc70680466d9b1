"""Connections to the server, as its administrator or as one of the services."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import psycopg
from psycopg import errors, sql

from karst_sql_roles.errors import SqlRolesError
from karst_sql_roles.settings import SqlRolesSettings

Connection = psycopg.Connection[tuple[object, ...]]

_TOKEN_URL = (
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105
    "?scopes=https://www.googleapis.com/auth/sqlservice.login"
)
_REJECTED = ("authentication failed", "is not permitted to log in", "no password supplied", "does not exist")
_NO_DATABASE = "permission denied for database"


@dataclass(frozen=True)
class Server:
    """The server that the settings name."""

    settings: SqlRolesSettings = field(repr=False)

    @contextmanager
    def administer(self, database: str) -> Generator[Connection]:
        """A connection that may create roles; each transaction on it is the caller's.

        Raises SqlRolesError where nobody answers, the login fails, or it may not create roles.
        """
        settings = self.settings
        try:
            connection = self._connect(database, settings.user, self._password)
        except psycopg.OperationalError as error:
            raise SqlRolesError(self._refusal(database, error)) from None
        with connection:
            self._act_as_admin(connection)
            yield connection

    def accepts(self, user: str, password: str) -> bool:
        """Whether `user` may log in with this password; the databases that it may open do not matter."""
        try:
            self._connect(self.settings.database, user, password).close()
        except psycopg.OperationalError as error:
            if _NO_DATABASE in str(error):
                return True
            if any(one in str(error) for one in _REJECTED):
                return False
            raise SqlRolesError(self._refusal(self.settings.database, error)) from None
        return True

    def _connect(self, database: str, user: str, password: str | None) -> Connection:
        settings = self.settings
        return psycopg.connect(
            host=settings.host,
            port=settings.port,
            dbname=database,
            user=user,
            password=password,
            sslmode=settings.ssl_mode,
            connect_timeout=settings.timeout_s,
            application_name="karst-sql-roles",
            # A role's own setting would make it somebody else before it begins.
            options="-c role=none -c search_path=pg_catalog -c client_min_messages=error",
            autocommit=True,
        )

    def _act_as_admin(self, connection: Connection) -> None:
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{self.settings.timeout_s}s",))
        if _may_create_roles(connection):
            return
        role = self.settings.admin_role
        if role:
            try:
                connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
            except (errors.InsufficientPrivilege, errors.InvalidParameterValue, errors.UndefinedObject):
                pass
            else:
                if _may_create_roles(connection):
                    return
        raise SqlRolesError(
            f"{self.settings.user!r} may not create roles, neither itself nor as {role!r}. Give it the database role "
            "cloudsqlsuperuser (the foundation stack does, for a server that it makes), or log in as an administrator "
            "with KARST_SQL_USER and KARST_SQL_PASSWORD."
        )

    @cached_property
    def _password(self) -> str:
        password = self.settings.password
        return password.get_secret_value() if password is not None else _token()

    def _refusal(self, database: str, error: psycopg.OperationalError) -> str:
        settings = self.settings
        where = f"{settings.host}:{settings.port}"
        said = str(error).strip().splitlines()[-1]
        if f'database "{database}" does not exist' in said:
            return f"{where} has no database {database!r}. Deploy the stack that makes it, then this one again."
        if any(one in said for one in _REJECTED):
            return (
                f"{where} turned away {settings.user!r}. See that this user exists there (the foundation stack makes "
                "it), and that KARST_SQL_PASSWORD, where it is used, is still its password."
            )
        return (
            f"{where} can't be used: {said}. See that the server runs, that this name leads to it, and that the "
            "network policy of sql-roles lets it through."
        )


def _may_create_roles(connection: Connection) -> bool:
    row = connection.execute(
        "SELECT rolsuper OR (rolcreaterole AND rolcreatedb) FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    return bool(row and row[0])


def _token() -> str:
    """A token of the pod's own service account that is good for logging in to databases, and for nothing else."""
    request = urllib.request.Request(_TOKEN_URL, headers={"Metadata-Flavor": "Google"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - a fixed address
            return str(json.load(answer)["access_token"])
    except (OSError, ValueError, KeyError) as error:
        raise SqlRolesError(
            f"Google's metadata server gave no token ({type(error).__name__}). Run where workload identity works, or "
            "set KARST_SQL_PASSWORD."
        ) from None
