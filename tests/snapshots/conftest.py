"""`pytest tests/snapshots --update-snapshots` writes the views anew; review them like code."""

from __future__ import annotations

import os

import pytest

OPTION = "--update-snapshots"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="write tests/snapshots/views anew")


def refuses_to_update(ci: str) -> bool:
    """Whether the variable CI says that a pipeline runs: one that wrote views would approve its own changes."""
    return ci.lower() not in {"", "0", "false"}


@pytest.fixture(scope="session")
def is_updating(request: pytest.FixtureRequest) -> bool:
    """Whether views are to be written; fails in a pipeline."""
    wanted = bool(request.config.getoption(OPTION, default=False))
    if wanted and refuses_to_update(os.environ.get("CI", "")):
        pytest.fail(f"{OPTION} is for people: CI is set, and a pipeline only compares", pytrace=False)
    return wanted
