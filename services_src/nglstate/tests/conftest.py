"""The service in this process, on each of its stores."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from karst_nglstate.settings import StateSettings
from services_src.nglstate.tests.support import Server, serving

STORES = ("postgres", "datastore")


def unlimited(**told: object) -> StateSettings:
    """Settings of a service that tests ask faster than any client."""
    return StateSettings(rate_per_user=0, rate_per_address=0, sticky_auth_url="g.example.org/sticky_auth", **told)  # type: ignore[arg-type]


@pytest.fixture(params=STORES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> StateSettings:
    """Empty stores of one kind, with a folder for a bucket."""
    table = f"t{uuid.uuid4().hex}"
    told: dict[str, object] = {"table": table, "older_tables": (table,), "buckets_folder": tmp_path}
    if request.param == "postgres":
        return unlimited(**told, postgres_dsn=SecretStr(request.getfixturevalue("postgres_dsn")))
    return unlimited(**told, datastore_emulator=request.getfixturevalue("datastore_emulator"))


@pytest.fixture
async def server(settings: StateSettings) -> AsyncIterator[Server]:
    """The service on these stores."""
    async with serving(settings) as made:
        yield made


@pytest.fixture
async def postgres_server(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Server]:
    """The service on PostgreSQL, for what no store makes a difference to."""
    async with serving(unlimited(buckets_folder=tmp_path, postgres_dsn=SecretStr(postgres_dsn))) as made:
        yield made
