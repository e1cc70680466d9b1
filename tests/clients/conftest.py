"""One run of the platform for all clients, with datasets of their own, and people with fewer roles than its owner."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from karst_clio.signatures.blocks import Signature
from karst_clio.signatures.duckdb_tables import fill_tables
from services_src.clio.tests.signatures.stores import LAYOUT, write_blocks
from tests.clients.python import Python
from tests.clients.up import Platform, up

PLACES = [
    Signature(point=(18410, 16370, 26460), bits=-123456789),
    Signature(point=(500, 500, 500), bits=-123456789 ^ 0b111),
]


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """The platform, with the signatures of one dataset's images."""
    with up() as run:
        write_blocks(run.state / "buckets" / "signatures", "mb20", LAYOUT, PLACES)
        fill_tables(run.state / "search.duckdb", "mb20", LAYOUT, PLACES)
        yield run


@pytest.fixture(scope="module")
def python(platform: Platform) -> Iterator[Python]:
    """A Python of a client's user, for statements and expressions."""
    with Python(platform.environment) as user:
        yield user
