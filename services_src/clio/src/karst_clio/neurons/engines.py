"""Which engine keeps a dataset's annotations: DVID where the dataset's document names one, else our own store.

The field `"neuronEngine": "native"` keeps them in our store in spite of `dvid`; `"dvid"` insists on DVID.
"""

from __future__ import annotations

import httpx

from karst_clio.catalog import Catalog
from karst_clio.neurons.dvid import DvidEngine, DvidServer
from karst_clio.neurons.engine import NeuronEngine
from karst_clio.neurons.errors import NotThereError
from karst_clio.neurons.metadata import Metadata, Versions
from karst_clio.neurons.native import NativeEngine
from karst_platform.stores.documents import Documents, Fields

NEURONS = "neurons"


class Engines:
    """Makes engines; they are cheap and live for one request."""

    def __init__(self, documents: Documents, catalog: Catalog, metadata: Metadata, http: httpx.AsyncClient) -> None:
        self._documents, self._catalog, self._metadata, self._http = documents, catalog, metadata, http

    async def dataset(self, dataset: str) -> Fields:
        """A dataset's document. Raises `NotThereError`."""
        document = await self._catalog.get(dataset)
        if document is None:
            raise NotThereError(f"No dataset {dataset}")
        return document

    async def versions(self, kind: str, dataset: str) -> Versions:
        """A dataset's versions."""
        return await self._metadata.versions(kind, dataset)

    async def of(self, kind: str, dataset: str) -> NeuronEngine:
        """The engine for one type of annotation in a dataset. Raises `NotThereError`."""
        document = await self.dataset(dataset)
        wanted = document.get("neuronEngine")
        if kind != NEURONS or wanted == "native" or (wanted != "dvid" and not document.get("dvid")):
            return await self.native(kind, dataset)
        url, versions = document.get("dvid"), await self.versions(kind, dataset)
        uuid = document.get("uuid") or versions.head_uuid
        if not isinstance(url, str) or not url or not isinstance(uuid, str):
            raise NotThereError(f"Dataset {dataset} names no dvid with a uuid")
        return DvidEngine(self._http, DvidServer(url=url, uuid=uuid), versions)

    async def native(self, kind: str, dataset: str) -> NativeEngine:
        """Our own engine, whatever the dataset says."""
        return NativeEngine(self._documents, kind, dataset, await self.versions(kind, dataset))
