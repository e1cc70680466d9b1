"""PostgreSQL ends and comes back: whoever asks meanwhile is told to come again, and nothing is started anew."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx
from pydantic import SecretStr

from karst_auth.main import create_app, make_auth
from karst_auth.migrations import MIGRATIONS
from karst_auth.settings import AuthSettings
from karst_platform.cave.guard.push import LocalChanges
from karst_platform.stores.embedded_postgres import EmbeddedPostgres
from services_src.auth.tests.world import make_world

BACK_S = 30


async def test_auth_waits_for_postgres_and_goes_on(postgres_folder: Path) -> None:
    server = EmbeddedPostgres(postgres_folder)
    dsn = server.start()
    MIGRATIONS.run(dsn)
    settings = AuthSettings(postgres_dsn=SecretStr(dsn), rate_per_user=0, rate_per_address=0)
    auth = make_auth(settings, LocalChanges())
    world = await make_world(auth.needs.ledger)
    app = create_app(settings, auth)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="https://auth.example.org") as client,
    ):

        async def ask(method: str, path: str, who: str) -> httpx.Response:
            body = {"name": "new"} if method == "POST" else None
            return await client.request(method, f"/auth/api/v1{path}", headers=world.header(who), json=body)

        assert (await ask("GET", "/user/cache", "viewer")).status_code == 200
        await asyncio.to_thread(server.stop)
        # Whoever was known a moment ago may still look things up; all else waits.
        assert (await ask("GET", "/user/cache", "viewer")).status_code == 200
        storm = [("GET", "/user/cache", "editor"), ("GET", "/group", "superadmin"), ("POST", "/group", "superadmin")]
        answers = await asyncio.gather(*(ask(*each) for each in storm for _ in range(50)))
        assert Counter(each.status_code for each in answers) == {503: 150}
        assert all(int(each.headers["retry-after"]) > 0 for each in answers)
        assert all(each.json()["error"] for each in answers)
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["missing"]) == (503, {"database": "The database does not answer."})
        assert await asyncio.to_thread(server.start) == dsn
        async with asyncio.timeout(BACK_S):
            while (await client.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.1)
        assert (await ask("GET", "/user/cache", "editor")).status_code == 200
        assert (await ask("POST", "/group", "superadmin")).status_code == 200
        again = await asyncio.gather(*(ask("GET", "/group", "superadmin") for _ in range(50)))
        assert {each.status_code for each in again} == {200}
    await asyncio.to_thread(server.stop)
