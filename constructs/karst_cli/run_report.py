"""Tells people what a run of `cdktf` would do, did, and left undone."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from karst_cli.deploy_images import images_of
from karst_cli.stack_graph import Stack
from karst_cli.terraform import Failure, Outcome, Terraform

if TYPE_CHECKING:
    # With it comes the model of the configuration, for which a synthesis would wait.
    from karst_cli.guarded_run import Request

_LISTED_AT_MOST = 4


def list_stacks(stacks: Mapping[str, Stack], output: str) -> None:
    """Print names and folders."""
    width = max(map(len, stacks), default=0) + 4
    print(f"{'Stack name':<{width}}Path")
    for name, stack in stacks.items():
        print(f"{name:<{width}}{output}/{stack.folder.parent.name}/{stack.folder.name}")


def report(outcome: Outcome, verb: str) -> None:
    """Print how a step went; what failed for one reason is told once."""
    for names, failure in _grouped(outcome.failed):
        complain(f"== {_listed(names)}: {'failed' if failure.cause is None else f'not {verb}'}\n{failure}")
    for name, reason in outcome.skipped.items():
        complain(f"== {name}: not {verb}, {reason}")
    if outcome.done:
        say(f"{verb}: {', '.join(outcome.done)}")


def print_dry_run(command: str, request: Request, terraform: Terraform) -> None:
    """Print the order of the stacks, and every command that would run."""
    print(f"{command} would run these stacks, {request.parallelism} at a time:")
    for number, (name, before) in enumerate(request.waits.items(), start=1):
        stack = request.stacks[name]
        removal = " (removal)" if stack.is_removal else ""
        after = f" after {', '.join(sorted(before))}" if before else ""
        print(f"{number}. {name}{removal}{after}")
    if command == "deploy":
        _print_images(request)
    print("First, for every stack, then the plan guard for all of them:")
    steps = [request.init_arguments(), request.plan_arguments(), ("show", "-json", request.apply_arguments()[-1])]
    _print_commands(request, terraform, steps)
    if command != "diff":
        print("Then, once the guard has no objection, in this order:")
        _print_commands(request, terraform, [request.apply_arguments()])


def say(text: str) -> None:
    """Print a result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print what went wrong."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _grouped(failed: Mapping[str, Failure]) -> list[tuple[list[str], Failure]]:
    groups: list[tuple[list[str], Failure]] = []
    for name, failure in failed.items():
        same = next((names for names, other in groups if failure.cause and other.cause == failure.cause), None)
        if same is None:
            groups.append(([name], failure))
        else:
            same.append(name)
    return groups


def _listed(names: Sequence[str]) -> str:
    if len(names) <= _LISTED_AT_MOST:
        return ", ".join(names)
    return f"{', '.join(names[: _LISTED_AT_MOST - 1])} and {len(names) - _LISTED_AT_MOST + 1} more"


def _print_images(request: Request) -> None:
    images = sorted({image for name in request.waits for image in images_of(request.stacks[name])})
    if images:
        print(
            "Images that are built if their registry lacks them, at once, or, where it is made now, before their stack:"
        )
        for image in images:
            print(f"  {image}")


def _print_commands(request: Request, terraform: Terraform, steps: Sequence[tuple[str, ...]]) -> None:
    for name in request.waits:
        for step in steps:
            folder = shlex.quote(str(request.stacks[name].folder))
            print(f"  cd {folder} && {shlex.join(terraform.command(*step))}")
