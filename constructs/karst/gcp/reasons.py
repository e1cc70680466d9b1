"""Named exceptions: what is less safe than the default must say, in words, why it is needed."""

from __future__ import annotations

_SHORTEST_REASON = 10


def require_reason(what: str, reason: str) -> None:
    """Refuse an exception whose `reason` says nothing; `what` names the exception in the message."""
    if len(reason.strip()) < _SHORTEST_REASON:
        raise ValueError(f"{what} needs a reason: write who needs it and why it is safe, not {reason!r}")
