"""A body's history as documents: its head at `id{bodyid}`, each older revision beside it under a name of its own.

The head lists the revisions, newest first: numbers of versions in `_archived_versions`, names in `_archived_keys`.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass

from karst_clio.neurons.records import public
from karst_platform.stores.documents import Document, Fields, Json, Path

MOST_LISTED = 1000
"""So many revisions the head lists; older ones are found by their body id."""
_NAME_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True)
class Revision:
    """An annotation as it was at a version of its dataset, or, as a tombstone, that it was gone."""

    annotation: Fields
    version: int
    at_s: float
    user: str
    is_deleted: bool = False

    @property
    def order(self) -> tuple[int, float]:
        """What makes one revision newer than another: the version, then the time."""
        return self.version, self.at_s

    def fields(self, *, is_head: bool) -> dict[str, Json]:
        """The fields of its document."""
        mark: dict[str, Json] = {"_deleted": True} if self.is_deleted else {}
        own = {"_head": is_head, "_version": self.version, "_timestamp": self.at_s, "_user": self.user}
        return {**self.annotation, **own, **mark}


@dataclass(frozen=True, kw_only=True)
class Archived:
    """Where an older revision is."""

    version: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Head:
    """The newest revision of a body, and where the older ones are, newest first."""

    revision: Revision
    archived: tuple[Archived, ...] = ()

    def fields(self) -> dict[str, Json]:
        """The fields of its document."""
        listed = self.archived[:MOST_LISTED]
        return {
            **self.revision.fields(is_head=True),
            "_archived_versions": [each.version for each in listed],
            "_archived_keys": [each.name for each in listed],
        }

    def as_of(self, version: int) -> Archived | None:
        """Where what held as of a version older than the head's is; None where the list has nothing so old."""
        fitting = [each for each in self.archived if each.version <= version]
        return max(fitting, key=lambda each: each.version, default=None)

    @property
    def is_cut(self) -> bool:
        """Whether there may be older revisions than the list has."""
        return len(self.archived) >= MOST_LISTED

    def with_archived(self, added: Archived) -> Head:
        """With one revision more, in its place: the newest of its version."""
        place = next((n for n, each in enumerate(self.archived) if each.version <= added.version), len(self.archived))
        return Head(revision=self.revision, archived=(*self.archived[:place], added, *self.archived[place:]))


def head_path(collection: Path, body: int) -> Path:
    """Where a body's head is."""
    return (*collection, f"id{body}")


def new_name() -> str:
    """A name for a revision's document, as Firestore makes them."""
    return "".join(secrets.choice(_NAME_LETTERS) for _ in range(20))


def is_head(document: Document) -> bool:
    """Whether a document is a head with an annotation, neither an older revision nor a tombstone."""
    return document.fields.get("_head") is True and document.fields.get("_deleted") is not True


def read_revision(fields: Fields) -> Revision:
    """The revision in a document; what older programs left out is zero or empty."""
    version, at_s, user = fields.get("_version"), fields.get("_timestamp"), fields.get("_user")
    return Revision(
        annotation=public(fields),
        version=version if isinstance(version, int) else 0,
        at_s=at_s if isinstance(at_s, int | float) else 0.0,
        user=user if isinstance(user, str) else "",
        is_deleted=fields.get("_deleted") is True,
    )


def read_head(fields: Fields) -> Head:
    """The head in a document."""
    versions, names = fields.get("_archived_versions"), fields.get("_archived_keys")
    pairs = zip(versions, names, strict=False) if isinstance(versions, list) and isinstance(names, list) else ()
    archived = (
        Archived(version=version, name=name)
        for version, name in pairs
        if isinstance(version, int) and isinstance(name, str)
    )
    return Head(revision=read_revision(fields), archived=tuple(archived))


def newest(revisions: Iterable[Revision], version: int) -> Revision | None:
    """The revision that held as of a version."""
    return max((each for each in revisions if each.version <= version), key=lambda each: each.order, default=None)
