"""docs/reference/security.md is true: every known fault has an answer, and what it names exists."""

from __future__ import annotations

import re

import pytest

from karst.policy.rules import ALL
from tests.examples import ROOT

PAGE = (ROOT / "docs/reference/security.md").read_text("utf-8")
RULES = {rule.id: rule.reason for rule in ALL}


def table(heading: str) -> list[list[str]]:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def is_there(name: str) -> bool:
    """Whether a rule, a file of tests, or `file::test[case]` exists."""
    if name in RULES:
        return True
    path, _, rest = name.partition("::")
    if not (ROOT / path).is_file():
        return False
    text = (ROOT / path).read_text("utf-8")
    test, _, case = rest.rstrip("]").partition("[")
    beside = "".join(one.read_text("utf-8") for one in (ROOT / path).parent.glob("*.yaml"))
    return (not test or f"def {test}(" in text) and (not case or f'"{case}"' in text or f"name: {case}\n" in beside)


FAULTS = table("Known faults of the platforms")
ATTEMPTS = table("What a configuration can't do")


def test_every_fault_has_an_answer() -> None:
    every = [f"S{number}" for number in range(1, 16)] + [f"R{number}" for number in range(1, 19)]
    assert [fault for fault, *_ in FAULTS] == every


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row[0])
def test_what_holds_a_fault_exists(row: list[str]) -> None:
    _, was, held_by, _ = row
    assert was
    assert named(held_by)
    assert [name for name in named(held_by) if not is_there(name)] == []


@pytest.mark.parametrize("row", ATTEMPTS, ids=lambda row: row[0])
def test_what_refuses_an_attempt_exists(row: list[str]) -> None:
    attempt, held_by = row
    assert attempt
    assert named(held_by)
    assert [name for name in named(held_by) if not is_there(name) or "::" not in name] == []


def test_attempts_are_all_there() -> None:
    assert len(ATTEMPTS) == 11


def test_a_name_of_nothing_is_seen() -> None:
    assert not is_there("KARST_XYZ_1")
    assert not is_there("tests/policy/test_nothing.py")
    assert not is_there("tests/policy/test_rules.py::test_nothing")
    assert not is_there("tests/config/test_bad.py::test_message[three active]")
    assert is_there("tests/config/test_bad.py::test_message[two active]")


def test_every_rule_stands_on_the_page_with_its_reason() -> None:
    told = dict(table("Rules"))
    assert told.pop("KARST_IAM_1")
    assert told == RULES
