"""Does several things at the same time in forks of this process, each of which has all that was imported already."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence

INTERRUPTED = 130


def run_forked(tasks: Sequence[Callable[[], int]]) -> tuple[int, str]:
    """Run each task in a fork; give the worst exit status, and what they printed, one after the other.

    What several printed alike is given once. This process must have no other thread, and its standard streams nothing
    unwritten. A fork that is killed counts as failed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    forks = [_fork(task) for task in tasks]
    try:
        # One that prints more than a pipe holds waits until its turn.
        said = [_read(said) for _, said in forks]
    finally:
        # Also after an interrupt, which the terminal sent them too.
        ended = [os.waitpid(pid, 0)[1] for pid, _ in forks]
    statuses = [os.waitstatus_to_exitcode(status) for status in ended]
    return max(status if status >= 0 else 1 for status in statuses), "".join(dict.fromkeys(said))


def _fork(task: Callable[[], int]) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    os.close(reading)
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    # Nothing but this ends a fork: neither what its parent would do next nor its parent's clearing up is its own.
    os._exit(_status(task))


def _status(task: Callable[[], int]) -> int:
    try:
        status = task()
        sys.stdout.flush()
        sys.stderr.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BaseException:  # noqa: BLE001 - nobody further up would print it
        traceback.print_exc()
        sys.stderr.flush()
        return 1
    return status


def _read(descriptor: int) -> str:
    with open(descriptor, encoding="utf-8", errors="replace") as stream:
        return stream.read()
