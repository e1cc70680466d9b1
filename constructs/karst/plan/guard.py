"""The plan guard: says which changes of a plan would lose data or access, and whether that was approved.

The provider's own protection fails only while a plan is applied, after grants are already gone; and `prevent_destroy`
goes away with the block that holds it. The guard judges the plan itself, before anything is applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from karst.config.errors import nearest
from karst.plan.approvals import Approval
from karst.plan.model import Action, Plan, ResourceChange, Values
from karst.plan.protection import SECRET_VERSION, is_abandoned, is_grant, is_rotation, protections

_LOSING = frozenset({Action.DELETE, Action.REPLACE, Action.FORGET})


class Decision(StrEnum):
    """What the guard says about one change that deserves a word."""

    REFUSED = "refused"
    APPROVED = "approved"
    REPORTED = "reported"
    """Allowed, and worth knowing: protection lifted, an object left standing, a secret rotated."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One change, what the guard decided, and why."""

    stack: str
    address: str
    action: Action
    decision: Decision
    why: str
    approval: Approval | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the guard says about a set of plans."""

    findings: tuple[Finding, ...]
    expired: tuple[Approval, ...] = ()
    unused: tuple[Approval, ...] = ()
    """Approvals of the judged stacks that no change asked for: take them out, else they wait for an accident."""
    strangers: Mapping[Approval, str | None] = field(default_factory=dict[Approval, str | None])
    """Those of the unused ones that name no object of their plan, each with the object that was probably meant."""

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """What stops the plans; empty if they may be applied."""
        return tuple(finding for finding in self.findings if finding.decision is Decision.REFUSED)


def judge(plans: Iterable[Plan], approvals: Iterable[Approval], *, today: date) -> Verdict:
    """Judge `plans` together; approvals that name other stacks than theirs are left alone."""
    judged = tuple(plans)
    stacks = {plan.stack for plan in judged}
    relevant = tuple(approval for approval in approvals if approval.stack in stacks)
    valid = {(item.stack, item.address, item.action): item for item in relevant if not item.is_expired(today)}
    findings = tuple(_with_approval(finding, valid) for plan in judged for finding in findings_of(plan))
    used = {finding.approval for finding in findings if finding.approval}
    unused = tuple(item for item in relevant if not item.is_expired(today) and item not in used)
    held = {plan.stack: {change.address for change in plan.changes} for plan in judged}
    return Verdict(
        findings=findings,
        expired=tuple(item for item in relevant if item.is_expired(today)),
        unused=unused,
        strangers={
            item: nearest(item.address, sorted(held[item.stack]))
            for item in unused
            if item.address not in held[item.stack]
        },
    )


def _with_approval(finding: Finding, valid: dict[tuple[str, str, Action], Approval]) -> Finding:
    approval = valid.get((finding.stack, finding.address, finding.action))
    if finding.decision is not Decision.REFUSED or approval is None:
        return finding
    return Finding(
        stack=finding.stack,
        address=finding.address,
        action=finding.action,
        decision=Decision.APPROVED,
        why=finding.why,
        approval=approval,
    )


def findings_of(plan: Plan) -> tuple[Finding, ...]:
    """Every change of `plan` that deserves a word, before approvals."""
    holds_protected = is_protected_stack(plan)
    found: list[Finding] = []
    for change in plan.changes:
        if change.action in _LOSING:
            judged = _judge_loss(change, holds_protected=holds_protected)
        else:
            judged = _judge_update(change)
        if judged is not None:
            decision, why = judged
            found.append(
                Finding(stack=plan.stack, address=change.address, action=change.action, decision=decision, why=why)
            )
    return tuple(found)


def is_protected_stack(plan: Plan) -> bool:
    """Whether the state before the plan holds anything protected, in the plan's targets or beside them."""
    before: Iterable[Values] = (*plan.prior, *(change.before for change in plan.changes))
    return any(protections(values) for values in before)


def _judge_loss(change: ResourceChange, *, holds_protected: bool) -> tuple[Decision, str] | None:
    before = change.before
    origin = f"moved here from {change.previous_address}; " if change.previous_address else ""
    leftover = "left over from an interrupted replacement; " if change.deposed_key else ""
    context = f"{origin}{leftover}"
    if held := protections(before):
        return Decision.REFUSED, f"{context}protected in state: {', '.join(held)}"
    if change.action is Action.FORGET or is_abandoned(before):
        return Decision.REPORTED, f"{context}stays in the cloud, and Terraform no longer tracks it"
    if change.is_import:
        return Decision.REFUSED, f"{context}exists in the cloud and would be imported only to be destroyed"
    if is_rotation(
        change.type, before, is_create_first=change.is_create_first, is_leftover=change.deposed_key is not None
    ):
        return Decision.REPORTED, f"{context}secret rotated: the new version is made first, the old one disabled"
    if holds_protected and change.type == SECRET_VERSION:
        return Decision.REFUSED, f"{context}a secret's value would go without a new one standing first"
    if holds_protected and is_grant(change.type):
        return Decision.REFUSED, f"{context}a grant in a stack that holds protected data"
    return None


def _judge_update(change: ResourceChange) -> tuple[Decision, str] | None:
    if change.action is not Action.UPDATE:
        return None
    lifted = [item for item in protections(change.before) if item not in protections(change.after)]
    if not lifted:
        return None
    return Decision.REPORTED, f"protection lifted ({', '.join(lifted)}): a later plan may delete it"
