"""The datasets, as the store's documents have them, kept for ten minutes: who may see what depends on them."""

from __future__ import annotations

from collections.abc import Mapping

from karst_clio.caching import Clock, TimedCache
from karst_platform.stores.documents import Documents, Fields, Query

DATASETS = ("clio_datasets",)
KEEP_S = 600


class Catalog:
    """All datasets by id. A change through `forget` is seen at once here, and within ten minutes elsewhere."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._cache: TimedCache[None, _Datasets] = TimedCache(keep_s=KEEP_S, size=1, clock=clock)

    async def all(self) -> Mapping[str, Fields]:
        """Every dataset's document as it is stored, in order of ids."""
        return (await self._cache.get(None, self._load)).fields

    async def get(self, dataset: str) -> Fields | None:
        """A dataset's document, or None."""
        return (await self.all()).get(dataset)

    async def public(self) -> frozenset[str]:
        """Ids of the datasets that everybody who is logged in may read."""
        return (await self._cache.get(None, self._load)).public

    def forget(self) -> None:
        """Read the documents again the next time."""
        self._cache.clear()

    async def _load(self) -> _Datasets:
        return _Datasets({found.id: found.fields async for found in self._documents.find(Query(collection=DATASETS))})


class _Datasets:
    def __init__(self, fields: Mapping[str, Fields]) -> None:
        self.fields = fields
        self.public = frozenset(dataset for dataset, each in fields.items() if each.get("public") is True)
