"""The measurement of the guard measures what it says."""

from __future__ import annotations

import pytest

from bench import guard
from bench.measure import BenchError


def test_it_measures_a_difference() -> None:
    (figure,) = guard.measure(200)
    assert 0 < figure.value < 100_000
    assert (figure.limit, figure.unit) == (200, "us")


def test_a_refusal_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_TOKEN", "f" * 32)
    monkeypatch.setattr(guard, "_USER", guard._USER.from_json({"id": 3}))
    with pytest.raises(BenchError, match="403"):
        guard.measure(10)
