"""What the command line told the application, by environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from karst.config.folder import DEPLOYMENT_FILE

PROGRAMS = "KARST_PROGRAMS"
"""How many programs may synthesize at the same time; one where nothing is said."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One run of the application."""

    environments: Path
    """The folder of deployments."""
    outdir: Path
    only: tuple[str, ...]
    """The deployments that are wanted; all of them where none is named."""
    programs: int
    """How many programs may work on them: no more than there are deployments."""


def invocation(project: Path, environment: Mapping[str, str] = os.environ) -> Invocation:
    """What was told for the project in this folder."""
    environments = Path(environment.get("KARST_ENVIRONMENTS", project / "environments"))
    only = tuple(name for name in environment.get("KARST_ONLY", "").split(",") if name)
    allowed = environment.get(PROGRAMS, "1")
    if not allowed.isdecimal():
        raise SystemExit(f"{PROGRAMS} is {allowed!r}. Write how many programs may synthesize at the same time, as 2.")
    wanted = len(only or list(environments.glob(f"*/{DEPLOYMENT_FILE}")))
    return Invocation(
        environments=environments,
        outdir=Path(environment.get("CDKTF_OUTDIR", "cdktf.out")),
        only=only,
        programs=max(1, min(int(allowed), wanted)),
    )
