"""Programs of the services, which commands of `karst` become."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

import typer

INVALID = 2
_STANDARD_INPUT = 0


def become_program(
    service: str, arguments: Sequence[str], addresses: Mapping[str, str], text: str | None = None
) -> None:
    """Become `python -m karst_<service>`, so that Ctrl-C, signals and the exit code are the program's own.

    `addresses` go by the environment: they may hold a password, and arguments can be read by every user of the machine.
    `text` is what it reads from its standard input.
    """
    program = f"karst_{service}"
    if find_spec(program) is None:
        typer.echo(f"karst {service}: the services are not installed. Install them: make setup", err=True)
        raise typer.Exit(INVALID)
    if text is not None:
        _give(text)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", program, *arguments], {**os.environ, **addresses})  # noqa: S606 - no shell needed


def _give(text: str) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        file.seek(0)
        os.dup2(file.fileno(), _STANDARD_INPUT)
