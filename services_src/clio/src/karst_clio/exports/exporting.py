"""Writes all documents of a store to a folder; goes on where it was stopped."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path as FilePath

from karst_clio.exports.folder import Manifest, Writer, read_manifest, save_manifest, writing_alone
from karst_clio.exports.progress import Bar, Screen
from karst_clio.exports.store import WholeStore
from karst_platform.exits import CommandError, Exit

DOCUMENTS_A_FILE = 10_000
_BYTES_A_FILE = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Export:
    """What to export, and where to."""

    source: str
    """The store's address, without user and password."""
    folder: FilePath
    documents_a_file: int = DOCUMENTS_A_FILE
    is_dry: bool = False


async def export(order: Export, store: WholeStore, screen: Screen) -> None:
    """Export a store that is open.

    Nobody should write to it meanwhile; where the number of documents shows that somebody did, it raises CommandError.
    """
    if order.is_dry:
        screen.say(f"{order.source} holds {await store.count():,} documents. Nothing was written.")
        return
    with writing_alone(order.folder):
        manifest = _begun(order, store, screen)
        if manifest.ended is not None:
            screen.say(
                f"{order.folder} holds the whole export of {manifest.ended:%Y-%m-%d %H:%M} UTC already: "
                f"{manifest.documents:,} documents. For a new one name another folder."
            )
            return
        total = await store.count()
        with screen.bar("Exporting documents", total) as bar:
            bar.advance(manifest.documents)
            manifest = await _write_files(order, store, manifest, bar)
        await _refuse_changed(store, manifest)
        save_manifest(order.folder, manifest.model_copy(update={"ended": datetime.now(UTC)}))
    screen.say(f"Exported {manifest.documents:,} documents of {order.source} to {order.folder}.")


def _begun(order: Export, store: WholeStore, screen: Screen) -> Manifest:
    manifest = read_manifest(order.folder)
    if manifest is None:
        manifest = Manifest(id=uuid.uuid4().hex, source=order.source, root=store.root, began=datetime.now(UTC))
        save_manifest(order.folder, manifest)
    elif manifest.source != order.source:
        raise CommandError(
            Exit.USAGE, f"{order.folder} holds an export of {manifest.source}. Name another folder for {order.source}"
        )
    elif manifest.ended is None:
        screen.say(f"Going on after {manifest.documents:,} documents.")
    return manifest


async def _write_files(order: Export, store: WholeStore, manifest: Manifest, bar: Bar) -> Manifest:
    writer: Writer | None = None
    async for record in store.records(manifest.last):
        writer = writer or Writer(order.folder, len(manifest.files) + 1)
        writer.add(record)
        bar.advance()
        if writer.documents >= order.documents_a_file or writer.size_bytes >= _BYTES_A_FILE:
            manifest = _with_file(order, manifest, writer)
            writer = None
    return manifest if writer is None else _with_file(order, manifest, writer)


def _with_file(order: Export, manifest: Manifest, writer: Writer) -> Manifest:
    file = writer.finish()
    collections = Counter(manifest.collections) + Counter(writer.collections)
    changed = {
        "documents": manifest.documents + file.documents,
        "collections": dict(sorted(collections.items())),
        "files": (*manifest.files, file),
        "last": writer.last,
    }
    longer = manifest.model_copy(update=changed)
    save_manifest(order.folder, longer)
    return longer


async def _refuse_changed(store: WholeStore, manifest: Manifest) -> None:
    count = await store.count()
    if count != manifest.documents:
        raise CommandError(
            Exit.DIFFERENT,
            f"The store holds {count:,} documents now, {manifest.documents:,} were exported: somebody wrote to it "
            "meanwhile. Stop the services that write, and export anew to another folder",
        )
