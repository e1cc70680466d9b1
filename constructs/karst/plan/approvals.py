"""Written consent to lose, open or give away something, kept beside the configuration: reviewed in the same change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from karst.config.approvals import Approvals
from karst.config.errors import ConfigError, Problem, did_you_mean, raise_if_any, show
from karst.config.loader import check
from karst.config.yaml_source import read_source
from karst.plan.model import Consent


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One object of one stack, and the one thing that may happen to it."""

    address: str
    stack: str
    action: Consent
    reason: str
    until: date | None = None
    """The last day on which it counts; without one it counts until it is taken out."""
    file: str
    line: int
    """Where it stands, for messages."""

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"

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


def check_stacks(approvals: Iterable[Approval], stacks: Collection[str]) -> None:
    """Raise `ConfigError` for approvals of stacks, or of generations of them, that are not among all the `stacks`."""
    raise_if_any(
        [
            Problem(
                file=approval.file,
                line=approval.line,
                key="stack",
                message=f"there is no stack {show(approval.stack)}, so the approval of {approval.address} lets nothing "
                "pass",
                remedy=did_you_mean(approval.stack, stacks, "Stacks"),
            )
            for approval in approvals
            if approval.stack not in stacks
        ]
    )


def _approvals(path: Path) -> Iterator[Approval]:
    source = read_source(path)
    for index, entry in enumerate(check(source, Approvals).approvals):
        yield Approval(
            address=entry.address.strip(),
            stack=entry.stack,
            action=Consent(entry.action),
            reason=entry.reason.strip(),
            until=entry.until,
            file=source.file,
            line=source.line(("approvals", index)),
        )
