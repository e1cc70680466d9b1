"""A kill at any moment loses nothing: the same command goes on, and the result is that of an undisturbed run."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from karst_clio.exports.addresses import parse_address
from karst_clio.exports.command import open_store
from karst_clio.exports.store import Record, WholeStore
from karst_platform.exits import Exit
from karst_platform.stores.documents import Write
from services_src.clio.tests.exports.conftest import NewStore
from services_src.clio.tests.exports.filling import documents_at

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
DOCUMENTS = 3000
PATIENCE_S = 60


async def fill_much(address: str) -> None:
    store = open_store(parse_address(address))
    await store.open(is_writing=True)
    fields = {"text": "x" * 300, "list": [1, 1.0, None, [2]]}
    writes = [
        Write(
            path=("clio_annotations_v2", f"mb{n % 7}", f"user{n % 11}@example.org", f"Pt{n}"), fields={**fields, "n": n}
        )
        for n in range(DOCUMENTS)
    ]
    await store.documents.write(*writes)
    await store.close()


async def held(address: str) -> list[Record]:
    store = open_store(parse_address(address))
    await store.open(is_writing=False)
    found = await records(store)
    await store.close()
    return found


async def records(store: WholeStore) -> list[Record]:
    return [record async for record in store.records(None)]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "karst_clio", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(*arguments: str) -> str:
    process = start(*arguments)
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == Exit.OK, said
    return said


def kill_when_there_are(files: int, folder: Path, process: subprocess.Popen[str]) -> None:
    """Kill a process in the midst of its work; it must not have ended by itself before."""
    end = time.monotonic() + PATIENCE_S
    while files_of(folder) < files:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def files_of(folder: Path) -> int:
    try:
        return len(json.loads((folder / "manifest.json").read_text())["files"])
    except FileNotFoundError:
        return 0


async def test_a_killed_export_goes_on(new_store: NewStore, tmp_path: Path):
    address = new_store()
    await fill_much(address)
    options = ("--from", address, "--documents-a-file", "100")
    for files in (1, 12):
        kill_when_there_are(files, tmp_path / "killed", start("export", str(tmp_path / "killed"), *options))
        assert files_of(tmp_path / "killed") < 30
    said = finish("export", str(tmp_path / "killed"), *options)
    assert "Going on after" in said
    finish("export", str(tmp_path / "whole"), *options)
    whole, killed = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("whole", "killed")
    )
    manifests = [json.loads(files.pop("manifest.json")) for files in (whole, killed)]
    assert killed == whole
    assert len(whole) == 31  # with the lock
    for name in ("documents", "collections", "files", "last", "source"):
        assert manifests[0][name] == manifests[1][name]


async def test_a_killed_import_goes_on(new_database: NewStore, new_store: NewStore, tmp_path: Path):
    source, target = new_database(), new_store()
    await fill_much(source)
    finish("export", str(tmp_path / "export"), "--from", source, "--documents-a-file", "100")
    options = (str(tmp_path / "export"), "--to", target)
    for files in (1, 12):
        await kill_import_after(files, target, options)
    refused = start("import", *options, "--dry-run")
    said, _ = refused.communicate(timeout=PATIENCE_S)
    assert "Nothing was written" in said
    said = finish("import", *options)
    assert "Going on after" in said
    assert sorted(await held(target), key=lambda each: each.path) == await held(source)
    said = finish("import", *options)
    assert "imported before" in said


async def kill_import_after(files: int, target: str, options: tuple[str, ...]) -> None:
    """Kill it between two batches, or in one, of the file after so many."""
    process = start("import", *options)
    documents = documents_at(target)
    end = time.monotonic() + PATIENCE_S
    try:
        while True:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            try:
                marks = await documents.children(("karst_imports",))
                mark = await documents.get(("karst_imports", marks[0])) if marks else None
            except Exception as error:  # noqa: BLE001 - the schema isn't there yet
                assert "documents" in str(error)  # noqa: PT017
                mark = None
            if mark is not None and int(str(mark.fields["files"])) >= files:
                assert int(str(mark.fields["files"])) < 30
                break
            # Asking without end would slow down whom it waits for.
            await asyncio.sleep(0.005)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        await documents.close()
