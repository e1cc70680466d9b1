"""The sentences of a report, the same in Markdown and in HTML; names in them are as the plan says, not yet harmless."""

from __future__ import annotations

from collections.abc import Mapping

from karst.plan.cost import CostChange
from karst.plan.differences import Difference
from karst.plan.model import Action
from karst.plan.summary import Row, Summary
from karst.plan.words import counted

VERBS: Mapping[Action, str] = {
    Action.DELETE: "destroyed",
    Action.REPLACE: "replaced",
    Action.FORGET: "let go",
    Action.UPDATE: "changed",
    Action.CREATE: "created",
}
SIGNS: Mapping[Action, str] = {
    Action.DELETE: "-",
    Action.REPLACE: "-/+",
    Action.FORGET: "let go",
    Action.UPDATE: "~",
    Action.CREATE: "+",
}
NO_CAUSE = "no changed file reaches it: something else changed it (an earlier change that was not applied, or by hand)"


def headline(summary: Summary) -> str:
    """What happens to how many objects."""
    counts = summary.counts
    parts = [f"{counts[action]:,} {verb}" for action, verb in VERBS.items() if counts[action]]
    if not parts:
        is_empty = all(stack.is_empty for stack in summary.stacks)
        return "nothing changes" if is_empty else "no object changes, only outputs or addresses"
    return ", ".join(parts)


def gate(summary: Summary) -> str:
    """What the guard says, in one sentence."""
    refused = len(summary.verdict.refusals)
    if refused:
        return f"{counted(refused, 'change')} must be approved by name in approvals.yaml, in the same change."
    approved = sum(finding.approval is not None for finding in summary.verdict.findings)
    if approved:
        return f"The plan guard has no objection; {counted(approved, 'change')} approved by name."
    return "The plan guard has no objection."


def marks(row: Row) -> list[str]:
    """What is to be known of an object at a glance."""
    found: list[str] = []
    if row.is_kept:
        found.append("stays in the cloud")
    elif row.is_stateful:
        found.append("holds data")
    elif row.is_protected:
        found.append("protected")
    if row.is_wider:
        found.append("wider access")
    found += row.roles
    return found


def reasons(row: Row) -> list[str]:
    """What the guard says of it."""
    return [
        f"{one.decision.value}: {one.why}" + (f" ({one.approval.reason})" if one.approval else "")
        for one in row.findings
    ]


def change_of(difference: Difference) -> str:
    """An attribute's values, where they may be shown."""
    if difference.before is None and difference.after is None:
        return ""
    before = "(not shown)" if difference.before is None else difference.before
    after = "(not shown)" if difference.after is None else difference.after
    return f"{before} to {after}"


def cost_of(cost: CostChange) -> str:
    """What a change does to the bill."""
    if cost.difference is None:
        return f"{'new' if cost.action is Action.CREATE else 'gone'}: {cost.what}"
    change = change_of(cost.difference)
    return f"{cost.difference.path} {change}: {cost.what}" if change else f"{cost.difference.path}: {cost.what}"
