"""The benchmark times what really ran, and a missed limit is never silent."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from bench import steps
from bench.generated import write_environment
from bench.measure import BenchError, Figure, median_s, run_once
from bench.report import Subject, section, unexplained, with_sections
from karst.config.rules import load_checked


def test_a_failing_command_gives_no_time() -> None:
    with pytest.raises(BenchError, match="status 3"):
        run_once([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_slow_command_takes_long() -> None:
    assert median_s([sys.executable, "-c", "import time; time.sleep(0.2)"], runs=1) >= 0.2


def test_generated_environments_are_valid(tmp_path: Path) -> None:
    assert len(load_checked(write_environment(tmp_path, 7))["bench"].datasets) == 7


SUBJECT = Subject(title="Speed", method="With a clock.", reasons={"slower": "It is far."})
TODAY = date(2026, 1, 2)


def test_a_missed_limit_is_told() -> None:
    figures = [Figure(step=step, value=2, limit=1, unit="s") for step in ("slow", "slower")]
    assert unexplained(SUBJECT, figures) == ["slow"]
    text = section(SUBJECT, figures, TODAY)
    assert "| slow | 2.00 s | 1.00 s | **missed** |" in text
    assert "**slower:** It is far." in text


@pytest.mark.parametrize(("value", "verdict"), [(2500, "met"), (1500, "**missed**")])
def test_a_limit_can_be_the_least(value: float, verdict: str) -> None:
    figure = Figure(step="many", value=value, limit=2000, unit="/s", is_least=True)
    assert f"| many | {value:,}/s | at least 2,000/s | {verdict} |" in section(SUBJECT, [figure], TODAY)


def test_a_number_without_a_limit_is_quoted() -> None:
    figure = Figure(step="elsewhere", value=2, limit=None, unit="s")
    assert unexplained(SUBJECT, [figure]) == []
    assert "| elsewhere | 2.00 s | | | " in section(SUBJECT, [figure], TODAY)


def test_a_part_that_was_measured_leaves_the_others_as_they_were() -> None:
    old = with_sections("", {"A": "## A\n\nold a\n", "B": "## B\n\nold b\n\n### Method\n\nm\n"})
    new = with_sections(old, {"A": "## A\n\nnew a\n"})
    assert new == old.replace("old a", "new a")
    assert with_sections(new, {}) == new


def test_the_examples_are_timed_with_both_kinds_of_bindings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timed: list[tuple[str, dict[str, str]]] = []
    imported: list[str] = []

    def median(command: list[str], environment: dict[str, str] | None = None) -> float:
        timed.append((command[1], environment or {}))
        imported.extend(command[2:] if command[1] == "-c" else ())
        return 3.0 if command[1] == "-c" else 4.5

    monkeypatch.setattr(steps, "median_s", median)
    figures = steps.examples(tmp_path)
    assert timed == [("synth", {}), ("synth", {"KARST_FULL_BINDINGS": "1"}), ("-c", {}), ("list", {})]
    assert [(one.limit, one.is_met) for one in figures] == [(4, False), (1.3, False), (12, True), (5, True)]
    assert "cdktn_provider_google.storage_bucket" in imported[0]
