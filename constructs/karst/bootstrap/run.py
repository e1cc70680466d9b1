"""Looks at every step, and takes those that are due one after the other; whatever stops it, the next run goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from karst.bootstrap.step import Look, Standing, Step
from karst.google.errors import GoogleError, RefusedError

_SEEN_AGAIN_S = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Google shows what was made a little later."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A step and how it stands."""

    step: Step
    look: Look


class StoppedError(Exception):
    """A step could not be taken. What was made before it stays; the message says why."""

    def __init__(self, step: Step, why: str, left: Sequence[Step]) -> None:
        self.step = step
        self.left = tuple(left)
        super().__init__(why)


def plan(steps: Sequence[Step]) -> tuple[Planned, ...]:
    """Look at all of them; nothing changes.

    Raises `SignInError` and `UnreachableError`. What Google does not show is planned as unseen: what has to be made
    first may show it.
    """
    return tuple(Planned(step=step, look=_seen(step)) for step in steps)


def apply(steps: Sequence[Step], report: Callable[[Step], None], sleep: Callable[[float], None]) -> int:
    """Take every step that is due, and tell of each; give their number. Raises `StoppedError`."""
    taken = 0
    for position, step in enumerate(steps):
        try:
            look = step.look()
            if look.standing is Standing.READY:
                continue
            _take(step, look, sleep)
        except (GoogleError, _NotReadyError) as error:
            raise StoppedError(step, str(error), steps[position + 1 :]) from error
        report(step)
        taken += 1
    return taken


class _NotReadyError(Exception):
    """A step was taken and does not stand as it should, or can't be."""


def _take(step: Step, look: Look, sleep: Callable[[float], None]) -> None:
    for pause_s in _SEEN_AGAIN_S:
        if look.standing is Standing.BLOCKED:
            raise _NotReadyError("\n".join((*look.details, look.remedy)))
        try:
            step.make()
        except RefusedError as error:
            # Somebody else changed it at this moment: what they made of it is looked at.
            if error.refusal.status not in {409, 412}:
                raise
        sleep(pause_s)
        look = step.look()
        if look.standing is Standing.READY:
            return
    raise _NotReadyError(f"it was made, but Google does not show it so: {'; '.join(look.details)}")


def _seen(step: Step) -> Look:
    try:
        return step.look()
    except RefusedError as error:
        waits = error.refusal.is_api_off or error.refusal.status == 404
        return Look(standing=Standing.UNSEEN, details=step.wish if waits else (str(error), *step.wish))
