"""How services find their database in a cluster, and log in without a password."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text

from karst_platform import load_settings
from karst_platform.relational import Relational
from karst_platform.relational_login import DatabaseSettings, Tokens, address_of
from karst_platform.stores.documents import StoreUnavailableError
from karst_platform.stores.embedded_postgres import EmbeddedPostgres

pytestmark = pytest.mark.anyio
_USER = "demo-info@demo.iam"


class _Metadata(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(f"{self.path} {self.headers.get('Metadata-Flavor')}")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"access_token": "ya29.token", "expires_in": 3599}).encode())

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What Google's metadata server is asked."""
    asked = _Metadata.asked = []
    server = HTTPServer(("127.0.0.1", 0), _Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{server.server_port}")
    monkeypatch.setattr("karst_platform.relational_login.TOKENS", Tokens())
    yield asked
    server.shutdown()
    server.server_close()


def settings(**told: str) -> DatabaseSettings:
    return load_settings(DatabaseSettings, told)


def test_an_address_of_its_own_counts() -> None:
    told = settings(KARST_POSTGRES_DSN="postgresql://ada@db/x", KARST_SQL_USER=_USER)
    assert told.dsn("infoservice") == "postgresql://ada@db/x"
    assert settings().dsn("infoservice") == "postgresql://localhost/infoservice"


def test_a_deployment_names_server_user_database_and_group() -> None:
    roles = json.dumps({"info_eu": "info_eu_write"})
    told = settings(KARST_SQL_HOST="sql.demo.karst.internal", KARST_SQL_USER=_USER, KARST_DATABASE_ROLES=roles)
    url, options = address_of(told.dsn("infoservice"))
    assert (url.host, url.username, url.password, url.database) == (
        "sql.demo.karst.internal",
        _USER,
        None,
        "info_eu",
    )
    assert dict(url.query) == {"sslmode": "require"}
    assert options == "-c role=info_eu_write"


async def test_it_logs_in_with_a_token_and_acts_as_the_group(
    embedded_postgres: EmbeddedPostgres, metadata: list[str]
) -> None:
    dsn = embedded_postgres.start()
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in ("CREATE ROLE login_write", f'CREATE ROLE "{_USER}" LOGIN IN ROLE login_write'):
            connection.execute(statement.encode())
    told = make_url(dsn).set(username=_USER).update_query_dict({"karst_login": "google", "karst_role": "login_write"})
    database = Relational(told.render_as_string(hide_password=False))
    try:
        for _ in range(2):
            async with database.begin() as session:
                assert (
                    await session.scalar(text("SELECT session_user || ' ' || current_user")) == f"{_USER} login_write"
                )
            await database.engine.dispose()
    finally:
        await database.close()
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f'DROP ROLE "{_USER}"'.encode())
            connection.execute(b"DROP ROLE login_write")
    (question,) = metadata
    assert "sqlservice.login" in question
    assert question.endswith(" Google")


async def test_without_a_token_the_store_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:1")
    monkeypatch.setattr("karst_platform.relational_login.TOKENS", Tokens())
    database = Relational(settings(KARST_SQL_USER=_USER, KARST_DATABASE_ROLES='{"x": "y"}').dsn("x"))
    with pytest.raises(StoreUnavailableError, match="metadata server gave no token"):
        await database.check()
    await database.close()


def test_a_password_never_stands_in_what_is_shown() -> None:
    assert "hunter2" not in repr(DatabaseSettings(postgres_dsn=SecretStr("postgresql://ada:hunter2@db/x")))
