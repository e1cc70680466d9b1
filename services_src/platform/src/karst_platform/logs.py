"""Logs: one JSON object a line, in the words of Cloud Logging, in which no token can stand.

Tokens are struck out of finished text: it does not matter whether a message, an argument or a traceback had them.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the request that is being answered, or None outside of one."""

STRUCK_OUT = "[removed]"
_QUOTES = r"[\"'\\]*"
_CREDENTIALS = (
    re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+"),
    re.compile(
        r"(?i)([a-z0-9_-]*(?:token|password|passwd|secret|api[_-]?key|authorization|cookie|signature|credential)"
        rf"{_QUOTES}\s*[=:]\s*{_QUOTES})([^\s\"'\\&,;}}]+)"
    ),
    re.compile(r"\b(ya29\.|AIza|eyJ)[A-Za-z0-9._-]{10,}"),
)


def strike_out(text: str) -> str:
    """`text` without anything that looks like a credential."""
    text = _CREDENTIALS[0].sub(lambda found: f"{found[1]} {STRUCK_OUT}", text)
    text = _CREDENTIALS[1].sub(lambda found: found[1] + STRUCK_OUT, text)
    return _CREDENTIALS[2].sub(STRUCK_OUT, text)


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON: severity, time, message, logger, request id, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Render the record without credentials; extra values come as `extra={"fields": {...}}`."""
        entry: dict[str, object] = {
            "severity": record.levelname,
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "message": strike_out(record.getMessage()),
            "logger": record.name,
        }
        if (current := request_id.get()) is not None:
            entry["request_id"] = current
        for name, value in getattr(record, "fields", {}).items():
            entry[name] = strike_out(value) if isinstance(value, str) else value
        if record.exc_info:
            entry["traceback"] = strike_out(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False, default=lambda value: strike_out(str(value)))


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Send every log of this process to `stream` (standard error by default), replacing earlier handlers."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
