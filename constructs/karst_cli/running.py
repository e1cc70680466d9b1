"""The platform that runs on this machine, found by its state folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import typer

_FAILED = 1


@dataclass(frozen=True, kw_only=True)
class RunningPlatform:
    """Where it answers, and where it keeps things."""

    url: str
    state: Path

    def secret(self, name: str) -> str:
        """A secret that only the owner of the folder can read."""
        return (self.state / "secrets" / name).read_text(encoding="utf-8")


def running_platform(command: str, state: Path) -> RunningPlatform:
    """Find it. Ends the command, with 1, where nothing runs."""
    try:
        running = json.loads((state / "running.json").read_text(encoding="utf-8"))
        return RunningPlatform(url=str(running["url"]), state=state)
    except (OSError, ValueError, KeyError, TypeError) as error:
        typer.echo(f"karst {command}: nothing runs with the state {state}. Start it: karst up", err=True)
        raise typer.Exit(_FAILED) from error
