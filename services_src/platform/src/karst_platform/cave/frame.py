"""What all services of CAVE have around them: errors, CORS, prefixes and slashes, HEAD, probes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.middleware import Middleware

from karst_platform.app import Frame
from karst_platform.cave.cors import Cors
from karst_platform.cave.errors import answer_cave
from karst_platform.cave.paths import Heads, Paths
from karst_platform.health import HealthPaths

HEALTH: Final = HealthPaths(live="/healthz", ready="/readyz")


def cave_frame(
    *prefixes: str,
    description: str,
    exposed: Sequence[str] = ("WWW-Authenticate",),
    outside: Sequence[Middleware] = (),
) -> Frame:
    """The frame of a service that stands behind these prefixes; probes need none.

    `exposed` are headers that pages of other origins may read; `outside` sees every answer, as its headers of CORS do.
    """
    return Frame(
        answer=answer_cave,
        health=HEALTH,
        description=description,
        outside=[Middleware(Cors, exposed=exposed), *outside, Middleware(Heads)],
        inside=[Middleware(Paths, prefixes=prefixes, bare=(HEALTH.live, HEALTH.ready))],
    )
