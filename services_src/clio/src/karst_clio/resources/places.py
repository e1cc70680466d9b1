"""Documents of which a user has one at each place of a dataset: bookmarks, saved searches, annotations of old.

Other software wrote several for one place, under ids of no meaning. Ours have ids that follow from what they are of,
so that writers at the same moment meet in one document. Several of old count as the latest of them, and end as one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import Depends, Query

from karst_platform.stores.documents import Document, Documents, Fields, Json, Path, Transaction, Write
from karst_platform.stores.documents import Query as Search

_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)
_ID_LENGTH = 32
Coordinate = Annotated[int, Query(ge=_SMALLEST, le=_LARGEST, description="In voxels.")]
Location = tuple[int, int, int]


def _location(x: Coordinate, y: Coordinate, z: Coordinate) -> Location:
    return (x, y, z)


AtLocation = Annotated[Location, Depends(_location)]
"""The location in the query `?x=&y=&z=`."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in a dataset, and whose."""

    user: str
    dataset: str
    location: Location

    @property
    def key(self) -> str:
        """The location as clients write it, `1_2_3`."""
        return "_".join(map(str, self.location))

    @property
    def id(self) -> str:
        """The id of our document for it."""
        return hashlib.sha256(orjson.dumps([self.user, self.dataset, self.key])).hexdigest()[:_ID_LENGTH]


class Places:
    """Such documents in one collection; `owner` is the field with the user's e-mail."""

    def __init__(self, documents: Documents, collection: Path, *, owner: str) -> None:
        self._documents, self._collection, self._owner = documents, collection, owner

    async def of_user(self, user: str, dataset: str) -> dict[str, Fields]:
        """A user's documents in a dataset by location, each with its id."""
        search = Search(collection=self._collection, equals=((self._owner, user), ("dataset", dataset)))
        found = latest([each async for each in self._documents.find(search)], self._owner)
        return {str(each.fields.get("locationkey", each.id)): {**each.fields, "id": each.id} for each in found}

    async def put(self, place: Place, at_s: float, make: Callable[[Fields | None], Fields]) -> Fields:
        """Store what `make` gives for what is stored, in its place; return it with the fields that the server sets.

        What doesn't change keeps its time, so that nothing happens when a call comes twice.
        """
        of_old = await self._ids(place)

        async def work(transaction: Transaction) -> Fields:
            paths = [(*self._collection, each) for each in dict.fromkeys([*of_old, place.id])]
            found = latest([each for each in await transaction.get_many(paths) if each is not None], self._owner)
            stored = found[0] if found else None
            path = stored.path if stored is not None else (*self._collection, place.id)
            made = {**make(stored.fields if stored is not None else None), **self._of_server(place, path[-1])}
            fields: Fields = {**made, "timestamp": at_s}
            if stored is not None and _is_same(made, stored.fields):
                fields = stored.fields
            else:
                transaction.write(Write(path=path, fields=fields))
            transaction.write(*(Write(path=each, fields=None) for each in paths if each != path and each[-1] in of_old))
            return fields

        return await self._documents.in_transaction(work)

    async def remove(self, place: Place) -> None:
        """Remove the document and its duplicates; where there is none, that is no mistake."""
        ids = dict.fromkeys([*await self._ids(place), place.id])
        await self._documents.write(*(Write(path=(*self._collection, each), fields=None) for each in ids))

    async def _ids(self, place: Place) -> list[str]:
        equals: tuple[tuple[str, Json], ...] = (
            (self._owner, place.user),
            ("dataset", place.dataset),
            ("locationkey", place.key),
        )
        search = Search(collection=self._collection, equals=equals)
        return [each.id async for each in self._documents.find(search)]

    def _of_server(self, place: Place, name: str) -> dict[str, Json]:
        return {
            self._owner: place.user,
            "dataset": place.dataset,
            "location": list(place.location),
            "locationkey": place.key,
            "id": name,
        }


def latest(found: Iterable[Document], owner: str) -> list[Document]:
    """Of documents for the same place the one that was written last."""
    kept: dict[tuple[object, ...], Document] = {}
    for each in found:
        place = tuple(str(each.fields.get(name, "")) for name in (owner, "dataset", "locationkey"))
        if place not in kept or _time(kept[place]) < _time(each):
            kept[place] = each
    return list(kept.values())


def _time(document: Document) -> float:
    value = document.fields.get("timestamp")
    return value if isinstance(value, int | float) else 0


def _is_same(made: Fields, stored: Fields) -> bool:
    """Whether nothing but the time differs; `1`, `1.0` and `true` do."""
    kept = {name: value for name, value in stored.items() if name != "timestamp"}
    return "timestamp" in stored and _text(made) == _text(kept)


def _text(fields: Fields) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
