"""Which versions a dataset has: a tag for people, a uuid for DVID.

They stand in the document `clio_annotations_global/metadata`, which other programs write; where it has nothing about
a dataset, in the dataset's own document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as item

from karst_clio.caching import Clock, TimedCache
from karst_clio.catalog import Catalog
from karst_clio.neurons.errors import BadInputError, NotThereError
from karst_clio.neurons.versions import version_number
from karst_platform.stores.documents import Documents, Fields, Json

KEEP_S = 120
_PATH = ("clio_annotations_global", "metadata")


@dataclass(frozen=True, kw_only=True)
class Versions:
    """The versions of a dataset."""

    uuid_of: Mapping[str, str] = item(default_factory=dict[str, str])
    """Uuid by tag."""
    tag_of: Mapping[str, str] = item(default_factory=dict[str, str])
    """Tag by uuid."""
    head_tag: str | None = None
    head_uuid: str | None = None
    fields: tuple[str, ...] | None = None
    """Names of fields that annotations have, where the document lists them."""

    def uuid(self, tag: str) -> str:
        """The uuid of a tag. Raises `NotThereError`."""
        if tag not in self.uuid_of:
            raise NotThereError(f"No version {tag}")
        return self.uuid_of[tag]

    def tag(self, uuid: str) -> str:
        """The tag of a uuid, or of the beginning of one. Raises `NotThereError`, `BadInputError` for several."""
        if uuid in self.tag_of:
            return self.tag_of[uuid]
        found = [tag for each, tag in self.tag_of.items() if each.startswith(uuid) or uuid.startswith(each)]
        if not found:
            raise NotThereError(f"No version has the uuid {uuid}")
        if len(found) > 1:
            raise BadInputError(f"Several versions have uuids that begin like {uuid}")
        return found[0]

    def number(self, version: str) -> int | None:
        """The number of a tag or uuid to write at, None for no version. Raises `BadInputError`."""
        if not version or (version == self.head_uuid and version not in self.tag_of):
            return None
        if version.startswith("v"):
            return version_number(version)
        try:
            return version_number(self.tag(version))
        except NotThereError:
            return version_number(version)

    def as_of(self, version: str) -> int | None:
        """The number of a tag or uuid to read as of, None for the newest, which the head's tag means too."""
        number = self.number(version)
        return None if number is not None and number == self._head_number else number

    @property
    def _head_number(self) -> int | None:
        try:
            return None if self.head_tag is None else version_number(self.head_tag)
        except BadInputError:
            return None  # a dataset may be tagged in words; no number is its head's then


class Metadata:
    """The versions of all datasets, kept for two minutes."""

    def __init__(self, documents: Documents, catalog: Catalog, clock: Clock) -> None:
        self._documents, self._catalog = documents, catalog
        self._cache: TimedCache[None, Fields] = TimedCache(keep_s=KEEP_S, size=1, clock=clock)

    async def versions(self, kind: str, dataset: str) -> Versions:
        """The versions of a dataset for one type of annotation."""
        of_kind = (await self._cache.get(None, self._load)).get(kind)
        entry = of_kind.get(dataset) if isinstance(of_kind, Mapping) else None
        if isinstance(entry, Mapping):
            return _of_entry(entry)
        return _of_dataset(await self._catalog.get(dataset) or {})

    def forget(self) -> None:
        """Read the document again the next time."""
        self._cache.clear()

    async def _load(self) -> Fields:
        document = await self._documents.get(_PATH)
        return {} if document is None else document.fields


def _of_entry(entry: Fields) -> Versions:
    uuid_of, tag_of = _texts(entry.get("tag_to_uuid")), _texts(entry.get("uuid_to_tag"))
    fields = entry.get("fields")
    return Versions(
        uuid_of=uuid_of or {tag: uuid for uuid, tag in tag_of.items()},
        tag_of=tag_of or {uuid: tag for tag, uuid in uuid_of.items()},
        head_tag=_text(entry.get("head_tag")),
        head_uuid=_text(entry.get("head_uuid")),
        fields=tuple(str(name) for name in fields) if isinstance(fields, list) else None,
    )


def _of_dataset(dataset: Fields) -> Versions:
    head_tag, head_uuid = _text(dataset.get("tag")), _text(dataset.get("uuid"))
    uuid_of: dict[str, str] = {}
    versions = dataset.get("versions")
    for each in versions if isinstance(versions, list) else ():
        if isinstance(each, Mapping) and (uuid := _text(each.get("uuid"))):
            tag = next((text for name in ("tag", "version", "title") if (text := _text(each.get(name)))), None)
            if tag:
                uuid_of[tag] = uuid
    if head_tag and head_uuid:
        uuid_of[head_tag] = head_uuid
    tag_of = {uuid: tag for tag, uuid in uuid_of.items()}
    return Versions(uuid_of=uuid_of, tag_of=tag_of, head_tag=head_tag, head_uuid=head_uuid)


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: Json) -> dict[str, str]:
    return {name: text for name, text in value.items() if isinstance(text, str)} if isinstance(value, Mapping) else {}
