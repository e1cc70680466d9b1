"""The page of figures: numbers, method, machine, date; and, of what missed its limit, why."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bench.measure import Figure

_HEAD = """\
# Benchmarks

<!-- Written by `make bench`; run it again instead of editing. -->
"""
_SECTION = re.compile(r"^## ", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One section of the page."""

    title: str
    method: str
    reasons: Mapping[str, str]
    """Step to why it misses its limit, and what the least would be."""


def section(subject: Subject, figures: Sequence[Figure], today: date) -> str:
    """Write what is known of one subject."""
    return "\n".join(
        [
            f"## {subject.title}",
            "",
            f"Measured on {today.isoformat()}: {machine()}.",
            "",
            "| Step | Measured | Limit | | Made of |",
            "| --- | --- | --- | --- | --- |",
            *(_row(figure) for figure in figures),
            "",
            *_explanations(subject, figures),
            "### Method",
            "",
            subject.method,
            "",
        ]
    )


def with_sections(page: str, new: Mapping[str, str]) -> str:
    """The page with new sections, by title, in place of old ones; others stay as they were measured."""
    old = {part.partition("\n")[0].strip(): f"## {part.rstrip()}\n" for part in _SECTION.split(page)[1:]}
    return "\n".join([_HEAD, *{**old, **new}.values()])


def machine() -> str:
    """Cores, memory and kind of system: what makes figures comparable, and nothing that names the machine."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def unexplained(subject: Subject, figures: Sequence[Figure]) -> list[str]:
    """Steps that miss their limit without a reason on the page."""
    return [figure.step for figure in figures if not figure.is_met and figure.step not in subject.reasons]


def _row(figure: Figure) -> str:
    if figure.limit is None:
        return f"| {figure.step} | {_shown(figure, figure.value)} | | | {figure.note} |"
    verdict = "met" if figure.is_met else "**missed**"
    limit = f"{'at least ' if figure.is_least else ''}{_shown(figure, figure.limit)}"
    return f"| {figure.step} | {_shown(figure, figure.value)} | {limit} | {verdict} | {figure.note} |"


def _shown(figure: Figure, number: float) -> str:
    match figure.unit:
        case "ms" if number >= 20:
            return f"{number:.0f} ms"
        case "ms":
            return f"{number:.1f} ms"
        case "us":
            return f"{number:.0f} us"
        case "MB" | "/s":
            return f"{number:,.0f}{'' if figure.unit == '/s' else ' '}{figure.unit}"
        case _:
            return f"{number:.2f} {figure.unit}"


def _explanations(subject: Subject, figures: Sequence[Figure]) -> list[str]:
    missed = [figure for figure in figures if not figure.is_met]
    if not missed:
        return []
    lines = ["### What misses its limit, and why", ""]
    for figure in missed:
        lines += [f"**{figure.step}:** {subject.reasons.get(figure.step, 'not explained yet; profile it.')}", ""]
    return lines
