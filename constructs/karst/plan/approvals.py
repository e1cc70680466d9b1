"""Written consent to lose something, kept beside the configuration so that it is reviewed in the same change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from karst.config.approvals import Approvals
from karst.config.errors import ConfigError, Problem, raise_if_any
from karst.config.loader import check
from karst.config.yaml_source import read_source
from karst.plan.model import Action


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One object of one stack that may be deleted, replaced or let go of."""

    address: str
    stack: str
    action: Action
    reason: str
    until: date | None = None
    """The last day on which it counts; without one it counts until it is taken out."""
    place: str
    """File and line, for messages."""

    def is_expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.until is not None and today > self.until


def read_approvals(paths: Iterable[Path]) -> tuple[Approval, ...]:
    """All approvals of the files `paths`. Raises `karst.config.errors.ConfigError` with everything that is wrong."""
    approvals: list[Approval] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            approvals += _approvals(path)
        except ConfigError as error:
            problems += error.problems
    raise_if_any(problems)
    return tuple(approvals)


def _approvals(path: Path) -> Iterator[Approval]:
    source = read_source(path)
    for index, entry in enumerate(check(source, Approvals).approvals):
        yield Approval(
            address=entry.address.strip(),
            stack=entry.stack,
            action=Action(entry.action),
            reason=entry.reason.strip(),
            until=entry.until,
            place=f"{source.file}:{source.line(('approvals', index))}",
        )
