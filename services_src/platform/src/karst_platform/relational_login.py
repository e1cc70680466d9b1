"""How a service finds its database, and logs in there: by an address of its own, or as its service account.

In a cluster there is no password: `KARST_SQL_HOST`, `KARST_SQL_USER` and `KARST_DATABASE_ROLES` become an address that
says to log in with a token of the pod's own identity, and to act as the group that owns the tables.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
import urllib.request
from typing import Annotated, Any

import psycopg
from pydantic import BeforeValidator, Field, SecretStr
from sqlalchemy import URL, Engine, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.util import await_only

from karst_platform.relational_address import engine_url
from karst_platform.settings import PostgresAddress, Settings

LOGIN, ROLE = "karst_login", "karst_role"
"""Parameters of an address that are ours, not PostgreSQL's."""
_GOOGLE = "google"
_METADATA = "metadata.google.internal"
_TOKEN_PATH = (
    "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105 - a path
    "?scopes=https://www.googleapis.com/auth/sqlservice.login"
)
_FETCH_S = 5
_RENEW_BEFORE_S = 300


def _parsed(value: object) -> object:
    return json.loads(value or "{}") if isinstance(value, str) else value


Roles = Annotated[dict[str, str], BeforeValidator(_parsed)]


class DatabaseSettings(Settings):
    """Settings of a service with one database of PostgreSQL."""

    postgres_dsn: PostgresAddress = Field(default=SecretStr(""), validation_alias="KARST_POSTGRES_DSN")
    """PostgreSQL to use: `postgresql://user@host/database`; without it, the deployment's server."""
    sql_host: str = Field(default="localhost", validation_alias="KARST_SQL_HOST", min_length=1)
    """The deployment's server of PostgreSQL."""
    sql_user: str = Field(default="", validation_alias="KARST_SQL_USER")
    """Who logs in there, spelled as Cloud SQL does: a service account."""
    database_roles: Roles = Field(default_factory=dict[str, str], validation_alias="KARST_DATABASE_ROLES")
    """The database there, and the group as which to act in it, as JSON: one of each."""

    def dsn(self, database: str) -> str:
        """The address of the database; `database` is its name where nobody names one."""
        told = self.postgres_dsn.get_secret_value()
        if told:
            return told
        name, role = next(iter(self.database_roles.items()), (database, ""))
        if not self.sql_user:
            return URL.create("postgresql", host=self.sql_host, database=name).render_as_string()
        query = {"sslmode": "require", LOGIN: _GOOGLE, **({ROLE: role} if role else {})}
        url = URL.create("postgresql", username=self.sql_user, host=self.sql_host, database=name, query=query)
        return url.render_as_string(hide_password=False)


def address_of(dsn: str) -> tuple[URL, str]:
    """The address without what is ours, and options with which connections begin."""
    url = engine_url(dsn)
    role = url.query.get(ROLE)
    return url.difference_update_query([LOGIN, ROLE]), f"-c role={role}" if isinstance(role, str) else ""


def log_in(engine: Engine, dsn: str) -> None:
    """Have an engine log in with tokens, where the address says so."""
    if engine_url(dsn).query.get(LOGIN) == _GOOGLE:
        event.listen(engine, "do_connect", _give_token)


def _give_token(dialect: Dialect, _record: object, _arguments: object, parameters: dict[str, Any]) -> None:
    """A token is the password; each connection needs one that is still good only while it is made."""
    current = TOKENS.current
    parameters["password"] = await_only(asyncio.to_thread(current)) if dialect.is_async else current()


class Tokens:
    """Tokens of the pod's own service account that are good for logging in to databases, and for nothing else."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._token, self._end_s = "", float("-inf")

    def current(self) -> str:
        """A token, kept until shortly before it ends. Raises psycopg.OperationalError."""
        with self._turn:
            if time.monotonic() > self._end_s - _RENEW_BEFORE_S:
                self._token, life_s = _fetched()
                self._end_s = time.monotonic() + life_s
            return self._token


TOKENS = Tokens()


def _fetched() -> tuple[str, float]:
    """A new token, and for how many seconds it is good."""
    host = os.environ.get("GCE_METADATA_HOST", _METADATA)
    request = urllib.request.Request(f"http://{host}{_TOKEN_PATH}", headers={"Metadata-Flavor": "Google"})
    try:
        with urllib.request.urlopen(request, timeout=_FETCH_S) as answer:  # noqa: S310 - of this machine's own host
            told = json.load(answer)
            return str(told["access_token"]), float(told["expires_in"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"Google's metadata server gave no token ({type(error).__name__})"
        raise psycopg.OperationalError(message) from None
