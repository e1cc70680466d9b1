"""The guard that settings make, at work: auth over HTTP and changes by Redis, or neither."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from karst_platform.cave.guard.authority import AuthorityUnavailableError
from karst_platform.cave.guard.changes import Change
from karst_platform.cave.guard.push import RedisChanges, connect
from karst_platform.cave.guard.settings import Guarding, GuardSettings
from karst_platform.settings import SettingsError, load_settings
from karst_platform.testing_valkey import ValkeyServer
from services_src.platform.tests.frame_client import ask
from services_src.platform.tests.guard.guarded import guarded_app
from services_src.platform.tests.guard.people import READER, Known, token
from services_src.platform.tests.guard.table import bearer

pytestmark = pytest.mark.anyio


@pytest.fixture
def auth() -> Iterator[tuple[str, Known]]:
    """A real server that knows users: its address, and what it knows."""
    known = Known()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            record = known.records.get(self.headers["Authorization"].removeprefix("Bearer "))
            body = record.to_bytes() if record is not None else b"{}"
            self.send_response(200 if record is not None else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/auth", known
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_revocation_reaches_a_service_at_once(auth: tuple[str, Known], valkey: ValkeyServer) -> None:
    url, known = auth
    settings = GuardSettings(auth_url=url, redis_host="127.0.0.1", redis_port=valkey.port)
    guarding = Guarding(settings)
    app = guarded_app(Known())
    app.state.guard = guarding.guard
    teller = RedisChanges(connect("127.0.0.1", valkey.port))
    teller.start()
    async with guarding.running():
        await asyncio.sleep(0.3)
        assert (await ask(app, "/in", headers=bearer(READER))).status_code == 200
        del known.records[token(READER.id)]
        assert (await ask(app, "/in", headers=bearer(READER))).status_code == 200
        await teller.publish(Change(users=(READER.id,)))
        await asyncio.sleep(0.3)
        assert (await ask(app, "/in", headers=bearer(READER))).status_code == 401
    await teller.stop()


async def test_without_redis_and_without_auth_nothing_breaks() -> None:
    guarding = Guarding(GuardSettings(auth_url="http://127.0.0.1:1/auth"))
    async with guarding.running():
        with pytest.raises(AuthorityUnavailableError):
            await guarding.guard.authority.record(token(READER.id))


async def test_another_authority_is_asked_where_there_is_one() -> None:
    known = Known()
    guarding = Guarding(GuardSettings(auth_namespace="aligned_volume"), known)
    async with guarding.running():
        assert guarding.guard.authority is known
        assert guarding.guard.namespace == "aligned_volume"


async def test_that_everybody_is_let_in_is_said_aloud(caplog: pytest.LogCaptureFixture) -> None:
    settings = load_settings(GuardSettings, {"AUTH_DISABLED": "true"})
    with caplog.at_level(logging.WARNING):
        async with Guarding(settings, Known()).running():
            assert "AUTH_DISABLED" in caplog.text


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STICKY_AUTH_URL", "https://g.example.org/sticky_auth"),
        ("STICKY_AUTH_URL", "g.example.org/sticky_auth/"),
        ("STICKY_AUTH_URL", "g.example.org/a=b"),
        ("STICKY_AUTH_URL", "g.example.org/a, b"),
        ("AUTH_URL", "ftp://g.example.org/auth"),
        ("KARST_AUTH_ORIGINS", "https://a.example.org/"),
        ("KARST_AUTH_ORIGINS", "*"),
        ("TOKEN_NAME", "a=b"),
        ("AUTH_DISABLED", "perhaps"),
    ],
)
def test_settings_that_would_harm_are_refused(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        load_settings(GuardSettings, {variable: value})
