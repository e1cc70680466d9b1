"""Starts the toolkit's runtime before the first binding is imported, and imports without waiting for it.

A synthesis lives in two programs: Python declares, the runtime, in Node, answers. Python starts it at the first import
of a binding, and waits there while each binding is loaded. No answer is needed until the first stack, so here the
runtime is started before everything else, told what to load, and listened to later: both import at the same time.

Several runtimes can be started, each told the same. A program that imports once, and then forks, has one for each fork.
"""

from __future__ import annotations

import atexit
import json
import platform
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress

from jsii._kernel.providers.process import (
    ProcessProvider,
    _NodeProcess,  # pyright: ignore[reportPrivateUsage]
    stderr_sink,
)
from jsii._kernel.types import LoadRequest, LoadResponse
from jsii._runtime import kernel


class LoadError(Exception):
    """A runtime that was started early could not load what was imported meanwhile."""


def start(count: int, environment: Mapping[str, str]) -> None:
    """Start `count` runtimes that load what this process imports from now on.

    Nothing is started, and all is as if this module weren't there, where `environment` names no runtime of its own
    (JSII_RUNTIME, as `cdktf` sets it), or where this process speaks with a runtime already.
    """
    if not environment.get("JSII_RUNTIME") or type(kernel.provider) is not ProcessProvider:
        return
    kernel.provider = EarlyRuntimes([_start(environment) for _ in range(count)])


def started() -> EarlyRuntimes | None:
    """What `start` started in this process."""
    return kernel.provider if isinstance(kernel.provider, EarlyRuntimes) else None


def _start(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    # As the toolkit starts it.
    return subprocess.Popen(  # noqa: S603 - the runtime that the environment names
        [environment.get("JSII_NODE", "node"), "--max-old-space-size=4069", environment["JSII_RUNTIME"]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment, "JSII_AGENT": f"Python/{platform.python_version()}"},
    )


class EarlyRuntimes(ProcessProvider):
    """Runtimes that were told what to load, one of which answers all other questions once it is taken."""

    def __init__(self, started: list[subprocess.Popen[bytes]]) -> None:
        self._started = started
        self._told: list[LoadRequest] = []
        self._taken: _Runtime | None = None

    @property
    def count(self) -> int:
        """How many can be taken, each in a process of its own; one where an answer was needed already."""
        return 1 if self._taken else len(self._started)

    def load(self, request: LoadRequest) -> LoadResponse:
        """Tell each runtime what to load, and take it for done, until one is taken."""
        if self._taken is not None:
            return super().load(request)
        for started in self._started:
            _tell(started, request)
        self._told.append(request)
        return LoadResponse(assembly=request.name, types=0)

    def take(self, number: int) -> _NodeProcess:
        """Speak with this runtime from now on; others are for other processes. Raises `LoadError`."""
        for other in self._started[:number] + self._started[number + 1 :]:
            _close(other)
        self._taken = _Runtime(self._started[number])
        self._taken.listen(self._told)
        return self._taken

    def leave(self) -> None:
        """Leave all runtimes to the processes that took them; wait until they ended."""
        for started in self._started:
            _close(started)
        for started in self._started:
            started.wait()

    def finish(self) -> None:
        """Let the runtime that was taken end, and pass on what it still had to say."""
        if self._taken is not None:
            self._taken.stop()

    # Every question but `load` goes through here.
    @property
    def _process(self) -> _NodeProcess:
        return self._taken or self.take(0)


class _Runtime(_NodeProcess):
    """What the toolkit keeps of a runtime that it started, for one that was started before."""

    def __init__(self, started: subprocess.Popen[bytes]) -> None:
        super().__init__()
        self._process = started
        self.sink_thread = threading.Thread(target=stderr_sink, args=(started.stderr,), daemon=True)

    def listen(self, told: list[LoadRequest]) -> None:
        """Hear what it answered until now. Raises `LoadError`."""
        self.sink_thread.start()
        atexit.register(self.stop)
        try:
            self.handshake()
            for request in told:
                answer = self._next_message()
                if "ok" not in answer:
                    raise LoadError(f"{request.name} {request.version} cannot be loaded: {answer.get('error', answer)}")
        except ValueError as error:
            raise LoadError("the toolkit's runtime ended before it answered") from error


def _tell(started: subprocess.Popen[bytes], request: LoadRequest) -> None:
    question = {"api": "load", "name": request.name, "version": request.version, "tarball": request.tarball}
    if started.stdin is not None:
        # One that has ended already is noticed when its answers are read.
        with suppress(BrokenPipeError):
            started.stdin.write(f"{json.dumps(question)}\n".encode())
            started.stdin.flush()


def _close(started: subprocess.Popen[bytes]) -> None:
    for stream in (started.stdin, started.stdout, started.stderr):
        if stream is not None:
            with suppress(BrokenPipeError):
                stream.close()
