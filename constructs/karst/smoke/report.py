"""A run in words: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from karst.smoke.run import Outcome, Result


def line(result: Result) -> str:
    """One step in a line, and what to do in a second one."""
    detail = f"  {result.detail}" if result.detail else ""
    text = f"{result.service:9} {result.step:9} {result.outcome.value:9} {result.took_s * 1000:6.0f} ms{detail}"
    return f"{text}\n{'':20} -> {result.remedy}" if result.remedy else text


def summary(results: Sequence[Result], *, is_good: bool, missing: Sequence[str]) -> Iterator[str]:
    """How it ended."""
    counts = Counter(each.outcome for each in results)
    told = ", ".join(f"{counts[each]} {each.value}" for each in Outcome if counts[each])
    took_s = sum(each.took_s for each in results)
    yield f"{told or 'nothing done'} in {took_s:.1f} s"
    if missing:
        yield f"required and absent: {', '.join(missing)}"
    yield "The deployment works." if is_good else "The deployment doesn't work as it should."


def as_json(url: str, results: Sequence[Result], *, is_good: bool) -> str:
    """The same for programs."""
    steps = [{**asdict(each), "outcome": each.outcome.value, "took_s": round(each.took_s, 4)} for each in results]
    return json.dumps({"url": url, "good": is_good, "steps": steps}, indent=2, ensure_ascii=False)
