"""The programs that deploying needs: whether they are there, and in versions that Karst is tested with."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from karst.doctor.finding import Finding, error, ok, warning

Version = tuple[int, ...]
TERRAFORM: tuple[Version, Version] = ((1, 11), (2,))
"""From the first on, and before the second."""
NODE: tuple[Version, Version] = ((20,), (100,))
PYTHON: Version = (3, 11)
_NUMBERS = re.compile(r"\d+(?:\.\d+){1,3}")


@dataclass(frozen=True, kw_only=True)
class Programs:
    """Where the programs are; None for one that was not found."""

    terraform: str | None
    gcloud: str | None
    node: str | None


Run = Callable[[Sequence[str]], str]
"""Gives what a program prints; nothing where it can't be started, fails or does not end."""


def tools(programs: Programs, run: Run) -> Iterator[Finding]:
    """Look at each."""
    yield _python()
    yield _terraform(programs.terraform, run)
    yield _node(programs.node, run)
    yield _gcloud(programs.gcloud, run)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < PYTHON:
        return error("python", f"Python {version} is too old.", "Install Python 3.11 or newer, then run `make setup`.")
    return ok("python", f"Python {version}")


def _terraform(path: str | None, run: Run) -> Finding:
    remedy = "Install Terraform 1.11 or newer and put it on PATH, or name it in TERRAFORM_BINARY_NAME."
    if path is None:
        return error("terraform", "Terraform is missing.", remedy)
    try:
        told = json.loads(run([path, "version", "-json"]) or "{}")
        version = str(told.get("terraform_version", "")) if isinstance(told, dict) else ""
    except ValueError:
        version = ""
    return _judged("terraform", "Terraform", version, TERRAFORM, remedy)


def _node(path: str | None, run: Run) -> Finding:
    if path is None:
        return error("node", "Node is missing from the Python environment.", "Run `make setup`.")
    return _judged("node", "Node", run([path, "--version"]), NODE, "Run `make setup`.")


def _gcloud(path: str | None, run: Run) -> Finding:
    remedy = "Install it from https://cloud.google.com/sdk/docs/install: remedies below are its commands."
    if path is None:
        return warning("gcloud", "gcloud is missing.", remedy)
    found = _NUMBERS.search(run([path, "--version"]))
    if found is None:
        return warning("gcloud", f"{path} does not say its version.", remedy)
    return ok("gcloud", f"gcloud {found[0]}")


def _judged(check: str, name: str, said: str, accepted: tuple[Version, Version], remedy: str) -> Finding:
    found = _NUMBERS.search(said)
    if found is None:
        return error(check, f"{name} does not say its version.", remedy)
    least, beyond = accepted
    version = tuple(map(int, found[0].split(".")))
    if not least <= version < beyond:
        return error(check, f"{name} {found[0]} is not one that Karst is tested with.", remedy)
    return ok(check, f"{name} {found[0]}")
