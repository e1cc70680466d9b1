"""What a test does without a program that it needs: skip on a laptop, and say why; fail where CI insists on it."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

REQUIRED_VARIABLE = "KARST_REQUIRE"
"""Names of what must be there, with commas between them: `terraform,checkov,chromium`."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def missing(name: str, reason: str) -> NoReturn:
    """End the test for want of `name`: skipped with the reason, or failed where `KARST_REQUIRE` lists it."""
    if name in os.environ.get(REQUIRED_VARIABLE, "").replace(" ", "").split(","):
        pytest.fail(f"{reason} ({REQUIRED_VARIABLE} lists {name})", pytrace=False)
    pytest.skip(reason)


def find_browser() -> str:
    """Path of Chromium or Chrome, `chromium` in the list of what is required."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return found or missing("chromium", f"no browser on PATH ({', '.join(BROWSERS)}): install Debian's chromium")
