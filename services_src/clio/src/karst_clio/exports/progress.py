"""What people see while documents move: a bar on standard error, and sentences."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Bar:
    """One bar."""

    def __init__(self, progress: Progress, title: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=total)

    def advance(self, count: int = 1) -> None:
        """Say that so many more are done."""
        self._progress.advance(self._task, count)


class Screen:
    """Standard error, whether people or programs read it."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)

    @contextmanager
    def bar(self, title: str, total: int) -> Generator[Bar]:
        """Show a bar. Where nobody watches, only its end."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console) as progress:
            yield Bar(progress, title, total)

    def say(self, text: str) -> None:
        """Print a sentence."""
        self._console.print(text, soft_wrap=True, markup=False)
