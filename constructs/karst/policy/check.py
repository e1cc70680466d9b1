"""Reads synthesized stacks and holds them to every rule."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from karst.policy.model import Finding, Stack, as_mapping
from karst.policy.rules import ALL
from karst.policy.rules.access import grants


class StacksUnreadableError(Exception):
    """There is nothing to check; the message says what to do."""


def read_stacks(folder: Path) -> list[Stack]:
    """Read every stack below `folder`, an output folder of the synthesis.

    Raises `StacksUnreadableError` where there is none, where one is no JSON, and where none declares a resource: a
    check of nothing must not succeed.
    """
    paths = sorted(folder.glob("stacks/*/cdk.tf.json"))
    stacks = [Stack(name=path.parent.name, document=_read(path)) for path in paths]
    if not any(True for stack in stacks for _ in stack.resources()):
        raise StacksUnreadableError(f"{folder} holds no synthesized resource: run `karst synth` first")
    return stacks


def check_stacks(stacks: Iterable[Stack]) -> list[Finding]:
    """List every breach of every rule."""
    return sorted(finding for stack in stacks for rule in ALL for finding in rule.findings(stack))


def granted(stacks: Iterable[Stack]) -> dict[str, list[str]]:
    """List what each identity may do, as `role on kind`: the list that a review reads (rule KARST_IAM_1)."""
    found: dict[str, set[str]] = {}
    for stack in stacks:
        for identity, role, kind in grants(stack):
            found.setdefault(identity, set()).add(f"{role} on {kind}")
    return {identity: sorted(roles) for identity, roles in sorted(found.items())}


def compare_grants(allowed: dict[str, list[str]], found: dict[str, list[str]]) -> list[str]:
    """Say which grants are not in the list that was reviewed, and which are in it for nothing."""
    before = {(identity, role) for identity, roles in allowed.items() for role in roles}
    after = {(identity, role) for identity, roles in found.items() for role in roles}
    added = [
        f"{identity} is granted {role}, which nobody has agreed to [KARST_IAM_1]" for identity, role in after - before
    ]
    gone = [
        f"{identity} is no longer granted {role}: renew the list [KARST_IAM_1]" for identity, role in before - after
    ]
    return sorted(added) + sorted(gone)


def _read(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StacksUnreadableError(f"{path} is no JSON: run `karst synth` again") from error
    return dict(as_mapping(document))
