"""Every rule objects to what is planted, and to nothing that examples declare or leave out."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from karst.policy.check import StacksUnreadableError, check_stacks, compare_grants, granted, read_stacks
from karst.policy.model import Stack
from karst.policy.rules import ALL
from karst_cli.main import create_app
from tests.examples import ExampleStack
from tests.policy.plant import Plant
from tests.policy.plants import PLANTS

GRANTS = Path(__file__).parent / "grants.yaml"
BY_ID = {rule.id: rule for rule in ALL}
Examples = dict[str, ExampleStack]


def _stack(example: ExampleStack) -> Stack:
    return Stack(name=example.name, document=example.content)


def _folder(examples: Examples) -> Path:
    return next(iter(examples.values())).path.parent.parent.parent


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_every_stack_keeps_to_the_rule(rule, every_stack: Examples) -> None:
    assert [str(finding) for stack in every_stack.values() for finding in rule.findings(_stack(stack))] == []


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.rule} {plant.name}"[:80])
def test_the_rule_sees_what_is_planted(plant: Plant, every_stack: Examples) -> None:
    document = copy.deepcopy(every_stack[plant.stack].content)
    plant.edit(document)
    findings = BY_ID[plant.rule].findings(Stack(name=plant.stack, document=document))
    assert findings
    assert all(finding.rule == plant.rule and finding.stack == plant.stack for finding in findings)


def test_every_rule_has_a_plant_and_a_name_of_its_own() -> None:
    assert {plant.rule for plant in PLANTS} == set(BY_ID)
    assert len(BY_ID) == len(ALL)


def test_a_message_never_repeats_the_secret() -> None:
    body = {"name": "u", "password": "correct horse"}
    stack = Stack(name="x", document={"resource": {"google_sql_user": {"u": body}}})
    findings = BY_ID["KARST_SEC_1"].findings(stack)
    assert findings
    assert not any("correct horse" in str(finding) for finding in findings)


def test_every_role_is_agreed_to(examples: Examples) -> None:
    """After a review: `karst policy cdktf.out --grants tests/policy/grants.yaml --renew`."""
    found = granted([_stack(example) for example in examples.values()])
    assert compare_grants(yaml.safe_load(GRANTS.read_text("utf-8")), found) == []


def test_a_role_that_nobody_agreed_to_is_told(examples: Examples) -> None:
    found = granted([_stack(example) for example in examples.values()])
    some = next(identity for identity in found if identity != "allUsers")
    more = {**found, some: [*found[some], "roles/pubsub.admin on project"]}
    assert compare_grants(found, more) == [
        f"{some} is granted roles/pubsub.admin on project, which nobody has agreed to [KARST_IAM_1]"
    ]
    assert compare_grants(more, found) == [
        f"{some} is no longer granted roles/pubsub.admin on project: renew the list [KARST_IAM_1]"
    ]


def test_checking_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StacksUnreadableError, match="karst synth"):
        read_stacks(tmp_path)


def test_the_command_accepts_the_examples_and_refuses_a_planted_breach(examples: Examples, tmp_path: Path) -> None:
    assert check_stacks(read_stacks(_folder(examples))) == []
    arguments = ["policy", str(_folder(examples)), "--grants", str(GRANTS)]
    accepted = CliRunner().invoke(create_app(arguments), arguments)
    assert (accepted.exit_code, accepted.output) == (0, f"{len(examples)} stacks: nothing to object\n")
    stack = tmp_path / "stacks" / "planted"
    stack.mkdir(parents=True)
    (stack / "cdk.tf.json").write_text('{"resource": {"google_service_account_key": {"k": {}}}}')
    refused = CliRunner().invoke(create_app(["policy"]), ["policy", str(tmp_path)])
    assert refused.exit_code == 3
    assert "planted: google_service_account_key.k: is a key" in refused.output


def test_the_command_says_what_it_needs(tmp_path: Path) -> None:
    empty = CliRunner().invoke(create_app(["policy"]), ["policy", str(tmp_path)])
    assert (empty.exit_code, "karst synth" in empty.output) == (2, True)
    renew = CliRunner().invoke(create_app(["policy"]), ["policy", str(tmp_path), "--renew"])
    assert (renew.exit_code, "--grants" in renew.output) == (2, True)
