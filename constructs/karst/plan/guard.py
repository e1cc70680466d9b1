"""The plan guard: says which changes of a plan would lose data or open it up, and whether that was approved.

The provider's own protection fails only while a plan is applied, after grants are already gone; and `prevent_destroy`
goes away with the block that holds it. The guard judges the plan itself, before anything is applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from karst.config.errors import nearest
from karst.plan.approvals import Approval
from karst.plan.findings import Decision, Finding, approved, findings_of, is_protected_stack
from karst.plan.model import Consent, Plan

__all__ = ["Decision", "Finding", "Verdict", "findings_of", "is_protected_stack", "judge"]


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


def _with_approval(finding: Finding, valid: Mapping[tuple[str, str, Consent], Approval]) -> Finding:
    approval = valid.get((finding.stack, finding.address, finding.consent))
    if finding.decision is not Decision.REFUSED or approval is None:
        return finding
    return approved(finding, approval)
