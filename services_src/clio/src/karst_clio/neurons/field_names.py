"""Which fields the annotations of a dataset have, noted down as they are written, so that nobody has to read all.

The first question reads all annotations once; from then on each posting adds the names that are new. A name stays when
its last field goes.
"""

from __future__ import annotations

from collections.abc import Iterable

from karst_clio.neurons.records import public
from karst_clio.neurons.streams import stopping
from karst_platform.stores.documents import Documents, Path, Query, Transaction, Write

_NAMES, _IS_COMPLETE = "names", "is_complete"


class FieldNames:
    """The names of one dataset's fields for one type of annotation."""

    def __init__(self, documents: Documents, kind: str, dataset: str) -> None:
        self._documents = documents
        self._collection: Path = ("clio_annotations_global", kind, dataset)
        self._path: Path = ("clio_annotations_global", f"fields {kind} {dataset}")

    async def all(self) -> list[str]:
        """The names, in order."""
        document = await self._documents.get(self._path)
        if document is None or document.fields.get(_IS_COMPLETE) is not True:
            # What is posted while all are read must find the note there, and adds its names itself.
            await self._note((), is_complete=False)
            await self._note(await self._read_all(), is_complete=True)
            document = await self._documents.get(self._path)
        return [] if document is None else _names(document.fields.get(_NAMES))

    async def add(self, names: Iterable[str]) -> None:
        """Add names that were written. Where nobody has asked for them yet there is nothing to add to."""
        document = await self._documents.get(self._path)
        if document is not None and not set(names) <= set(_names(document.fields.get(_NAMES))):
            await self._note(names, is_complete=False)

    async def _note(self, names: Iterable[str], *, is_complete: bool) -> None:
        async def work(transaction: Transaction) -> None:
            document = await transaction.get(self._path)
            fields = {} if document is None else document.fields
            known = sorted({*_names(fields.get(_NAMES)), *names})
            was_complete = fields.get(_IS_COMPLETE) is True
            transaction.write(Write(path=self._path, fields={_NAMES: known, _IS_COMPLETE: is_complete or was_complete}))

        await self._documents.in_transaction(work)

    async def _read_all(self) -> set[str]:
        names: set[str] = set()
        async with stopping(self._documents.find(Query(collection=self._collection))) as found:
            async for document in found:
                if document.fields.get("_head") is True and document.fields.get("_deleted") is not True:
                    names.update(document.fields)
        return set(public(dict.fromkeys(names)))


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else []
