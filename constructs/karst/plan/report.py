"""What the guard decided, in words for people and as data for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from karst.plan.approvals import Approval
from karst.plan.guard import Decision, Finding, Verdict
from karst.plan.model import Action, Consent
from karst.plan.words import printable

_VERBS = {
    Action.DELETE: "deletes",
    Action.REPLACE: "replaces",
    Action.FORGET: "lets go of",
    Action.UPDATE: "changes",
    Action.CREATE: "creates",
}
_SHOWN_ENTRIES = 25


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
        yield from _how_to_approve(refusals)
    else:
        yield "The plan guard has no objection."


def _line(finding: Finding) -> str:
    verb = _VERBS[finding.action]
    line = printable(f"{finding.decision.value}: {finding.stack} {verb} {finding.address}: {finding.why}")
    if finding.approval is None:
        return line
    return f"{line} (approved at {finding.approval.place}: {finding.approval.reason})"


def _outdated(approval: Approval) -> str:
    return printable(f"{approval.address} in {approval.stack} ({approval.place}): take it out")


def _stranger(verdict: Verdict, approval: Approval) -> str:
    if approval not in verdict.strangers:
        return ""
    meant = verdict.strangers[approval]
    hint = f", or correct it if {meant} is meant" if meant else ""
    return f"{hint}. The plan holds no such object"


def approvals_yaml(refusals: Sequence[Finding], limit: int = _SHOWN_ENTRIES, clean: Callable[[str], str] = str) -> str:
    """What to paste into approvals.yaml to let `refusals` pass, once each has its reason; no more than `limit`.

    `clean` makes names harmless, for where they are printed.
    """
    entries = list(dict.fromkeys((clean(one.address), clean(one.stack), one.consent.value) for one in refusals))
    lines = ["approvals:"]
    for address, stack, consent in entries[:limit]:
        lines += [
            f"  - address: {json.dumps(address)}",
            f"    stack: {printable(stack)}",
            f"    action: {consent}",
            '    reason: "..."',
        ]
    if len(entries) > limit:
        lines.append(f"  # and {len(entries) - limit} more")
    return "\n".join(lines)


def _how_to_approve(refusals: Sequence[Finding]) -> Iterator[str]:
    changes = "1 change" if len(refusals) == 1 else f"{len(refusals)} changes"
    yield f"The plan guard refuses {changes}; nothing was applied. If this was not meant, put the blocks back."
    yield "If it was, approve each object by name in environments/<deployment>/approvals.yaml, in the same change:"
    yield ""
    yield approvals_yaml(refusals)
    if any(_is_prevented(finding) for finding in refusals):
        yield ""
        yield "The approval satisfies the guard only: the provider still refuses what is PREVENT in state, so apply a"
        yield "change of its deletion policy first; for a dataset or a generation, `state: retired` is that change."


def _is_prevented(finding: Finding) -> bool:
    return finding.consent in {Consent.DELETE, Consent.REPLACE} and "deletion_policy = PREVENT" in finding.why


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "stack": finding.stack,
        "address": finding.address,
        "action": finding.action.value,
        "approve_as": finding.consent.value,
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
