"""What the guard decided, in words for people and as data for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from karst.plan.approvals import Approval
from karst.plan.guard import Decision, Finding, Verdict
from karst.plan.model import Action

_VERBS = {
    Action.DELETE: "deletes",
    Action.REPLACE: "replaces",
    Action.FORGET: "lets go of",
    Action.UPDATE: "changes",
}


def as_text(verdict: Verdict) -> str:
    """One line a finding, refusals first, then how to approve them; ends without a line break."""
    return "\n".join(_lines(verdict))


def as_json(verdict: Verdict) -> str:
    """The verdict as one JSON object; keys keep their meaning between versions."""
    document = {
        "ok": not verdict.refusals,
        "findings": [_finding(finding) for finding in verdict.findings],
        "expired_approvals": [_approval(approval) for approval in verdict.expired],
        "unused_approvals": [_approval(approval) for approval in verdict.unused],
        "approvals_of_unknown_objects": [_approval(approval) for approval in verdict.strangers],
    }
    return json.dumps(document, indent=2)


def _lines(verdict: Verdict) -> Iterator[str]:
    for decision in Decision:
        for finding in verdict.findings:
            if finding.decision is decision:
                yield _line(finding)
    for approval in verdict.expired:
        yield f"approval expired on {approval.until}: {_outdated(approval)}"
    for approval in verdict.unused:
        yield f"approval not used: {_outdated(approval)}{_stranger(verdict, approval)}"
    if refusals := verdict.refusals:
        yield ""
        yield from _how_to_approve(refusals[0], len(refusals))
    else:
        yield "The plan guard has no objection."


def _line(finding: Finding) -> str:
    verb = _VERBS[finding.action]
    line = f"{finding.decision.value}: {finding.stack} {verb} {finding.address}: {finding.why}"
    if finding.approval is None:
        return line
    return f"{line} (approved at {finding.approval.place}: {finding.approval.reason})"


def _outdated(approval: Approval) -> str:
    return f"{approval.address} in {approval.stack} ({approval.place}): take it out"


def _stranger(verdict: Verdict, approval: Approval) -> str:
    if approval not in verdict.strangers:
        return ""
    meant = verdict.strangers[approval]
    hint = f", or correct it if {meant} is meant" if meant else ""
    return f"{hint}. The plan holds no such object"


def _how_to_approve(example: Finding, count: int) -> Iterator[str]:
    changes = "1 change" if count == 1 else f"{count} changes"
    yield f"The plan guard refuses {changes}; nothing was applied. If this was not meant, put the blocks back."
    yield "If it was, retire the dataset or generation first (that lifts protection), or approve each object by name in"
    yield "environments/<deployment>/approvals.yaml, in the same change, for instance:"
    yield ""
    yield "approvals:"
    yield f"  - address: {json.dumps(example.address, ensure_ascii=False)}"
    yield f"    stack: {example.stack}"
    yield f"    action: {example.action.value}"
    yield '    reason: "..."'
    if example.action is not Action.FORGET and "deletion_policy = PREVENT" in example.why:
        yield ""
        yield "The approval satisfies the guard only: the provider still refuses what is PREVENT in state, so apply a"
        yield "change of its deletion policy first."


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "stack": finding.stack,
        "address": finding.address,
        "action": finding.action.value,
        "decision": finding.decision.value,
        "why": finding.why,
        **({"approved_at": finding.approval.place} if finding.approval else {}),
    }


def _approval(approval: Approval) -> dict[str, str]:
    return {
        "stack": approval.stack,
        "address": approval.address,
        "action": approval.action.value,
        "place": approval.place,
    }
