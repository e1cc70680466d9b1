"""The page of figures: numbers, method, machine, date; and, of what missed its limit, why."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import date

from bench.measure import RUNS
from bench.steps import Figure

_SYNTHESIS = (
    "The examples declare some 1,200 resources in 29 stacks. Python and the toolkit's runtime in Node speak in turn, "
    "one call after the other: about 6,500 calls, of which 750 only make the node of a composite. Starting Node, the "
    "toolkit and the bindings takes 1.4 s of it, reading the declarations 0.3 s; the largest deployment alone, which "
    "nothing divides, takes as long as the three others together. Fewer calls would need fewer constructs, or stacks "
    "written without the toolkit."
)
LIMITS: dict[str, str] = {
    "`karst validate`": (
        "Half of it is importing pydantic, typer and the models, the other half reading the declarations of all "
        "services, against which the choices of a deployment are checked. It varies by a tenth on a shared machine."
    ),
    "`cdktf synth`, all examples": _SYNTHESIS,
    "`cdktf list`": f"It synthesizes first. {_SYNTHESIS}",
    "a late dataset against an early one": (
        "The difference of two whole processes of six seconds each, a few tenths of a second, is no larger than what "
        "their times vary by on a shared machine; the growth from 5 to 50 is the figure to trust."
    ),
}
"""Step to why it misses its limit, and what the least would be."""

_METHOD = f"""\
Each figure is the median of {RUNS} runs of a whole process, from start to exit, after one run that warmed the caches.
A dataset has a graph with its level-2 cache, a datastack, a database and a bucket, in a stack of its own; these are
synthesized by `main.py` in one process. `cdktf synth` and `cdktf list` share the examples among as many as there are
cores, four at the most."""


def page(figures: Sequence[Figure], today: date) -> str:
    """Write the whole page."""
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "<!-- Written by `make bench`; run it again instead of editing. -->",
            "",
            f"Measured on {today.isoformat()}: {machine()}.",
            "",
            "| Step | Measured | Limit | | Made of |",
            "| --- | --- | --- | --- | --- |",
            *(_row(figure) for figure in figures),
            "",
            *_explanations(figures),
            "## Method",
            "",
            _METHOD,
            "",
        ]
    )


def machine() -> str:
    """Cores, memory and kind of system: what makes figures comparable, and nothing that names the machine."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def unexplained(figures: Sequence[Figure]) -> list[str]:
    """Steps that miss their limit without a reason on the page."""
    return [figure.step for figure in figures if not figure.is_met and figure.step not in LIMITS]


def _row(figure: Figure) -> str:
    verdict = "met" if figure.is_met else "**missed**"
    value, limit = _shown(figure, figure.value), _shown(figure, figure.limit)
    return f"| {figure.step} | {value} | {limit} | {verdict} | {figure.note} |"


def _shown(figure: Figure, number: float) -> str:
    return f"{number:.0f} ms" if figure.unit == "ms" else f"{number:.2f} {figure.unit}"


def _explanations(figures: Sequence[Figure]) -> list[str]:
    missed = [figure for figure in figures if not figure.is_met]
    if not missed:
        return []
    lines = ["## What misses its limit, and why", ""]
    for figure in missed:
        lines += [f"**{figure.step}:** {LIMITS.get(figure.step, 'not explained yet; profile it.')}", ""]
    return lines
