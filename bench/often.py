"""How often a service answers one request, and how long that takes when a third as many come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.clio_load import closed_loop, open_loop
from bench.measure import Figure
from bench.served import Served

CONNECTIONS = 64


@dataclass(frozen=True, kw_only=True)
class Often:
    """What is asked, and what is demanded."""

    path: str
    headers: Mapping[str, str]
    least_per_s: int
    percentile: int
    """Of the latencies, in percent."""
    longest_ms: float
    name: str
    """What the report calls it."""
    note: str = ""
    """What else the report says."""


def asked_often(server: Served, what: Often, load_s: float) -> list[Figure]:
    """Ask as often as can be, then a third of the least, at a fixed rate of arrival."""
    request = [server.request(what.path, what.headers)]
    closed_loop(server.port, request, connections=CONNECTIONS, duration_s=min(1, load_s))
    before_s = server.cpu_s()
    closed = closed_loop(server.port, request, connections=CONNECTIONS, duration_s=load_s)
    each_us = (server.cpu_s() - before_s) / len(closed.latencies_s) * 1e6
    per_s = what.least_per_s / 3
    opened = open_loop(server.port, request, connections=CONNECTIONS, per_s=per_s, duration_s=load_s)
    notes = (f"{CONNECTIONS} connections", what.note, f"{each_us:.0f} us of server CPU each")
    return [
        Figure(
            step=f"{what.name}, as many as it can",
            value=closed.per_s,
            limit=what.least_per_s,
            unit="/s",
            is_least=True,
            note=", ".join(filter(None, notes)),
        ),
        Figure(
            step=f"the same, {per_s:.0f} a second, p{what.percentile}",
            value=opened.percentile_ms(what.percentile / 100),
            limit=what.longest_ms,
            unit="ms",
            note=f"median {opened.percentile_ms(0.5):.1f} ms, longest {opened.percentile_ms(1):.0f} ms",
        ),
    ]
