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

from karst_platform.redaction import carried, cleaned_fields

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the request that is being answered, or None outside of one."""
request_scope: ContextVar[Scope | None] = ContextVar("request_scope", default=None)
"""The request that is being answered: whatever it carries as a credential stays out of logs."""

CLEAN = "is_clean"
"""Mark of records that hold nothing of a client's own words, which need no search."""


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON: severity, time, message, logger, request id, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Render the record without credentials; extra values come as `extra={"fields": {...}}`."""
        entry: dict[str, object] = {
            "severity": record.levelname,
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "message": record.getMessage(),
            "logger": record.name,
        }
        if (current := request_id.get()) is not None:
            entry["request_id"] = current
        fields: Mapping[str, object] = getattr(record, "fields", {})
        entry |= fields
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        if record.stack_info:
            entry["stack"] = record.stack_info
        if not getattr(record, CLEAN, False):
            scope = request_scope.get()
            entry = cleaned_fields(entry, carried(scope) if scope is not None else ())
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
