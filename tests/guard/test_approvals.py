"""An approval lets pass what it names, no more and no longer; every mistake in the file is told."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import TypedDict

import pytest
import yaml
from jsonschema import Draft202012Validator

from karst.config.approvals import Approvals
from karst.config.errors import ConfigError
from karst.config.loader import check
from karst.config.schema import first_line, render_schemas
from karst.config.yaml_source import parse_source
from karst.plan.approvals import Approval, read_approvals
from karst.plan.guard import Decision, Verdict, judge
from karst.plan.model import Consent
from karst.plan.reader import read_plan

ROOT = Path(__file__).parents[2]
PLAN = Path(__file__).parent / "plans" / "block_removed.json"
BUCKET = "google_storage_bucket.segmentation"
GOOD = f"""\
approvals:
  - address: {BUCKET}
    stack: demo-data-h01
    action: delete
    reason: moved to another project
    until: 2026-03-01
"""


def approvals(tmp_path: Path, text: str) -> tuple[Approval, ...]:
    path = tmp_path / "approvals.yaml"
    path.write_text(text)
    return read_approvals([path])


def verdict(tmp_path: Path, text: str, today: date = date(2026, 3, 1)) -> Verdict:
    return judge([read_plan(PLAN, "demo-data-h01")], approvals(tmp_path, text), today=today)


def test_approved_until_its_last_day(tmp_path: Path) -> None:
    judged = verdict(tmp_path, GOOD)
    assert [finding.decision for finding in judged.findings] == [Decision.APPROVED]
    assert not judged.refusals
    assert not judged.unused
    assert not judged.expired


def test_expired(tmp_path: Path) -> None:
    judged = verdict(tmp_path, GOOD, today=date(2026, 3, 2))
    assert [finding.address for finding in judged.refusals] == [BUCKET]
    assert [item.address for item in judged.expired] == [BUCKET]
    assert not judged.unused


@pytest.mark.parametrize(
    ("old", "new"),
    [("action: delete", "action: replace"), (f"address: {BUCKET}", "address: google_storage_bucket.meshes")],
)
def test_another_action_or_address_is_no_approval(tmp_path: Path, old: str, new: str) -> None:
    judged = verdict(tmp_path, GOOD.replace(old, new))
    assert [finding.address for finding in judged.refusals] == [BUCKET]
    assert len(judged.unused) == 1


def test_approvals_of_stacks_that_are_not_judged_are_left_alone(tmp_path: Path) -> None:
    judged = verdict(tmp_path, GOOD.replace("demo-data-h01", "demo-data-other"))
    assert [finding.address for finding in judged.refusals] == [BUCKET]
    assert not judged.unused


def test_action_is_read(tmp_path: Path) -> None:
    assert approvals(tmp_path, GOOD.replace("delete", "forget"))[0].action is Consent.FORGET


class Mistake(TypedDict):
    """One place of `GOOD` changed, and what is said of it."""

    name: str
    old: str
    new: str
    says: str


MISTAKES: list[Mistake] = yaml.safe_load(Path(__file__).with_name("bad_approvals.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", MISTAKES, ids=[case["name"] for case in MISTAKES])
def test_mistake_in_the_file(tmp_path: Path, case: Mistake) -> None:
    assert GOOD.count(case["old"]) == 1
    with pytest.raises(ConfigError) as caught:
        approvals(tmp_path, GOOD.replace(case["old"], case["new"]))
    assert f"{tmp_path}/{case['says']}" in str(caught.value).splitlines()


def test_a_file_that_is_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"approvals.yaml:2: is no valid YAML \(.*\). Check indentation"):
        approvals(tmp_path, "approvals: [\n")


def test_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    paths = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    for path in paths:
        path.write_text("approvals: 3\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_approvals(paths)
    assert [Path(problem.file).name for problem in caught.value.problems] == ["one.yaml", "two.yaml"]


def test_the_example_of_the_guide_is_whole_and_true() -> None:
    """It has every action, fits the schema that it names, and speaks of objects that the examples hold."""
    page = ROOT / "docs/how-to/review-and-approve-a-plan.md"
    (text,) = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert text.splitlines()[0] == first_line("approvals", ROOT / "environments/demo/approvals.yaml", ROOT)
    source = parse_source(text.encode(), "approvals.yaml")
    schema = json.loads(render_schemas()["approvals.json"])
    assert [error.message for error in Draft202012Validator(schema).iter_errors(dict(source.data))] == []
    entries = check(source, Approvals).approvals
    assert {entry.action for entry in entries} == set(Consent)
    held = (ROOT / "tests/addresses/stateful.txt").read_text(encoding="utf-8").splitlines()
    assert {f"{entry.stack} {entry.address}" for entry in entries} <= set(held)
