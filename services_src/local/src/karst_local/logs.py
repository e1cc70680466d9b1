"""Logs go to a file, so that the terminal stays readable; nothing in them is a credential."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from karst_local.faults import Exit, LocalError
from karst_platform.logs import JsonFormatter

_LIMIT_BYTES = 10 << 20
_KEPT = 2


def log_to(path: Path, level: str) -> None:
    """Send every log of this process to the file, which never gets larger than 10 MiB; two older ones are kept.

    Raises LocalError where the level is none.
    """
    if level not in logging.getLevelNamesMapping():
        raise LocalError(Exit.USAGE, f"KARST_LOG_LEVEL is {level!r}. Write DEBUG, INFO, WARNING or ERROR")
    handler = RotatingFileHandler(path, maxBytes=_LIMIT_BYTES, backupCount=_KEPT, encoding="utf-8")
    handler.setFormatter(JsonFormatter())
    # A full disk must not flood the terminal with tracebacks of the log itself.
    logging.raiseExceptions = False
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.basicConfig(level=level, handlers=[handler], force=True)
