"""What is not exactly a finished plan is refused with a reason, and never judged harmless."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from karst.plan.reader import PlanUnreadableError, parse_plan, read_plan, stack_of

WHOLE = Path(__file__).parent / "plans" / "whole_destroy.json"
CHANGE = {"address": "a.b", "type": "a", "change": {"actions": ["delete"], "before": {}, "after": None}}


def document(**changes: object) -> str:
    return json.dumps({"format_version": "1.2", "resource_changes": []} | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p.json: is empty. "),
        ("{", "p.json: is no JSON, or was cut off"),
        ("[" * 100_000, "p.json: is no JSON, or was cut off"),
        ("[]", "p.json: holds no plan. "),
        ("{}", "p.json: holds no format_version, so it is no plan. "),
        (document(format_version=1), "p.json: holds no format_version"),
        (document(format_version="2.0"), "p.json: has plan format 2.0, and this version of Karst reads 1.x. "),
        (document(format_version="0.2"), "p.json: has plan format 0.2"),
        ('{"format_version": "1.0", "values": {}}', "p.json: holds a state, not a plan. "),
        ('{"format_version": "1.0", "resource_schemas": {}}', "p.json: holds no plan. "),
        (document(errored=True), "p.json: planning failed, so the plan is not whole. "),
        (
            json.dumps(
                {"format_version": "1.2", "planned_values": {"root_module": {"resources": [{"address": "google_a.b"}]}}}
            ),
            "p.json: names resources and no changes; the file was altered",
        ),
        (document(resource_changes={}), "p.json: resource_changes is no list"),
        (document(resource_changes=[1]), "p.json: resource_changes[0]: describes no change"),
        (document(resource_changes=[CHANGE | {"address": 3}]), "p.json: resource_changes[0]: lacks address"),
        (document(resource_changes=[CHANGE | {"type": ""}]), "p.json: resource_changes[0]: lacks type"),
        (
            document(resource_changes=[CHANGE | {"change": {"actions": ["vanish"]}}]),
            "p.json: resource_changes[0]: has actions that this version of Karst does not know. Use a Terraform",
        ),
        (
            document(resource_changes=[CHANGE | {"change": {"actions": "delete"}}]),
            "p.json: resource_changes[0]: has actions",
        ),
        (
            document(resource_changes=[CHANGE | {"change": {"actions": ["delete"], "before": [1]}}]),
            "p.json: resource_changes[0].change.before: holds no attributes",
        ),
    ],
)
def test_unusable_plan(text: str, message: str) -> None:
    with pytest.raises(PlanUnreadableError) as caught:
        parse_plan(text, stack="demo", source="p.json")
    assert str(caught.value).startswith(message)


def test_every_truncation_is_refused() -> None:
    text = WHOLE.read_text().rstrip()
    for end in range(0, len(text), 97):
        with pytest.raises(PlanUnreadableError):
            parse_plan(text[:end], stack="demo", source="p.json")


def test_saved_plan_instead_of_json(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    path.write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(PlanUnreadableError, match="looks like a saved plan: Write it with `terraform show -json"):
        read_plan(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PlanUnreadableError, match="cannot be read"):
        read_plan(tmp_path / "absent.json")


def test_unknown_keys_are_ignored() -> None:
    change = CHANGE | {"novelty": 1, "change": {"actions": ["delete"], "before": {"x": 1}, "novelty": [2]}}
    plan = parse_plan(document(novelty={}, resource_changes=[change]), stack="demo", source="p.json")
    assert [entry.address for entry in plan.changes] == ["a.b"]


@pytest.mark.parametrize(
    ("path", "stack"),
    [
        ("stacks/demo-foundation/plan.json", "demo-foundation"),
        ("demo.json", "demo"),
        ("demo.tfplan.json", "demo"),
        ("x/demo-data-h01.plan.json", "demo-data-h01"),
    ],
)
def test_stack_of(path: str, stack: str) -> None:
    assert stack_of(Path(path)) == stack
