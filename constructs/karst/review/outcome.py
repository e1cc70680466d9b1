"""What became of planning a deployment, as one job leaves it for the next: a report, and one word."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from karst.plan.markdown import MARKER
from karst.plan.words import counted, prose

OUTCOME_FILE, REPORT_FILE, PAGE_FILE = "outcome.json", "report.md", "report.html"
DRIFT_MARKER = "<!-- karst-drift -->"
LIMIT_CHARS = 60_000
_MOST_BYTES = 1 << 20


class Word(StrEnum):
    """How it went."""

    CLEAN = "clean"
    """Applying would do nothing: what `terraform plan -detailed-exitcode` tells by 0."""
    CHANGES = "changes"
    """Applying would do something: 2 there."""
    REFUSED = "refused"
    """So too, and some of it needs an approval by name."""
    FAILED = "failed"
    """It could not be planned: 1 there."""


class OutcomeError(Exception):
    """A job left nothing usable; the message says what to look at."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One deployment's."""

    deployment: str
    word: Word
    report: str
    """Markdown, its marker left out."""


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Leave it in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {"deployment": outcome.deployment, "outcome": outcome.word.value}
    (folder / OUTCOME_FILE).write_text(json.dumps(document) + "\n", encoding="utf-8")
    (folder / REPORT_FILE).write_text(outcome.report, encoding="utf-8")


def read_outcomes(folder: Path, expected: Iterable[str] = ()) -> tuple[Outcome, ...]:
    """What jobs left below `folder`, by deployment; an expected one that left nothing has failed."""
    found = {one.deployment: one for one in map(_read, sorted(folder.glob(f"*/{OUTCOME_FILE}")))}
    for name in expected:
        lost = "The job ended before it left a report; its log says why.\n"
        found.setdefault(name, Outcome(deployment=name, word=Word.FAILED, report=lost))
    if not found:
        raise OutcomeError(f"{folder}: no job left a report there. Look at the job that plans.")
    return tuple(found[name] for name in sorted(found))


def together(outcomes: Sequence[Outcome], link: str) -> str:
    """One text of all; where that is too long, only the heads of the longest."""
    parts = [f"# {prose(one.deployment)}: {one.word.value}\n\n{one.report.strip()}\n" for one in outcomes]
    heads = [part.partition("\n### ")[0].rstrip() + "\n\n... the whole report is in the run.\n" for part in parts]
    for index in sorted(range(len(parts)), key=lambda one: -len(parts[one])):
        if sum(map(len, parts)) <= LIMIT_CHARS:
            break
        parts[index] = heads[index][:LIMIT_CHARS]
    return "\n".join([*parts, link, ""])


def drift_title(outcomes: Iterable[Outcome]) -> str:
    """What the issue is called."""
    words = [one.word for one in outcomes]
    failed = words.count(Word.FAILED)
    drifted = sum(word in {Word.CHANGES, Word.REFUSED} for word in words)
    differ = "differs" if drifted == 1 else "differ"
    said = [f"{counted(drifted, 'deployment')} {differ} from what is declared"] if drifted else []
    said += [f"{counted(failed, 'deployment')} could not be planned"] if failed else []
    return f"Drift: {', '.join(said)}"


def _read(path: Path) -> Outcome:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        report = (path.parent / REPORT_FILE).read_bytes()[:_MOST_BYTES].decode("utf-8", "replace")
        return Outcome(
            deployment=str(document["deployment"]),
            word=Word(document["outcome"]),
            report=report.removeprefix(MARKER).lstrip(),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutcomeError(f"{path}: is not what `karst review plan` leaves. Look at the job that plans.") from error
