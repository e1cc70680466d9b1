"""Logs: one JSON object a line, in the words of Cloud Logging, in which no token can stand (`redaction`)."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from starlette.types import Scope

from karst_platform.redaction import carried, cleaned_fields, strike_out

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the request that is being answered, or None outside of one."""
request_scope: ContextVar[Scope | None] = ContextVar("request_scope", default=None)
"""The request that is being answered: whatever it carries as a credential stays out of logs."""


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON: severity, time, message, logger, request id, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Render the record without credentials; extra values come as `extra={"fields": {...}}`."""
        scope = request_scope.get()
        known = carried(scope) if scope is not None else ()
        entry: dict[str, object] = {
            "severity": record.levelname,
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "message": strike_out(record.getMessage(), known),
            "logger": record.name,
        }
        if (current := request_id.get()) is not None:
            entry["request_id"] = strike_out(current, known)
        fields: Mapping[str, object] = getattr(record, "fields", {})
        entry |= cleaned_fields(fields, known)
        if record.exc_info:
            entry["traceback"] = strike_out(self.formatException(record.exc_info), known)
        if record.stack_info:
            entry["stack"] = strike_out(record.stack_info, known)
        return json.dumps(entry, ensure_ascii=False)


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Send every log of this process to `stream` (standard error by default), replacing earlier handlers.

    Servers and clients that log URLs with their queries are kept from it: each request has its line already.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("httpx").setLevel(logging.WARNING)
