"""What the resources of the store need: made once, handed to each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from karst_clio.buckets import Buckets, open_buckets
from karst_clio.caching import Clock
from karst_clio.catalog import Catalog
from karst_clio.identity.identity import Identity
from karst_clio.settings import ClioSettings
from karst_platform.stores.documents import Documents


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Settings, stores, clock, and who calls."""

    settings: ClioSettings
    documents: Documents
    http: httpx.AsyncClient
    """For calls to others. It follows no redirect."""
    clock: Clock
    catalog: Catalog
    identity: Identity
    buckets: Buckets
    forgetting: list[Callable[[], None]] = field(default_factory=list)
    """What `server/refresh-caches` calls; whoever keeps answers of the store adds how to forget them."""


def make_needs(settings: ClioSettings, *, documents: Documents, http: httpx.AsyncClient, clock: Clock) -> Needs:
    """Put together what is made from these."""
    catalog = Catalog(documents, clock)
    identity = Identity(settings=settings, documents=documents, http=http, clock=clock, catalog=catalog)
    return Needs(
        settings=settings,
        documents=documents,
        http=http,
        clock=clock,
        catalog=catalog,
        identity=identity,
        buckets=open_buckets(settings),
        forgetting=[catalog.forget, identity.forget],
    )
