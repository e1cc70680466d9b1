"""What writing to one body changes, step by step, before it is written all at once."""

from __future__ import annotations

from karst_clio.neurons.merge import Posting, merged
from karst_clio.neurons.records import BODY_ID, is_same
from karst_clio.neurons.revisions import Archived, Head, Revision, head_path, new_name
from karst_platform.stores.documents import Fields, Path, Write


class BodyWriter:
    """The changes to one body within one transaction, as of one version of its dataset.

    Without a version they take the head's. `past` is what held as of a version older than the head's.
    """

    def __init__(
        self,
        collection: Path,
        body: int,
        head: Head | None,
        *,
        version: int | None = None,
        past: Revision | None = None,
    ) -> None:
        self._collection, self._body = collection, body
        self._head, self._stored_head = head, head
        self._version, self._past = version, past
        self._added: dict[str, Revision] = {}

    def post(self, annotation: Fields, posting: Posting) -> None:
        """Merge an annotation into the head, or beside it as of an older version. No change, no write."""
        head = self._head
        if head is None:
            self._head = Head(revision=_revision(None, annotation, posting, self._version or 0))
            return
        version = head.revision.version if self._version is None else self._version
        is_newest = version >= head.revision.version
        base = head.revision if is_newest else self._past
        new = _revision(base, annotation, posting, version)
        if base is not None and _is_same(base, new):
            return
        if is_newest:
            self._lead(head, new)
        else:
            self._past = new
            self._head = head.with_archived(self._archive(new))

    def delete(self, posting: Posting) -> None:
        """Put a tombstone in the head's place; a body that isn't there stays so."""
        head = self._head
        if head is not None and not head.revision.is_deleted:
            version = head.revision.version
            gone = {BODY_ID: self._body}
            self._lead(
                head, Revision(annotation=gone, version=version, at_s=posting.at_s, user=posting.user, is_deleted=True)
            )

    @property
    def changes(self) -> list[Write]:
        """What has to be written."""
        changes = [
            Write(path=(*self._collection, name), fields=revision.fields(is_head=False))
            for name, revision in self._added.items()
        ]
        if self._head is not None and self._head is not self._stored_head:
            changes.append(Write(path=head_path(self._collection, self._body), fields=self._head.fields()))
        return changes

    def _lead(self, head: Head, new: Revision) -> None:
        self._head = Head(revision=new, archived=head.with_archived(self._archive(head.revision)).archived)

    def _archive(self, revision: Revision) -> Archived:
        name = new_name()
        self._added[name] = revision
        return Archived(version=revision.version, name=name)


def _revision(base: Revision | None, annotation: Fields, posting: Posting, version: int) -> Revision:
    stored = None if base is None or base.is_deleted else base.annotation
    return Revision(
        annotation=merged(stored, annotation, posting), version=version, at_s=posting.at_s, user=posting.user
    )


def _is_same(one: Revision, other: Revision) -> bool:
    return (
        one.version == other.version
        and one.is_deleted == other.is_deleted
        and is_same(one.annotation, other.annotation)
    )
