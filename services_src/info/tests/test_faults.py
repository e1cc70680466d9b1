"""Its database away: what is known goes on for ten minutes, forms are refused, and it comes back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import make_url

from karst_info.current import STALE_S, Current
from karst_platform.stores.documents import StoreUnavailableError
from karst_platform.testing_way import Place, Way
from services_src.info.tests.support import API, ROOT, Told, caller, served, settings

pytestmark = pytest.mark.anyio
NEW = {"name": "eel_v1", "image_source": "precomputed://gs://eel/em"}


@asynccontextmanager
async def cuttable(dsn: str) -> AsyncGenerator[tuple[Way, str]]:
    """A way to the database, and its address by this way."""
    url = make_url(dsn)
    folder, name = str(url.query["host"]), f".s.PGSQL.{url.port or 5432}"
    with TemporaryDirectory() as near:
        way = Way(Place(path=Path(near) / name), Place(path=Path(folder) / name))
        await way.mend()
        yield way, url.update_query_dict({"host": near}).render_as_string(hide_password=False)
        way.cut()


async def test_without_its_database_it_tells_what_it_knows_and_changes_nothing(write_dsn: str, authority: Told) -> None:
    async with (
        cuttable(write_dsn) as (way, dsn),
        served(settings(dsn), authority) as app,
        caller(app, "both") as client,
    ):
        way.cut()
        for path in ("datastacks", "datastack/full/fish", "aligned_volume/id/1", "ngl_info"):
            assert (await client.get(f"{API}/{path}")).status_code == 200, path
        assert (await client.get(f"{ROOT}/datastack/fish")).status_code == 200
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["missing"]["database"][:12]) == (503, "The database")
        refused = await client.post(f"{ROOT}/admin/alignedvolume/new", data=NEW)
        assert (refused.status_code, refused.json()["error"]) == (503, "service_unavailable")
        await way.mend()
        async with asyncio.timeout(30):
            while (await client.post(f"{ROOT}/admin/alignedvolume/new", data=NEW)).status_code != 302:
                await asyncio.sleep(0.05)
        assert "eel_v1" in (await client.get(f"{ROOT}/admin/alignedvolume")).text


async def test_what_is_known_gets_too_old(write_dsn: str, authority: Told) -> None:
    async with served(settings(write_dsn), authority) as app:
        now_s = 0.0
        current = Current(app.state.info.database, ROOT, clock=lambda: now_s)
        with pytest.raises(StoreUnavailableError):
            current.get()
        known = await current.refresh()
        now_s = STALE_S - 1
        assert current.get() is known
        now_s = STALE_S + 1
        with pytest.raises(StoreUnavailableError):
            current.get()


async def test_a_database_without_tables_keeps_it_from_being_ready(empty_dsn: str, authority: Told) -> None:
    from karst_info.main import create_app  # noqa: PLC0415

    app = create_app(settings(empty_dsn), authority)
    async with app.router.lifespan_context(app), caller(app, "both") as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, "migrated" in answer.text) == (503, True)
        listed = await client.get(f"{API}/datastacks")
        assert (listed.status_code, listed.json()["error"]) == (503, "service_unavailable")
        assert (await client.get("/healthz")).status_code == 200
