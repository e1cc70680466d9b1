"""One subject a file: what outgrows a screen or two holds a second subject."""

from __future__ import annotations

import pytest
from source_files import ROOT, python_files


@pytest.mark.parametrize(("folder", "limit"), [("constructs", 300), ("stacks", 120)])
def test_files_stay_short(folder: str, limit: int) -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(folder)
    }
    assert {name: length for name, length in lengths.items() if length >= limit} == {}
