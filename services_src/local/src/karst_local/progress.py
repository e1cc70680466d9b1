"""What people see while the platform starts, and afterwards."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.text import Text


class Terminal(Console):
    """A console that goes silent, instead of ending the program, when nobody reads it any more."""

    def on_broken_pipe(self) -> None:
        """Say nothing from now on. Python would complain at the end, so its output leads nowhere."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
        with self.waiting(title):
            yield step
        took = f"{time.monotonic() - begin_s:.1f} s"
        line = Text.assemble(
            ("✓ ", "green"), title, (f"  {step.note}" if step.note else "", "dim"), (f"  {took}", "dim")
        )
        self._print(line)

    @contextmanager
    def waiting(self, title: str) -> Generator[None]:
        """Show what is waited for, without a line afterwards."""
        with self._console.status(escape(title)):
            yield

    def warn(self, message: str) -> None:
        """Say what people should know."""
        self._print(Text.assemble(("! ", "yellow bold"), message))

    def fail(self, message: str) -> None:
        """Say why it ends."""
        self._print(Text.assemble(("✗ ", "red bold"), message))

    def show(self, *lines: str | Text) -> None:
        """Print lines as they are: what is meant to be copied is never wrapped."""
        for line in lines:
            self._print(line)

    def _print(self, line: str | Text) -> None:
        # The platform outlives its terminal, and whatever its output was piped to.
        with suppress(OSError):
            self._console.print(line, soft_wrap=True, markup=False, highlight=False)


def counted(number: int, noun: str) -> str:
    """A number of things, in words: `1 document`, `2 documents`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
