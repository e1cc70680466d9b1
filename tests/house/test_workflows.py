"""What runs on a pull request has no more rights than it needs, and runs what we read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from source_files import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.y*ml"))


def test_there_are_workflows() -> None:
    assert WORKFLOWS


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_hash_and_rights_are_stated(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for action in re.findall(r"uses:\s*(\S+)", text):
        is_ours = action.startswith("./.github/actions/")
        assert is_ours or re.search(r"@[0-9a-f]{40}$", action), f"pin {action} by its full commit hash"
    assert yaml.safe_load(text)["permissions"] == {}
    assert "pull_request_target" not in text
