"""Finds the plans that somebody names: files, or folders as `cdktf diff --plans` leaves them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from karst.plan.model import Plan
from karst.plan.reader import MAX_BYTES, PlanUnreadableError, read_plan, stack_of

MAX_PLANS = 2000
MAX_TOTAL_BYTES = 4 * MAX_BYTES
_INSIDE = ("*.json", "*/plan.json", "*/tfplan.json", "stacks/*/plan.json", "stacks/*/tfplan.json")


def read_plans(paths: Iterable[Path]) -> tuple[Plan, ...]:
    """The plan of every file, and of every folder's files, one a stack. Raises `PlanUnreadableError`."""
    files = [file for path in paths for file in _files(path)]
    if len(files) > MAX_PLANS:
        raise PlanUnreadableError(f"{len(files)} plans are more than {MAX_PLANS}; name fewer at a time")
    _check_total(files)
    by_stack: dict[str, Path] = {}
    for file in files:
        other = by_stack.setdefault(stack_of(file), file)
        if other != file:
            raise PlanUnreadableError(
                f"{file}: is of the stack {stack_of(file)}, as {other} is. Name each plan after its stack, and once"
            )
    return tuple(read_plan(file, stack) for stack, file in sorted(by_stack.items()))


def keep_plan(folder: Path, stack: str, text: str) -> None:
    """Write a plan as `read_plans` reads it; nobody else on this machine may read it, for it holds values."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stack}.json"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = sorted({file for pattern in _INSIDE for file in path.glob(pattern)})
    if not found:
        raise PlanUnreadableError(
            f"{path}: holds no plan. Fill it with `cdktf diff NAME --plans {path}`, or with a file <stack>.json for "
            "each stack, as `terraform show -json PLAN` prints it"
        )
    yield from found


def _check_total(files: Iterable[Path]) -> None:
    total = 0
    for file in files:
        try:
            total += file.stat().st_size
        except OSError:
            continue  # Reading it says why it can't be.
    if total > MAX_TOTAL_BYTES:
        raise PlanUnreadableError(
            f"the plans are {total >> 20} MiB together, more than {MAX_TOTAL_BYTES >> 20}; name fewer at a time"
        )
