"""One subject a file: what outgrows a screen or two holds a second subject."""

from __future__ import annotations

import pytest
from source_files import ROOT, python_files

SERVICES = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "services_src").glob("*/src"))]


def test_there_are_services() -> None:
    assert SERVICES


@pytest.mark.parametrize(
    ("folder", "limit"), [("constructs", 300), ("stacks", 120), *((service, 300) for service in SERVICES)]
)
def test_files_stay_short(folder: str, limit: int) -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(folder)
    }
    assert {name: length for name, length in lengths.items() if length >= limit} == {}
