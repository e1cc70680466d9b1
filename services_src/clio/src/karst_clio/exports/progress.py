"""What people see while documents move: a bar on standard error, and sentences."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from karst_platform.exits import CommandError, Exit

if TYPE_CHECKING:
    from rich.progress import Progress


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

    @contextmanager
    def bar(self, title: str, total: int) -> Generator[Bar]:
        """Show a bar. Where nobody watches, only its end."""
        with _progress() as progress:
            yield Bar(progress, title, total)

    def say(self, text: str) -> None:
        """Print a sentence."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201


def _progress() -> Progress:
    # Images for the cloud don't hold it; there schemas are migrated, which needs no bar.
    try:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
    except ImportError:
        raise CommandError(Exit.USAGE, "The progress bar is missing: pip install 'karst-clio[exports]'") from None
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(TextColumn("{task.description}"), *columns, console=Console(stderr=True, highlight=False))
