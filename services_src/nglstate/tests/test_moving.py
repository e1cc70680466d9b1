"""All states of one store in another: with their ids, owners and dates, byte for byte."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from karst_nglstate.moving.command import export, import_, run
from karst_nglstate.record import Column
from karst_platform.exits import CommandError, Exit
from services_src.nglstate.tests.conftest import unlimited
from services_src.nglstate.tests.support import API, Server, serving
from services_src.platform.tests.guard.people import READER, STRANGER, SUPERADMIN

pytestmark = pytest.mark.anyio
STATES = (b'{"b": 9007199254740993, "a": 1.10, "b": [1e400]}\r\n', b'"\\ud800 \xf0\x9f\xa7\xa0"', b"[]")


@pytest.fixture
async def source(datastore_emulator: str, tmp_path: Path) -> AsyncIterator[Server]:
    table = f"t{uuid.uuid4().hex}"
    settings = unlimited(
        datastore_emulator=datastore_emulator, table=table, older_tables=(), buckets_folder=tmp_path / "from"
    )
    async with serving(settings) as made:
        yield made


@pytest.fixture
async def target(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Server]:
    settings = unlimited(postgres_dsn=SecretStr(postgres_dsn), buckets_folder=tmp_path / "to")
    async with serving(settings) as made:
        yield made


async def fill(server: Server) -> dict[int, bytes]:
    kept = {await server.post(content, who=who): content for content in STATES for who in (READER, STRANGER)}
    await server.ask("POST", f"{API}/post/77?timestamp=1500000000", STATES[0], who=SUPERADMIN)
    return {**kept, 77: STATES[0]}


async def test_states_move_from_datastore_to_postgresql_and_back(
    source: Server, target: Server, tmp_path: Path, datastore_emulator: str
) -> None:
    kept = await fill(source)
    properties = await source.post(STATES[0], folder="/property")
    counts = await export(source.states, tmp_path / "files")
    assert (counts.states, counts.properties) == (len(kept), 1)
    assert (tmp_path / "files").stat().st_mode & 0o077 == 0
    for _ in range(2):
        counts = await import_(target.states, tmp_path / "files")
        assert (counts.states, counts.properties) == (len(kept), 1)
        for state_id, content in kept.items():
            assert await target.content(state_id) == content
            before, after = [await each.states.find(Column.STATE, state_id) for each in (source, target)]
            assert (after.user_id, after.tag, after.size_bytes) == (before.user_id, before.tag, before.size_bytes)
            assert abs((after.created - before.created).total_seconds()) < 0.001
        assert await target.content(properties, "/property") == STATES[0]
    assert (await target.states.find(Column.STATE, 77)).created.timestamp() == 1500000000
    await export(target.states, tmp_path / "back")
    settings = unlimited(
        datastore_emulator=datastore_emulator,
        table=f"t{uuid.uuid4().hex}",
        older_tables=(),
        buckets_folder=tmp_path / "again",
    )
    async with serving(settings) as again:
        await import_(again.states, tmp_path / "back")
        for state_id, content in kept.items():
            assert await again.content(state_id) == content


async def test_what_stands_there_already_stays(target: Server, source: Server, tmp_path: Path) -> None:
    await fill(source)
    await export(source.states, tmp_path / "files")
    await target.ask("POST", f"{API}/post/77", b'"another"', who=SUPERADMIN)
    with pytest.raises(CommandError, match=r"1 are not what stands there already.*: 77") as told:
        await import_(target.states, tmp_path / "files")
    assert told.value.exit_code is Exit.DIFFERENT
    assert await target.content(77) == b'"another"'


async def test_a_dry_run_writes_nothing(target: Server, source: Server, tmp_path: Path) -> None:
    kept = await fill(source)
    await export(source.states, tmp_path / "files")
    await import_(target.states, tmp_path / "files", is_dry=True)
    for state_id in kept:
        assert not await target.states.records.has(state_id)


async def test_contents_that_are_gone_are_named_and_all_others_written(source: Server, tmp_path: Path) -> None:
    kept = await fill(source)
    lost = next(iter(kept))
    (tmp_path / "from" / "nglstate" / str(lost)).unlink()
    with pytest.raises(CommandError, match=rf"1 have no content.*: {lost}"):
        await export(source.states, tmp_path / "files")
    assert json.loads((tmp_path / "files" / "export.json").read_text())["states"] == len(kept) - 1


@pytest.mark.parametrize("harm", ["cut off", "no JSON", "a line less", "no summary", "a newer one", "no id"])
async def test_damaged_files_are_refused(target: Server, source: Server, tmp_path: Path, harm: str) -> None:
    await fill(source)
    folder = tmp_path / "files"
    await export(source.states, folder)
    path, summary = folder / "states.jsonl.gz", folder / "export.json"
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    match harm:
        case "cut off":
            path.write_bytes(path.read_bytes()[:-20])
        case "no JSON":
            path.write_bytes(gzip.compress(lines[0] + b"{\n"))
        case "a line less":
            path.write_bytes(gzip.compress(b"".join(lines[1:])))
        case "no id":
            path.write_bytes(gzip.compress(lines[0].replace(b'{"id": ', b'{"id": -')))
        case "no summary":
            summary.unlink()
        case _:
            summary.write_text('{"format": 2, "states": 1, "properties": 0}')
    with pytest.raises(CommandError) as told:
        await import_(target.states, folder)
    assert told.value.exit_code is (Exit.USAGE if harm == "no summary" else Exit.DAMAGED)


async def test_the_program_says_what_it_did(postgres_dsn_of_programs: dict[str, str], tmp_path: Path) -> None:
    def told(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "karst_nglstate", *arguments],
            env=postgres_dsn_of_programs,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    folder = str(tmp_path / "files")
    assert told("export", folder) == (0, f"0 states and 0 properties are in {folder}.\n")
    assert told("import", folder) == (0, "0 states and 0 properties were read, 0 of them written.\n")


@pytest.fixture
def postgres_dsn_of_programs(postgres_dsn: str, tmp_path: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("KARST", "GOOGLE"))}
    return {**inherited, "KARST_POSTGRES_DSN": postgres_dsn, "KARST_BUCKETS": str(tmp_path / "buckets")}


def test_without_a_store_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("KARST_POSTGRES_DSN", "GOOGLE_CLOUD_PROJECT", "DATASTORE_EMULATOR_HOST", "KARST_STATE"):
        monkeypatch.delenv(name, raising=False)
    assert run(["export", "files"]) is Exit.USAGE
    assert "No store is named" in capsys.readouterr().err
