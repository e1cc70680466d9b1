"""What every command of `cdktf` begins with: the stacks are synthesized. And the exit statuses of all of them."""

from __future__ import annotations

import os
from pathlib import Path

from karst_cli import application
from karst_cli.arguments import Arguments, UsageError
from karst_cli.run_report import complain

OK, FAILED, UNUSABLE_INPUT, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130


def check_synthesis(arguments: Arguments) -> None:
    """Raise `UsageError` where options of synthesis stand beside the one that leaves it out."""
    if arguments.has("--skip-synth") and arguments.synth:
        raise UsageError(f"{arguments.synth[0]} goes to synthesis, which --skip-synth leaves out. Drop one of them.")


def synthesize(arguments: Arguments, project: Path) -> int:
    """Write the stacks, unless that is left out; give an exit status."""
    if arguments.has("--skip-synth"):
        return OK
    status = application.synthesize(project, arguments, app_environment(arguments))
    if status not in {OK, UNUSABLE_INPUT}:
        complain("Synthesis failed, so nothing else was done.")
        return FAILED
    return status


def app_environment(arguments: Arguments) -> dict[str, str]:
    """Pass to the application, which reads them itself, where deployments lie and which is wanted."""
    environment = dict(os.environ)
    if environments := arguments.last("--environments"):
        environment["KARST_ENVIRONMENTS"] = environments
    if only := arguments.last("--only"):
        environment["KARST_ONLY"] = only
    return environment
