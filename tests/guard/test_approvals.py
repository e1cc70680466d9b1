"""An approval lets pass what it names, no more and no longer; every mistake in the file is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from karst.config.errors import ConfigError
from karst.plan.approvals import Approval, read_approvals
from karst.plan.guard import Decision, Verdict, judge
from karst.plan.model import Action
from karst.plan.reader import read_plan

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
    assert approvals(tmp_path, GOOD.replace("delete", "forget"))[0].action is Action.FORGET


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            f"address: {BUCKET}",
            "address: google_storage_bucket.*",
            "approvals.yaml:2: approvals[0].address: holds a wildcard",
        ),
        (
            "stack: demo-data-h01",
            'stack: "*"',
            "approvals.yaml:3: approvals[0].stack: holds a wildcard in '*'. Name one",
        ),
        ("action: delete", "action: destroy", "approvals.yaml:4: approvals[0].action: is 'destroy'."),
        (
            "reason: moved to another project",
            "reason:",
            "approvals.yaml:5: approvals[0].reason: is missing. Write text.",
        ),
        ("until: 2026-03-01", "until: soon", "approvals.yaml:6: approvals[0].until: is 'soon'. Write a date such as"),
        ("until:", "untill:", "approvals.yaml:6: approvals[0].untill: is an unknown key. Did you mean 'until'?"),
        ("approvals:", "aprovals:", "approvals.yaml:1: aprovals: is an unknown key. Write a list under `approvals`."),
    ],
)
def test_mistake_in_the_file(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        approvals(tmp_path, GOOD.replace(old, new))
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["approvals: all\n", "approvals:\n  - all\n"])
def test_wrong_shape(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        approvals(tmp_path, text)
