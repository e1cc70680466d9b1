"""What stands in imported configuration where nobody knew the value, and where it still stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FILL_IN = "fill-in"
"""Stands where only a person knows the value; nothing real is called so."""
FILL_IN_HOST = f"{FILL_IN}.example"
UNKNOWN_ADDRESSES: Mapping[str, str] = {
    "sql": "192.0.2.1",
    "global": "192.0.2.2",
    "cache": "192.0.2.3",
    "broker": "192.0.2.4",
}
"""Addresses that are nobody's, set aside for documentation: whoever tries one gets no answer."""
UNKNOWN_NUMBER = "000000000000"


def left_in(folder: Path) -> list[str]:
    """File and line of each value in a deployment's folder that is still to be filled in."""
    words = (FILL_IN, f'"{UNKNOWN_NUMBER}"', *(f"address: {address}" for address in UNKNOWN_ADDRESSES.values()))
    return [
        f"{path}:{number}"
        for path in sorted(folder.rglob("*.yaml"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if any(word in line.partition("#")[0] for word in words)
    ]
