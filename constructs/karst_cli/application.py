"""Synthesizes: runs the application that `cdktf.json` names, which writes the stacks.

The toolkit's own command line does the same and wraps what the application says in a report of its own, which hides
the one sentence that a person needs; so only options that belong to the toolkit bring it in.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from karst_cli.arguments import Arguments
from karst_cli.direct_runtime import direct_runtime
from karst_cli.stack_graph import StackError, read_stacks
from karst_cli.toolkit import find_node, run_toolkit, toolkit_environment

_MANIFEST = "manifest.json"
_QUICKER = {
    # The type checker and the tests hold arguments of the bindings to their types, so no synthesis need do it again.
    "PYTHONOPTIMIZE": "1",
    # Where a value was made shows in no stack, and finding out takes a tenth of the time.
    "CDKTN_DISABLE_CREATION_STACK": "1",
    "NODE_OPTIONS": "--max-semi-space-size=64",
    # Nothing that Karst needs is a plugin, and they are looked for in every installed package.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    # Deployments know nothing of each other.
    "KARST_PROGRAMS": str(min(4, os.cpu_count() or 1)),
}
"""What makes a synthesis quicker and changes nothing of it; whoever sets one of these to something else is obeyed."""

UNUSABLE_INPUT = 2
"""What the application ends with when its configuration cannot be used, having said why."""


def synthesize(project: Path, arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Write the stacks into the output folder, and take away those of earlier runs; give an exit status.

    A run that fails leaves no manifest, so that nothing half written can be planned afterwards.
    """
    output = project / arguments.output
    app = arguments.last("--app") or arguments.last("-a")
    if arguments.synth:
        options = ["--output", str(arguments.output), *(["--app", app] if app else []), *arguments.synth]
        return run_toolkit(project, ["synth", *options], environment)
    configuration = _read_configuration(project)
    command = app or _command(configuration, project)
    (output / _MANIFEST).unlink(missing_ok=True)
    added = {"CDKTF_CONTEXT_JSON": json.dumps(configuration.get("context", {}))}
    prepared = toolkit_environment(quicker({**environment, **added}), find_node())
    status = _run(command, project, {**prepared, "CDKTF_OUTDIR": str(arguments.output)})
    if status == 0:
        _remove_stale(output)
    return status


def quicker(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which an application synthesizes the same stacks in less time."""
    quick = {**_QUICKER, **environment}
    return quick | direct_runtime(quick)


def _read_configuration(project: Path) -> Mapping[str, object]:
    path = project / "cdktf.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StackError(f"{path}: is missing. Run cdktf in the folder of the project.") from error
    except (OSError, ValueError) as error:
        raise StackError(f"{path}: cannot be read ({error}). Mend it, or take it from the last commit.") from error
    return document if isinstance(document, dict) else {}


def _command(configuration: Mapping[str, object], project: Path) -> str:
    command = configuration.get("app")
    if not isinstance(command, str) or not command.strip():
        raise StackError(f"{project / 'cdktf.json'}: app is no command. Write `.venv/bin/python main.py`.")
    return command


def _run(command: str, project: Path, environment: Mapping[str, str]) -> int:
    process = subprocess.Popen(
        ["sh", "-c", command],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = process.communicate()
    except KeyboardInterrupt:
        # The terminal sent the application the same signal; the traceback with which it ends helps nobody.
        process.wait()
        raise
    sys.stderr.write(said)
    return process.returncode


def _remove_stale(output: Path) -> None:
    """Take away folders of stacks that are declared no more; their state lies elsewhere."""
    declared = {stack.folder for stack in read_stacks(output).values()}
    for folder in (output / "stacks").iterdir():
        if folder.is_dir() and folder not in declared:
            shutil.rmtree(folder)
