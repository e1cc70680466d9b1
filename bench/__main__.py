"""Measure everything and write docs/reference/benchmarks.md; `python -m bench store` measures one part only.

Exit status: 0 measured, whether or not limits were met; 2 something could not be measured.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from bench import adoption, auth, clio, guard, info, plans, reconcile, report, schemas, states, steps, subjects, up
from bench.measure import BenchError, Figure

PAGE = steps.ROOT / "docs" / "reference" / "benchmarks.md"
PARTS: Mapping[str, tuple[report.Subject, Callable[[Path], list[Figure]]]] = {
    "infrastructure": (subjects.INFRASTRUCTURE, steps.measure),
    "plans": (subjects.PLANS, plans.measure),
    "adoption": (subjects.ADOPTION, adoption.measure),
    "platform": (subjects.PLATFORM, lambda folder: list(up.running(folder))),
    "reconcile": (subjects.RECONCILE, reconcile.measure),
    "store": (subjects.STORE, clio.measure),
    "auth": (subjects.AUTH, auth.measure),
    "guard": (subjects.GUARD, lambda _: guard.measure()),
    "info": (subjects.INFO, info.measure),
    "schemas": (subjects.SCHEMAS, lambda _: schemas.measure()),
    "states": (subjects.STATES, states.measure),
}


def main(names: list[str]) -> int:
    """Measure the parts of these names, or all, then write and print the page."""
    if unknown := sorted(set(names) - PARTS.keys()):
        print(f"There is no part {', '.join(unknown)}: write {' or '.join(PARTS)}", file=sys.stderr)
        return 2
    sections: dict[str, str] = {}
    for subject, measure in (PARTS[name] for name in names or PARTS):
        with tempfile.TemporaryDirectory(prefix="karst-bench-") as folder:
            try:
                figures = measure(Path(folder))
            except BenchError as error:
                print(f"{subject.title}: {error}", file=sys.stderr)
                return 2
        sections[subject.title] = report.section(subject, figures, datetime.now(UTC).date())
        print(sections[subject.title], flush=True)
        if missed := report.unexplained(subject, figures):
            print(f"Missed without a reason: {', '.join(missed)}", file=sys.stderr)
    PAGE.write_text(report.with_sections(PAGE.read_text(encoding="utf-8"), sections), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
