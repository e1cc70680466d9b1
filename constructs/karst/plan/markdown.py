"""The report as Markdown for one comment on a pull request: short enough for it, whatever the plans hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from karst.plan import phrases
from karst.plan.model import Action
from karst.plan.report import approvals_yaml
from karst.plan.summary import ACTIONS, Cause, Rank, Row, StackSummary, Summary
from karst.plan.words import address, code, counted, prose

MARKER = "<!-- karst-plan-report -->"
"""First line, by which a later run finds the comment again. No name in a plan can contain it."""
LIMIT_BYTES = 60_000
"""GitHub takes 65,536 characters."""
_LIMITS = (400, 120, 40, 12, 4, 1)
"""How many lines a part may have; the next is tried where the whole is too long."""
_ATTRIBUTES = 12

Item = TypeVar("Item")


def as_markdown(summary: Summary) -> str:
    """The whole report, shortened part by part until it fits a comment."""
    for limit in _LIMITS:
        text = "\n".join(_Page(limit).lines(summary)) + "\n"
        if len(text.encode()) <= LIMIT_BYTES:
            return text
    return f"{MARKER}\n## Plan: {phrases.headline(summary)}\n\n{phrases.gate(summary)}\n"


@dataclass(frozen=True)
class _Page:
    limit: int

    def lines(self, summary: Summary) -> Iterator[str]:
        yield MARKER
        yield f"## Plan: {phrases.headline(summary)}"
        yield ""
        sign = "**Refused.** " if summary.verdict.refusals else ""
        yield f"{sign}{phrases.gate(summary)}"
        yield from self._outdated(summary)
        yield from self._table("Stack", [(code(one.stack), _counts(one)) for one in summary.stacks])
        yield from self._table(
            "Dataset", [(code(name), [str(c[a]) for a in ACTIONS]) for name, c in summary.datasets.items()]
        )
        rows = summary.rows
        lost = [row for row in rows if row.rank in {Rank.LOST, Rank.LET_GO}]
        opened = [row for row in rows if row.rank is Rank.OPENED]
        yield from self._part("Destroyed, replaced and let go", lost, lambda row: self._row(row, is_of_stack=False))
        yield from self._part("Access, exposure and protection", opened, lambda row: self._row(row, is_of_stack=False))
        if refusals := summary.verdict.refusals:
            yaml = approvals_yaml(refusals, self.limit, address)
            yield from _folded("Approvals to paste, each with its reason", ["```yaml", yaml, "```"])
        costs = [cost for stack in summary.stacks for cost in stack.costs]
        yield from self._part(
            "Cost", costs, lambda cost: [f"- {code(cost.stack)} {_name(cost.address)} {prose(phrases.cost_of(cost))}"]
        )
        yield from self._files(summary)
        for stack in summary.stacks[: self.limit]:
            yield from self._stack(stack)

    def _table(self, title: str, rows: Sequence[tuple[str, Sequence[str]]]) -> Iterator[str]:
        if not rows:
            return
        yield ""
        yield f"| {title} | destroyed | replaced | let go | changed | created |"
        yield "| --- | ---: | ---: | ---: | ---: | ---: |"
        for name, counts in rows[: self.limit]:
            yield f"| {name} | {' | '.join('' if count == '0' else count for count in counts)} |"
        if len(rows) > self.limit:
            yield f"| and {len(rows) - self.limit:,} more | | | | | |"

    def _part(self, title: str, items: Sequence[Item], lines: Callable[[Item], Iterable[str]]) -> Iterator[str]:
        if not items:
            return
        yield ""
        yield f"### {title} ({len(items):,})"
        for item in items[: self.limit]:
            yield from lines(item)
        yield from _rest(len(items), self.limit)

    def _row(self, row: Row, *, is_of_stack: bool) -> Iterator[str]:
        where = "" if is_of_stack else f"{code(row.stack)} "
        said = prose(", ".join(phrases.marks(row)))
        name = f"{phrases.SIGNS[row.action]} {_name(row.address)}{f' ({said})' if said else ''}"
        yield f"- {where}{f'**{name}**' if row.is_bold else name}"
        for reason in phrases.reasons(row):
            yield f"  - {prose(reason)}"
        if row.action in {Action.UPDATE, Action.REPLACE} and row.differences:
            yield f"  - {'; '.join(_attributes(row))}"

    def _stack(self, stack: StackSummary) -> Iterator[str]:
        if stack.is_empty:
            return
        beside = [counted(stack.moved, "address", "addresses") + " moved"] if stack.moved else []
        beside += [counted(stack.adopted, "object") + " adopted"] if stack.adopted else []
        title = ", ".join([f"{prose(stack.stack)}: {counted(len(stack.rows), 'object')}", *beside])
        yield from _folded(title, self._rows(stack))

    def _rows(self, stack: StackSummary) -> Iterator[str]:
        for row in stack.rows[: self.limit]:
            yield from self._row(row, is_of_stack=True)
        yield from _rest(len(stack.rows), self.limit)

    def _files(self, summary: Summary) -> Iterator[str]:
        if summary.causes is None:
            return
        yield ""
        yield "### Which file reaches which stack"
        touched = [stack for stack in summary.stacks if not stack.is_empty]
        for stack in touched[: self.limit]:
            causes = summary.causes.get(stack.stack, ())
            yield f"- {code(stack.stack)}: {self._causes(causes) if causes else phrases.NO_CAUSE}"
        yield from _rest(len(touched), self.limit)
        for name, causes in list(summary.beyond.items())[: self.limit]:
            yield f"- {code(name)} (no plan here): {self._causes(causes)}"
        yield from _rest(len(summary.beyond), self.limit)
        if summary.idle:
            named = ", ".join(code(file) for file in summary.idle[: self.limit])
            more = len(summary.idle) - self.limit
            yield f"- reach no stack: {named}{f' and {more:,} more' if more > 0 else ''}"

    def _causes(self, causes: Sequence[Cause]) -> str:
        some = min(self.limit, 6)
        named = "; ".join(f"{code(one.file)} ({prose(one.why)})" for one in causes[:some])
        more = len(causes) - some
        return f"{named}; and {counted(more, 'other file')}" if more > 0 else named

    def _outdated(self, summary: Summary) -> Iterator[str]:
        old = [(one, "expired") for one in summary.verdict.expired] + [
            (one, "not used") for one in summary.verdict.unused
        ]
        for approval, word in old[: self.limit]:
            where = f"{code(approval.stack)}, {code(approval.place)}"
            yield f"- approval {word}: {_name(approval.address)} in {where}: take it out"
        yield from _rest(len(old), self.limit)


def _counts(stack: StackSummary) -> list[str]:
    return [str(stack.counts.get(action, 0)) for action in ACTIONS]


def _attributes(row: Row) -> Iterator[str]:
    for one in row.differences[:_ATTRIBUTES]:
        change = phrases.change_of(one)
        yield f"{code(one.path)} {prose(change)}" if change else code(one.path)
    if len(row.differences) > _ATTRIBUTES:
        yield f"{len(row.differences) - _ATTRIBUTES} more attributes"


def _name(text: str) -> str:
    return f"`{address(text)}`"


def _rest(count: int, limit: int) -> Iterator[str]:
    if count > limit:
        yield f"- ... and {count - limit:,} more: the whole report has them"


def _folded(title: str, lines: Iterable[str]) -> Iterator[str]:
    # An empty line after the title, else GitHub reads no Markdown inside.
    yield ""
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"
