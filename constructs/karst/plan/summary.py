"""What a set of plans would do, sorted for who reviews it: what is lost first, then what opens, then the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from karst.plan.access import is_access, roles_of, widened
from karst.plan.cost import CostChange, cost_changes
from karst.plan.differences import Difference, differences
from karst.plan.guard import Decision, Finding, Verdict
from karst.plan.model import Action, Plan, ResourceChange
from karst.plan.protection import STATEFUL, is_abandoned, protections
from karst.plan.shown_values import shown

ACTIONS = (Action.DELETE, Action.REPLACE, Action.FORGET, Action.UPDATE, Action.CREATE)
"""What is counted, in order of how much it takes away."""


class Rank(IntEnum):
    """How soon a reviewer should see a change."""

    LOST = 0
    LET_GO = 1
    OPENED = 2
    CHANGED = 3
    CREATED = 4


@dataclass(frozen=True, kw_only=True)
class Row:
    """One object that a plan touches."""

    stack: str
    address: str
    action: Action
    rank: Rank
    is_stateful: bool
    """Whether it holds what can't be made again."""
    is_protected: bool
    """Whether its state says that it must not be deleted."""
    is_kept: bool
    """Whether what Terraform calls deleting leaves it standing in the cloud."""
    is_wider: bool
    """Whether somebody may do more, or strangers reach more, than before."""
    roles: tuple[str, ...]
    """What somebody may do now, where that is a role with a known name."""
    differences: tuple[Difference, ...]
    """Of what is changed or replaced; empty for what comes or goes as a whole."""
    findings: tuple[Finding, ...]

    @property
    def is_bold(self) -> bool:
        """Whether nobody should miss it."""
        is_precious = self.is_stateful or self.is_protected
        return self.is_wider or self.is_refused or (is_precious and self.rank in {Rank.LOST, Rank.LET_GO})

    @property
    def is_refused(self) -> bool:
        """Whether it needs an approval that isn't there."""
        return any(finding.decision is Decision.REFUSED for finding in self.findings)


@dataclass(frozen=True, kw_only=True)
class StackSummary:
    """What one plan would do."""

    stack: str
    dataset: str | None
    """The dataset whose stack it is."""
    counts: Mapping[Action, int]
    moved: int
    """Objects whose address changes, which touches nothing in the cloud."""
    adopted: int
    """Objects that exist and enter the state."""
    rows: tuple[Row, ...]
    costs: tuple[CostChange, ...]
    is_empty: bool
    """Whether applying would do nothing at all, not even to outputs."""

    @property
    def refused(self) -> int:
        """Changes that need an approval."""
        return sum(row.is_refused for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A changed file, and why it reaches a stack."""

    file: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Everything that a report says."""

    stacks: tuple[StackSummary, ...]
    verdict: Verdict
    causes: Mapping[str, tuple[Cause, ...]] | None = None
    """By stack, the changed files that reach it; None where nobody asked."""
    idle: tuple[str, ...] = ()
    """Changed files that reach no stack."""
    beyond: Mapping[str, tuple[Cause, ...]] = field(default_factory=dict[str, tuple[Cause, ...]])
    """Stacks that changed files reach and whose plans are not among these."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """Rows of all stacks, what is lost first."""
        return tuple(sorted((row for stack in self.stacks for row in stack.rows), key=_order))

    @property
    def counts(self) -> Counter[Action]:
        """What happens to how many objects, over all stacks."""
        return sum((Counter(dict(stack.counts)) for stack in self.stacks), Counter[Action]())

    @property
    def datasets(self) -> dict[str, Counter[Action]]:
        """The same by dataset."""
        found: dict[str, Counter[Action]] = {}
        for stack in self.stacks:
            if stack.dataset is not None:
                found.setdefault(stack.dataset, Counter()).update(stack.counts)
        return dict(sorted(found.items()))


def summarize(
    plans: Iterable[Plan], verdict: Verdict, datasets: Mapping[str, str] | None = None
) -> tuple[StackSummary, ...]:
    """What each plan would do, by stack; `datasets` says whose stack it is, where the configuration is at hand."""
    findings: dict[tuple[str, str], list[Finding]] = {}
    for finding in verdict.findings:
        findings.setdefault((finding.stack, finding.address), []).append(finding)
    known = datasets or {}
    stacks = (_stack(plan, findings, known.get(plan.stack) or _dataset_of(plan.stack)) for plan in plans)
    return tuple(sorted(stacks, key=lambda stack: stack.stack))


def _stack(plan: Plan, findings: Mapping[tuple[str, str], list[Finding]], dataset: str | None) -> StackSummary:
    rows: list[Row] = []
    costs: list[CostChange] = []
    for change in plan.changes:
        if change.is_touched:
            changed = differences(change) if change.action in {Action.UPDATE, Action.REPLACE} else ()
            rows.append(_row(plan.stack, change, changed, tuple(findings.get((plan.stack, change.address), ()))))
            costs += cost_changes(plan.stack, change, changed)
    return StackSummary(
        stack=plan.stack,
        dataset=dataset,
        counts=Counter(row.action for row in rows),
        moved=sum(change.previous_address is not None for change in plan.changes),
        adopted=sum(change.is_import for change in plan.changes),
        rows=tuple(sorted(rows, key=_order)),
        costs=tuple(costs),
        is_empty=not rows and not plan.is_applicable,
    )


def _row(stack: str, change: ResourceChange, changed: tuple[Difference, ...], findings: tuple[Finding, ...]) -> Row:
    opened = any(finding.consent.value in {"expose", "grant", "unprotect"} for finding in findings)
    is_losing = any(finding.consent.value == "delete" and change.action is Action.UPDATE for finding in findings)
    is_wider = bool(widened(change)) or any(finding.consent.value == "expose" for finding in findings)
    return Row(
        stack=stack,
        address=change.address,
        action=change.action,
        rank=Rank.LOST if is_losing else _rank(change.action, is_open=opened or is_wider),
        is_stateful=change.type in STATEFUL,
        is_protected=bool(protections(change.before)),
        is_kept=change.action is Action.DELETE and is_abandoned(change.before),
        is_wider=is_wider,
        roles=_roles(change) if is_wider else (),
        differences=changed,
        findings=findings,
    )


def _roles(change: ResourceChange) -> tuple[str, ...]:
    """Roles by name; what is no role, or none that a role is called, is not shown."""
    if not is_access(change.type):
        return ()
    return tuple(role for role in roles_of(change) if role.startswith("roles/") and shown("role", role))


def _rank(action: Action, *, is_open: bool) -> Rank:
    if action in {Action.DELETE, Action.REPLACE}:
        return Rank.LOST
    if action is Action.FORGET:
        return Rank.LET_GO
    if is_open:
        return Rank.OPENED
    return Rank.CREATED if action is Action.CREATE else Rank.CHANGED


def _order(row: Row) -> tuple[int, bool, bool, str, str]:
    return row.rank, not row.is_refused, not row.is_stateful, row.stack, row.address


def _dataset_of(stack: str) -> str | None:
    """The dataset in a stack's name, `<deployment>-data-<dataset>`."""
    _, found, dataset = stack.partition("-data-")
    return dataset if found and dataset else None
