"""Times whole processes, from start to exit, as a person would wait for them."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RUNS = 5


class BenchError(Exception):
    """A command that was to be timed failed; a time of it would mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number with its limit."""

    step: str
    value: float
    limit: float | None
    """The most it may be, or the least where `is_least`; nothing for a number that is only quoted."""
    unit: str
    note: str = ""
    """What the number is made of."""
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the number is within its limit; below zero it is noise of a busy machine."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.is_least else 0 <= self.value <= self.limit


def median_s(command: Sequence[str], environment: Mapping[str, str] | None = None, *, runs: int = RUNS) -> float:
    """Median of `runs` runs, in seconds, after one more that warms the caches.

    `environment` adds to that of this process. Raises `BenchError`.
    """
    run_once(command, environment)
    return statistics.median(run_once(command, environment) for _ in range(runs))


def run_once(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Seconds that one run takes. Raises `BenchError` if it fails."""
    started = time.perf_counter()
    done = subprocess.run(
        command, env=_environment(environment or {}), capture_output=True, text=True, errors="replace", check=False
    )
    took_s = time.perf_counter() - started
    if done.returncode:
        raise BenchError(f"{' '.join(command)} failed with status {done.returncode}:\n{done.stderr.strip()}")
    return took_s


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    # Without byte code every run would compile the bindings again.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **more}
