"""What people see while the platform starts, and afterwards."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.text import Text


@dataclass
class Step:
    """A step under way; `note` is what it found out."""

    note: str = ""


class Progress:
    """Lines on standard output; a spinner for the step under way, where that is a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, title: str) -> Generator[Step]:
        """Show a step, and when it is over how long it took."""
        step, begin_s = Step(), time.monotonic()
        with self._console.status(escape(title)):
            yield step
        took = f"{time.monotonic() - begin_s:.1f} s"
        line = Text.assemble(
            ("✓ ", "green"), title, (f"  {step.note}" if step.note else "", "dim"), (f"  {took}", "dim")
        )
        self._console.print(line, soft_wrap=True)

    def warn(self, message: str) -> None:
        """Say what people should know."""
        self._console.print(Text.assemble(("! ", "yellow bold"), message), soft_wrap=True)

    def fail(self, message: str) -> None:
        """Say why it ends."""
        self._console.print(Text.assemble(("✗ ", "red bold"), message), soft_wrap=True)

    def show(self, *lines: str | Text) -> None:
        """Print lines as they are: what is meant to be copied is never wrapped."""
        for line in lines:
            self._console.print(line, soft_wrap=True, markup=False, highlight=False)
