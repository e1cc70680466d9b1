"""A run in words: the plan, what was done, how it ended. Nothing in it is a secret."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from karst_reconcile.calls import printable
from karst_reconcile.run import Outcome
from karst_reconcile.steps import Step, Verb

_QUIET = frozenset({Verb.LEAVE, Verb.FOREIGN})


def plan_lines(plan: Sequence[Step], place: str, *, is_pruning: bool) -> Iterator[str]:
    """The plan: first what is in the way, then what is done, then what stays."""
    counts = Counter(step.verb for step in plan)
    yield f"Plan for {printable(place)}:"
    told = [step for verb in Verb for step in plan if step.verb is verb and verb not in _QUIET]
    for step in told:
        detail = f"  ({printable(step.detail)})" if step.detail else ""
        yield f"  {step.verb.value:8}  {printable(step.title)}{detail}"
    if not told:
        yield "  nothing to do"
    left = f"{counts[Verb.LEAVE]} as declared"
    yield f"  {left}, {counts[Verb.FOREIGN]} made by people and left alone"
    if counts[Verb.PRUNE] and not is_pruning:
        yield f"  {counts[Verb.PRUNE]} no longer declared; with --prune they are taken away"


def end_lines(outcome: Outcome) -> Iterator[str]:
    """How it ended."""
    for step, why in outcome.failed:
        yield f"  failed    {printable(step.title)}  ({printable(why)})"
    counts = Counter(step.verb for step in outcome.plan)
    if outcome.is_planned_only:
        yield "Nothing was changed: only a plan was asked for."
    elif outcome.failed:
        yield f"{len(outcome.done)} changed, {len(outcome.failed)} failed. What was done stays; correct it, run again."
    else:
        yield f"{len(outcome.done)} changed." if outcome.done else "Everything is as declared."
    if counts[Verb.CONFLICT]:
        yield f"{counts[Verb.CONFLICT]} in conflict with what people made by hand: nothing of it was touched."
    if counts[Verb.BY_HAND]:
        yield f"{counts[Verb.BY_HAND]} to do by hand, as the plan says: the service has no way for programs."


def as_json(outcome: Outcome, problem: str | None) -> str:
    """The same for programs."""
    steps = [_told(step) for step in outcome.plan]
    done = [_told(step) for step in outcome.done]
    failed = [{**_told(step), "why": why} for step, why in outcome.failed]
    told = {"plan": steps, "done": done, "failed": failed, "problem": problem}
    return json.dumps(told, indent=2, ensure_ascii=False)


def _told(step: Step) -> dict[str, str]:
    return {"verb": step.verb.value, "kind": step.kind, "name": step.name, "detail": step.detail}
