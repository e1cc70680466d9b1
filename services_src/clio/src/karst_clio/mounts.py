"""What is served where: the resources in their order, and under which mounts each of them stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from fastapi import APIRouter

from karst_clio.needs import Needs
from karst_clio.neurons import facade
from karst_clio.neurons import routes as neurons
from karst_clio.resources import annotations as typed_annotations
from karst_clio.resources import (
    annotations_v1,
    atlas,
    datasets,
    health,
    kv,
    neuprint,
    pull_requests,
    roles,
    server,
    sessions,
    site_reports,
    subvolumes,
    transfer,
    users,
    volumes,
)
from karst_clio.signatures import routes as signatures


class Mount(StrEnum):
    """Where resources stand. `/v3` and `/test` are other words for `/v2` (`karst_clio.web.paths`)."""

    CURRENT = "/v2"
    TOPLEVEL = "/clio_toplevel"
    FIRST = ""


EVERYWHERE = frozenset(Mount)
CURRENT = frozenset({Mount.CURRENT})
NOT_FIRST = frozenset({Mount.CURRENT, Mount.TOPLEVEL})
OLD = frozenset({Mount.TOPLEVEL, Mount.FIRST})
BARE = frozenset({Mount.FIRST})


@dataclass(frozen=True)
class Resource:
    """A resource module and where its routes stand."""

    router: Callable[[Needs], APIRouter]
    mounts: frozenset[Mount]


RESOURCES: tuple[Resource, ...] = (
    Resource(datasets.router, EVERYWHERE),
    Resource(typed_annotations.router, CURRENT),
    Resource(annotations_v1.router, OLD),
    Resource(annotations_v1.searches_router, EVERYWHERE),
    Resource(atlas.router, EVERYWHERE),
    Resource(kv.router, NOT_FIRST),
    Resource(pull_requests.router, CURRENT),
    Resource(site_reports.router, CURRENT),
    Resource(volumes.router, CURRENT),
    Resource(neuprint.router, NOT_FIRST),
    Resource(transfer.router, EVERYWHERE),
    Resource(subvolumes.router, CURRENT),
    Resource(roles.router, EVERYWHERE),
    Resource(users.router, EVERYWHERE),
    Resource(server.router, CURRENT),
    Resource(sessions.router, BARE),
    Resource(health.router, BARE),
    Resource(neurons.router, CURRENT),
    Resource(signatures.router, EVERYWHERE),
    Resource(facade.router, BARE),
)
"""In the order in which they are tried and shown."""


def routers(needs: Needs) -> list[tuple[str, APIRouter]]:
    """Prefix and router of everything that is served, the most asked for first."""
    made = [(resource, resource.router(needs)) for resource in RESOURCES]
    return [(mount.value, routes) for mount in Mount for resource, routes in made if mount in resource.mounts]
