"""One thing that was looked at, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

from karst.google.errors import GoogleError, RefusedError


class Severity(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found, and what to do."""

    check: str
    severity: Severity
    message: str
    remedy: str = ""
    """An exact command wherever there is one."""

    def as_dict(self) -> dict[str, str]:
        """For programs."""
        return {**asdict(self), "severity": self.severity.value}


Findings = Iterable[Finding]


def ok(check: str, message: str) -> Finding:
    """Nothing amiss."""
    return Finding(check=check, severity=Severity.OK, message=message)


def warning(check: str, message: str, remedy: str) -> Finding:
    """Works, and should not stay so."""
    return Finding(check=check, severity=Severity.WARNING, message=message, remedy=remedy)


def error(check: str, message: str, remedy: str) -> Finding:
    """Does not work, or loses something one day."""
    return Finding(check=check, severity=Severity.ERROR, message=message, remedy=remedy)


def unchecked(check: str, why: str, remedy: str = "") -> Finding:
    """Could not be looked at."""
    return Finding(check=check, severity=Severity.UNCHECKED, message=why, remedy=remedy)


def guarded(check: str, look: Callable[[], Findings]) -> list[Finding]:
    """Look, and where Google can't be asked, say so in the check's place."""
    try:
        return list(look())
    except RefusedError as refused:
        if refused.refusal.is_api_off:
            return [unchecked(check, f"{refused.refusal.service or 'Its API'} is still off (see APIs).")]
        return [unchecked(check, str(refused))]
    except GoogleError as away:
        return [unchecked(check, str(away))]
