"""Measure everything and write docs/reference/benchmarks.md.

Exit status: 0 measured, 1 a limit was missed for no known reason, 2 something could not be measured.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import report, steps, up
from bench.measure import BenchError

PAGE = steps.ROOT / "docs" / "reference" / "benchmarks.md"


def main() -> int:
    """Run every step, then write and print the page."""
    with tempfile.TemporaryDirectory(prefix="karst-bench-") as name:
        folder = Path(name)
        try:
            figures = [steps.start_up(), steps.validation(), *steps.growth(folder), *steps.examples(folder)]
            figures += up.running(folder)
        except BenchError as error:
            print(error, file=sys.stderr)
            return 2
    text = report.page(figures, datetime.now(UTC).date())
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    missed = report.unexplained(figures)
    if missed:
        print(f"Missed without a reason: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
