"""Puts the documents of a folder into a store; goes on where it was stopped.

How far it came stands in the target itself, in a document of the collection `IMPORTS`: so nobody mistakes a half-filled
store for a whole one, and a folder can be imported from a place that can't be written to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import cast

from karst_clio.exports.folder import Manifest, check_files, read_manifest, records_of
from karst_clio.exports.progress import Screen
from karst_clio.exports.store import IMPORTS, Outcome, Putting, Record, WholeStore, steadily
from karst_platform.exits import CommandError, Exit
from karst_platform.stores.documents import UnstorableError, Write

_DOCUMENTS_AT_ONCE = 500
_BYTES_AT_ONCE = 2 << 20


@dataclass(frozen=True, kw_only=True)
class Import:
    """What to import, and how."""

    target: str
    """The store's address, without user and password."""
    folder: FilePath
    is_adding: bool = False
    """Whether the target may hold other documents."""
    is_replacing: bool = False
    """Whether documents that the target holds otherwise are overwritten."""
    is_dry: bool = False


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """How far an import came."""

    files: int
    """So many are done."""
    is_whole: bool
    """Whether the target was empty before, so that counts must match."""
    is_complete: bool = False


async def import_(order: Import, store: WholeStore, screen: Screen) -> None:
    """Import into a store that is open. Raises CommandError."""
    manifest = _complete_manifest(order.folder)
    with screen.bar("Checking files", len(manifest.files)) as bar:
        for _ in check_files(order.folder, manifest):
            bar.advance()
    if order.is_dry:
        await _try(order, store, manifest, screen)
        return
    mark = await _begun(order, store, manifest, screen)
    if not mark.is_complete:
        mark = await _put_all(order, store, manifest, mark, screen)
    await _compare(order, store, manifest, mark, screen)
    screen.say(f"Imported {manifest.documents:,} documents of {manifest.source} into {order.target}: all are there.")


def _complete_manifest(folder: FilePath) -> Manifest:
    manifest = read_manifest(folder)
    if manifest is None:
        raise CommandError(
            Exit.USAGE, f"{folder} holds no export: it has no manifest.json. Make one: karst clio export"
        )
    if manifest.ended is None:
        raise CommandError(
            Exit.USAGE, f"The export in {folder} was stopped before its end. Run it again: karst clio export"
        )
    if sum(file.documents for file in manifest.files) != manifest.documents:
        raise CommandError(Exit.DAMAGED, f"The manifest in {folder} contradicts itself: its files hold another number")
    return manifest


async def _begun(order: Import, store: WholeStore, manifest: Manifest, screen: Screen) -> _Mark:
    """Where to go on, or the beginning of an import that the target allows."""
    mark = await _marked(store, manifest)
    is_told = order.is_adding or order.is_replacing
    if mark is not None and not (mark.is_complete and is_told):
        if mark.is_complete:
            screen.say("This export was imported before; comparing. To import it again: --add or --replace.")
        else:
            screen.say(f"Going on after {mark.files:,} of {len(manifest.files):,} files.")
        return mark
    held = await store.count()
    if held and not is_told:
        raise CommandError(
            Exit.USAGE,
            f"{order.target} holds {held:,} documents. Name an empty store; or add to what it holds: --add, and where "
            "documents differ put the export's in their place: --replace",
        )
    mark = _Mark(files=0, is_whole=held == 0)
    await _note(store, manifest, mark)
    return mark


async def _put_all(order: Import, store: WholeStore, manifest: Manifest, mark: _Mark, screen: Screen) -> _Mark:
    putting = Putting(is_replacing=order.is_replacing, moved_from=manifest.root)
    with screen.bar("Importing documents", manifest.documents) as bar:
        bar.advance(sum(file.documents for file in manifest.files[: mark.files]))
        for number, file in enumerate(manifest.files[mark.files :], start=mark.files + 1):
            for batch in _batches(records_of(order.folder, file)):
                outcome = await _put(store, batch, putting)
                _refuse_differing(order, outcome)
                bar.advance(len(batch))
            mark = _Mark(files=number, is_whole=mark.is_whole)
            await _note(store, manifest, mark)
    return mark


async def _compare(order: Import, store: WholeStore, manifest: Manifest, mark: _Mark, screen: Screen) -> None:
    """Find every document in the target, as the export has it, and, where it was empty, no others."""
    found = await _read_all(order, store, manifest, screen, "Comparing documents")
    count = await store.count()
    if found.same != manifest.documents or (mark.is_whole and count != manifest.documents):
        faults = f"{found.created:,} are missing, {found.differing:,} differ{_names(found)}"
        raise CommandError(
            Exit.DIFFERENT,
            f"The export has {manifest.documents:,} documents, {order.target} holds {count:,}; of those {faults}. "
            "Somebody writes to the target: stop the services that use it, and import again with --replace",
        )
    await _note(store, manifest, _Mark(files=mark.files, is_whole=False, is_complete=True))


async def _try(order: Import, store: WholeStore, manifest: Manifest, screen: Screen) -> None:
    """Say what an import would do."""
    found = await _read_all(order, store, manifest, screen, "Trying")
    screen.say(
        f"Of {manifest.documents:,} documents {found.created:,} are new, {found.same:,} are there already, "
        f"{found.differing:,} differ{_names(found)}. {order.target} holds {await store.count():,}. "
        "Nothing was written."
    )


async def _read_all(order: Import, store: WholeStore, manifest: Manifest, screen: Screen, title: str) -> Outcome:
    found = Outcome()
    with screen.bar(title, manifest.documents) as bar:
        for file in manifest.files:
            for batch in _batches(records_of(order.folder, file)):
                found += await _put(store, batch, Putting(is_dry=True, moved_from=manifest.root))
                bar.advance(len(batch))
    return found


async def _put(store: WholeStore, batch: list[Record], putting: Putting) -> Outcome:
    try:
        return await store.put(batch, putting)
    except UnstorableError as error:
        raise CommandError(Exit.DIFFERENT, f"A document at or after {'/'.join(batch[0].path)}: {error}") from None
    except ValueError as error:
        place = "/".join(batch[0].path)
        raise CommandError(Exit.DAMAGED, f"A document at or after {place} can't be read: {error}") from None


def _batches(records: Iterable[tuple[Record, int]]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for record, length in records:
        if batch and (len(batch) == _DOCUMENTS_AT_ONCE or size + length > _BYTES_AT_ONCE):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch


def _refuse_differing(order: Import, outcome: Outcome) -> None:
    if outcome.differing and not order.is_replacing:
        raise CommandError(
            Exit.DIFFERENT,
            f"{order.target} holds other documents of the same paths{_names(outcome)}. They stay as they "
            "are. --dry-run counts them all, --replace puts the export's in their place",
        )


def _names(found: Outcome) -> str:
    if not found.examples:
        return ""
    more = ", ..." if found.differing > len(found.examples) else ""
    return f" ({', '.join('/'.join(path) for path in found.examples)}{more})"


async def _marked(store: WholeStore, manifest: Manifest) -> _Mark | None:
    document = await steadily(lambda: store.documents.get((IMPORTS, manifest.id)))
    if document is None:
        return None
    told = document.fields
    return _Mark(
        files=cast("int", told["files"]),
        is_whole=told["is_whole"] is True,
        is_complete=told["is_complete"] is True,
    )


async def _note(store: WholeStore, manifest: Manifest, mark: _Mark) -> None:
    fields = {
        "files": mark.files,
        "is_whole": mark.is_whole,
        "is_complete": mark.is_complete,
        "source": manifest.source,
        "exported": manifest.began.isoformat(),
    }
    await steadily(lambda: store.documents.write(Write(path=(IMPORTS, manifest.id), fields=fields)))
