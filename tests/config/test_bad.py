"""Every mistake in the table gives exactly the message that stands beside it: file, line, key, mistake, remedy."""

from pathlib import Path
from typing import TypedDict

import pytest
import yaml

from tests.config.base import BASE, edited, messages, write


class Case(TypedDict):
    name: str
    file: str
    old: str
    new: str
    says: list[str]


CASES: list[Case] = yaml.safe_load(Path(__file__).with_name("bad.yaml").read_text(encoding="utf-8"))


def test_the_base_is_valid(tmp_path: Path) -> None:
    write(tmp_path, BASE)
    assert messages(tmp_path) == []


def test_the_table_is_long_and_its_names_differ() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_message(case: Case, tmp_path: Path) -> None:
    write(tmp_path, edited(case["file"], case["old"], case["new"]))
    assert messages(tmp_path) == case["says"]
