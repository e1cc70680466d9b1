"""Does one step after the other, takes the time, and cleans up whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from karst.smoke.calls import Calls, SmokeError


class Outcome(StrEnum):
    """What came of a step."""

    OK = "ok"
    FAILED = "failed"
    LEFT_OUT = "left out"
    """The step can't be: the service has no such thing, or the token may not."""
    ABSENT = "absent"
    """The deployment has no such service."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One step and what came of it."""

    service: str
    step: str
    outcome: Outcome
    took_s: float
    detail: str = ""
    remedy: str = ""


class LeaveOutError(Exception):
    """A step can't be; the message says why."""


class AbsentError(Exception):
    """There is no such service."""


@dataclass
class Run:
    """A run under way, with what its steps share."""

    calls: Calls
    token: str
    clio_token: str | None = None
    clock: Callable[[], float] = time.monotonic
    now_s: Callable[[], float] = time.time
    results: list[Result] = field(default_factory=list[Result])
    told: Callable[[Result], None] = lambda _result: None
    caller: dict[str, Any] = field(default_factory=dict[str, Any])
    """Who is signed in, as auth tells it."""
    _cleaning: list[tuple[str, Callable[[], object]]] = field(default_factory=list[tuple[str, Callable[[], object]]])

    @contextmanager
    def step(self, service: str, step: str) -> Generator[None]:
        """Do a step. What fails is noted, and the rest goes on. Raises AbsentError."""
        begin_s = self.clock()

        def note(outcome: Outcome, detail: str = "", remedy: str = "") -> None:
            took_s = self.clock() - begin_s
            self._note(Result(service=service, step=step, outcome=outcome, took_s=took_s, detail=detail, remedy=remedy))

        try:
            yield
        except LeaveOutError as error:
            note(Outcome.LEFT_OUT, str(error))
        except AbsentError as error:
            note(Outcome.ABSENT, str(error))
            raise
        except SmokeError as error:
            note(Outcome.FAILED, str(error), error.remedy)
        except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
            # Whatever answers there is no such service: its JSON has another form.
            note(
                Outcome.FAILED, f"the answer has another form ({type(error).__name__})", "Is it this service, and new?"
            )
        else:
            note(Outcome.OK)

    def afterwards(self, what: str, clean: Callable[[], object]) -> None:
        """Do this at the end, however the run ends; what was made last goes first."""
        self._cleaning.append((what, clean))

    def clean_up(self, service: str) -> None:
        """Take away what steps made."""
        while self._cleaning:
            what, clean = self._cleaning.pop()
            try:
                clean()
            except SmokeError as error:
                detail = f"{what} is still there: {error}"
                self._note(
                    Result(
                        service=service,
                        step="clean up",
                        outcome=Outcome.FAILED,
                        took_s=0,
                        detail=detail,
                        remedy="Take it away by hand, or run this again later: it looks for what was left",
                    )
                )

    def _note(self, result: Result) -> None:
        self.results.append(result)
        self.told(result)


Service = Callable[[Run], None]


def smoke(run: Run, services: Iterable[tuple[str, Service]], required: Iterable[str] = ()) -> bool:
    """Do all steps of all services; say whether everything passed that had to."""
    needed = set(required)
    for name, check in services:
        try:
            check(run)
        except AbsentError:
            pass  # noted; whether that is a fault the caller says
        finally:
            run.clean_up(name)
    absent = {each.service for each in run.results if each.outcome is Outcome.ABSENT}
    failed = any(each.outcome is Outcome.FAILED for each in run.results)
    passed = any(each.outcome is Outcome.OK for each in run.results)
    return passed and not failed and not (absent & needed)
