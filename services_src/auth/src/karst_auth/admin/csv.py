"""Tables for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def csv_line(values: Sequence[object]) -> str:
    """One line. What a spreadsheet would take for a formula becomes a text: names are what anybody chose."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_safe(each) for each in values])
    return buffer.getvalue()


def _safe(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value
