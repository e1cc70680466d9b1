"""Programs of the services, which commands of `karst` become."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

import typer

INVALID = 2


def become_program(service: str, arguments: Sequence[str], addresses: Mapping[str, str]) -> None:
    """Become `python -m karst_<service>`, so that Ctrl-C, signals and the exit code are the program's own.

    `addresses` go by the environment: they may hold a password, and arguments can be read by every user of the machine.
    """
    program = f"karst_{service}"
    if find_spec(program) is None:
        typer.echo(f"karst {service}: the services are not installed. Install them: make setup", err=True)
        raise typer.Exit(INVALID)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", program, *arguments], {**os.environ, **addresses})  # noqa: S606 - no shell needed
