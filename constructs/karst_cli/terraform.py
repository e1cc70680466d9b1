"""Runs Terraform in the folders of stacks, several at a time, and lets it finish when somebody interrupts."""

from __future__ import annotations

import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from karst_cli.diagnosis import Cause, diagnose
from karst_cli.stack_graph import Stack, Waits

_LOCK_MARK = "Error acquiring the state lock"
_LOCK_ADVICE = (
    "Somebody else is applying this stack, or a run was killed and left its lock. Wait for it; only when you are sure "
    "that nobody runs, release the lock with the ID above: terraform force-unlock ID"
)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a step failed for one stack."""

    said: str
    """What the program said; empty if it was never started."""
    by_hand: str = ""
    """The command that shows it again, with the folder to run it in."""
    cause: Cause | None = None
    """Set where the reason has nothing to do with this stack."""

    def __str__(self) -> str:
        said = f"Terraform said: {_errors_in(self.said)}" if self.cause and self.said else self.said
        by_hand = f"To run it by hand: {self.by_hand}" if self.by_hand else ""
        return "\n".join(filter(None, (str(self.cause or ""), said, by_hand)))


class StackFailedError(Exception):
    """A step failed for one stack."""

    def __init__(self, failure: Failure) -> None:
        self.failure: Failure = failure
        super().__init__(str(failure))


class InterruptedRunError(Exception):
    """The run was interrupted before this step began."""


@dataclass(kw_only=True)
class Terraform:
    """Terraform as Karst runs it: without questions, one signal at most, its words kept together by stack."""

    executable: str
    environment: Mapping[str, str]
    is_interrupted: bool = False
    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def is_busy(self) -> bool:
        """Whether a Terraform runs now."""
        with self._lock:
            return bool(self._running)

    def command(self, *arguments: str) -> list[str]:
        """Give the exact command for `arguments`."""
        return [self.executable, *arguments]

    def run(
        self, stack: Stack, *arguments: str, rerun: tuple[str, ...] | None = None, accepted: tuple[int, ...] = (0,)
    ) -> tuple[int, str]:
        """Run to the end in a stack's folder; give exit status and output.

        `rerun` is what to type by hand where it isn't `arguments`.

        Raises `StackFailedError` for any status that isn't `accepted`.
        """
        with self._lock:
            if self.is_interrupted:
                raise InterruptedRunError
            try:
                # A group of its own: Ctrl-C in the terminal would reach Terraform beside the signal that Karst
                # forwards, and to Terraform a second one means "drop everything".
                process = subprocess.Popen(
                    self.command(*arguments),
                    cwd=stack.folder,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    process_group=0,
                )
            except OSError as error:
                said = f"{self.executable} cannot be started ({error.strerror or error})"
                raise StackFailedError(Failure(said=said)) from error
            self._running.add(process)
        try:
            output, errors = process.communicate()
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode not in accepted:
            raise StackFailedError(self._failure(stack, rerun or arguments, f"{output}\n{errors}".strip()))
        return process.returncode, output

    def interrupt(self) -> None:
        """Ask every running Terraform to finish what it does and stop, once; start no other."""
        with self._lock:
            if self.is_interrupted:
                return
            self.is_interrupted = True
            for process in self._running:
                process.send_signal(signal.SIGINT)

    def by_hand(self, stack: Stack, *arguments: str) -> str:
        """What to type to run Terraform in a stack's folder."""
        return f"cd {shlex.quote(str(stack.folder))} && {shlex.join(self.command(*arguments))}"

    def _failure(self, stack: Stack, arguments: tuple[str, ...], said: str) -> Failure:
        advice = f"\n{_LOCK_ADVICE}" if _LOCK_MARK in said else ""
        return Failure(
            said=f"{said}{advice}", by_hand=self.by_hand(stack, *arguments), cause=diagnose(said, stack.bucket)
        )


def _errors_in(said: str) -> str:
    """Leave out how far Terraform came before its first error."""
    lines = said.splitlines()
    first = next((number for number, line in enumerate(lines) if "Error: " in line), 0)
    return "\n".join(lines[first:]).replace("Error: ", "", 1).strip("│╵╷ \n")


@contextmanager
def forwarding_interrupts(terraform: Terraform, say: Callable[[str], None]) -> Generator[None]:
    """Turn Ctrl-C, and the signal with which CI cancels a job, into one request to finish cleanly."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        if not terraform.is_busy:
            # Nothing to wait for, as while the person is asked: end at once.
            terraform.interrupt()
            raise KeyboardInterrupt
        if terraform.is_interrupted:
            say("Still waiting for Terraform to finish and to release its state locks.")
        else:
            say(
                "Interrupted: Terraform finishes what it has begun, saves its state and releases its locks. "
                "Please wait."
            )
        terraform.interrupt()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(kw_only=True)
class Outcome:
    """How a step went for each stack."""

    done: list[str] = field(default_factory=list)
    failed: dict[str, Failure] = field(default_factory=dict)
    """By stack."""
    skipped: dict[str, str] = field(default_factory=dict)
    """The reason, by stack."""

    @property
    def is_success(self) -> bool:
        """Whether every stack was finished."""
        return not self.failed and not self.skipped


def run_all(waits: Waits, step: Callable[[str], None], *, parallelism: int) -> Outcome:
    """Run `step` for every stack, each after those it waits for; one that fails stops only those that wait for it."""
    outcome = Outcome()
    pending = list(waits)
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(max_workers=parallelism) as pool:
        while pending or running:
            for name in list(pending):
                lost = sorted(other for other in waits[name] if other in outcome.failed or other in outcome.skipped)
                if lost:
                    pending.remove(name)
                    outcome.skipped[name] = f"waits for {lost[0]}"
                elif waits[name] <= set(outcome.done):
                    pending.remove(name)
                    running[pool.submit(step, name)] = name
            if running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in sorted(finished, key=lambda item: running[item]):
                    _note(outcome, running.pop(future), future)
    outcome.failed = {name: outcome.failed[name] for name in waits if name in outcome.failed}
    return outcome


def _note(outcome: Outcome, name: str, future: Future[None]) -> None:
    try:
        future.result()
    except StackFailedError as error:
        outcome.failed[name] = error.failure
    except InterruptedRunError:
        outcome.skipped[name] = "interrupted"
    else:
        outcome.done.append(name)


def terraform_environment(base: Mapping[str, str], *, is_cache_allowed: bool) -> dict[str, str]:
    """Copy `base` for Terraform run by a program: no hints for people, providers kept once for all stacks."""
    environment = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", **base}
    if is_cache_allowed and "TF_PLUGIN_CACHE_DIR" not in environment:
        cache = Path(environment.get("HOME") or Path.home(), ".terraform.d", "plugin-cache")
        cache.mkdir(parents=True, exist_ok=True)
        environment["TF_PLUGIN_CACHE_DIR"] = str(cache)
        # Synthesis keeps no lock files; without one, Terraform would fetch each provider again for every stack.
        environment.setdefault("TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE", "1")
    return environment
