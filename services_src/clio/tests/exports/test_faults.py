"""What goes wrong is named, with what to do; nothing is written then, and no password shown."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import psycopg
import pytest

from karst_clio.exports import folder as folders
from karst_clio.exports.command import run
from karst_platform.exits import Exit
from services_src.clio.tests.exports.conftest import NewStore

Says = pytest.CaptureFixture[str]
DOCUMENTS = 50


@pytest.fixture
def source(new_database: NewStore) -> str:
    """A store with some documents."""
    return filled(new_database())


@pytest.fixture
def exported(source: str, tmp_path: Path) -> Path:
    """An export of them."""
    assert run(["export", str(tmp_path / "export"), "--from", source, "--documents-a-file", "20"]) is Exit.OK
    return tmp_path / "export"


def filled(address: str) -> str:
    assert run(["migrate", "--to", address]) is Exit.OK
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO documents "
            "SELECT 'things', 'id' || n, jsonb_build_object('n', n) FROM generate_series(1, %s) n",
            (DOCUMENTS,),
        )
    return address


def held(address: str) -> dict[str, object]:
    with psycopg.connect(address) as connection:
        found = connection.execute("SELECT to_regclass('documents') IS NOT NULL").fetchone()
        if found != (True,):
            return {}
        return dict(connection.execute("SELECT id, fields FROM documents WHERE collection <> 'karst_imports'"))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://x/y", "begins with firestore:// or postgresql://"),
        ("firestore://", "names no database"),
        ("firestore://UPPER/x", "names no database"),
        ("firestore://my-project/a/b", "names no database"),
        ("postgresql://ada:hunter2@[::1/x", "can't be read"),
        ("postgresql://ada:hunter2@host/x?nonsense=1", "can't be read"),
    ],
)
def test_an_address_that_means_nothing(address: str, words: str, tmp_path: Path, capsys: Says):
    assert run(["export", str(tmp_path / "e"), "--from", address]) is Exit.USAGE
    said = capsys.readouterr().err
    assert words in said
    assert "hunter2" not in said
    assert not (tmp_path / "e").exists()


@pytest.mark.parametrize("command", ["export", "import", "migrate"])
def test_a_database_that_is_not_there(command: str, tmp_path: Path, capsys: Says):
    address = "postgresql://ada:hunter2@127.0.0.1:1/clio"
    place = {"export": ["--from", address, "e"], "import": ["--to", address, "e"], "migrate": ["--to", address]}
    assert run([command, *place[command]]) is Exit.STORE
    said = capsys.readouterr().err
    assert "postgresql://127.0.0.1:1/clio can't be used" in said
    assert "refused" in said
    assert "hunter2" not in said


def test_a_user_who_may_not(source: str, tmp_path: Path, capsys: Says):
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS stranger")
        connection.execute("CREATE ROLE stranger LOGIN")
    address = source.replace("postgres:@", "stranger:@")
    assert address != source
    assert run(["export", str(tmp_path / "e"), "--from", address]) is Exit.STORE
    assert "permission denied for table" in capsys.readouterr().err


def test_a_folder_that_is_somebody_elses(source: str, tmp_path: Path, capsys: Says):
    (tmp_path / "thesis.txt").touch()
    assert run(["export", str(tmp_path), "--from", source]) is Exit.USAGE
    assert "holds other files (thesis.txt)" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_with_the_export_of_another_store(exported: Path, new_database: NewStore, capsys: Says):
    assert run(["export", str(exported), "--from", filled(new_database())]) is Exit.USAGE
    assert "holds an export of postgresql://" in capsys.readouterr().err


def test_two_exports_into_one_folder(source: str, tmp_path: Path, capsys: Says):
    with (tmp_path / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run(["export", str(tmp_path), "--from", source]) is Exit.IN_USE
    assert "Another export writes to" in capsys.readouterr().err


def test_a_full_disk(source: str, tmp_path: Path, capsys: Says, monkeypatch: pytest.MonkeyPatch):
    create: Callable[[Path], BinaryIO] = getattr(folders, "_create")  # noqa: B009 - private

    def create_on_a_full_disk(path: Path) -> BinaryIO:
        return create(Path("/dev/full") if "000002" in path.name else path)

    place = tmp_path / "export"
    with monkeypatch.context() as patch:
        patch.setattr(folders, "_create", create_on_a_full_disk)
        assert run(["export", str(place), "--from", source, "--documents-a-file", "20"]) is Exit.DISK_FULL
    assert "Make room, and run it again" in capsys.readouterr().err
    assert run(["export", str(place), "--from", source, "--documents-a-file", "20"]) is Exit.OK
    assert "Going on after 20 documents" in capsys.readouterr().err


def test_a_full_export_is_not_made_twice(source: str, exported: Path, capsys: Says):
    before = (exported / "manifest.json").read_bytes()
    assert run(["export", str(exported), "--from", source]) is Exit.OK
    assert "holds the whole export" in capsys.readouterr().err
    assert (exported / "manifest.json").read_bytes() == before


def test_files_are_for_their_owner_only(exported: Path):
    assert exported.stat().st_mode & 0o77 == 0
    for path in exported.glob("[!.]*"):
        assert path.stat().st_mode & 0o77 == 0


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, flip, empty, Path.unlink])
def test_a_damaged_file(damage: Callable[[Path], None], exported: Path, new_database: NewStore, capsys: Says):
    target = new_database()
    damage(exported / "documents-000003.jsonl.gz")
    assert run(["import", str(exported), "--to", target]) is Exit.DAMAGED
    assert "documents-000003.jsonl.gz is damaged" in capsys.readouterr().err
    assert held(target) == {}


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"format": "karst-documents", "version": "x"}',
                                  b'{"format": "karst-documents", "version": 1}', b"\xff"])  # fmt: skip
def test_a_damaged_manifest(text: bytes, exported: Path, new_database: NewStore, capsys: Says):
    (exported / "manifest.json").write_bytes(text)
    assert run(["import", str(exported), "--to", new_database()]) is Exit.DAMAGED
    assert "manifest.json is damaged" in capsys.readouterr().err


def change(exported: Path, **values: object) -> None:
    path = exported / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_newer_format(exported: Path, new_database: NewStore, capsys: Says):
    change(exported, version=2, unknown=True)
    assert run(["import", str(exported), "--to", new_database()]) is Exit.DAMAGED
    assert "has format 2, this Karst knows 1: use the Karst that made it" in capsys.readouterr().err


def test_counts_that_contradict_each_other(exported: Path, new_database: NewStore, capsys: Says):
    change(exported, documents=DOCUMENTS + 1)
    assert run(["import", str(exported), "--to", new_database()]) is Exit.DAMAGED
    assert "contradicts itself" in capsys.readouterr().err


def test_values_of_a_newer_kind(exported: Path, new_database: NewStore, capsys: Says):
    line = json.dumps({"path": ["things", "one"], "fields": {"n": {"$vector": [1]}}}).encode()
    rewrite(exported, [line])
    assert run(["import", str(exported), "--to", new_database()]) is Exit.DAMAGED
    assert "'$vector' is of a form that this Karst doesn't know" in capsys.readouterr().err


def test_what_postgres_cannot_keep_is_named(exported: Path, new_database: NewStore, capsys: Says):
    rewrite(exported, [json.dumps({"path": ["things", "one"], "fields": {"text": "a\0b"}}).encode()])
    assert run(["import", str(exported), "--to", new_database()]) is Exit.DIFFERENT
    assert "can't keep things/one" in capsys.readouterr().err


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rewrite(exported: Path, lines: list[bytes]) -> None:
    """Make an export of these lines."""
    path = exported / "documents-000001.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
    file = {"name": path.name, "documents": len(lines), "bytes": path.stat().st_size, "sha256": sha256(path)}
    change(exported, documents=len(lines), files=[file])


def test_an_export_that_was_stopped(exported: Path, new_database: NewStore, capsys: Says):
    change(exported, ended=None)
    assert run(["import", str(exported), "--to", new_database()]) is Exit.USAGE
    assert "was stopped before its end" in capsys.readouterr().err


def test_a_folder_without_an_export(tmp_path: Path, new_database: NewStore, capsys: Says):
    assert run(["import", str(tmp_path), "--to", new_database()]) is Exit.USAGE
    assert "holds no export" in capsys.readouterr().err


def test_a_target_that_holds_something(exported: Path, new_database: NewStore, capsys: Says):
    target = filled(new_database())
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute("DELETE FROM documents WHERE id > 'id3'")
        connection.execute("""UPDATE documents SET fields = '{"n": 1.0}' WHERE id = 'id1'""")
        connection.execute("""INSERT INTO documents VALUES ('things', 'other', '{}')""")
    before = held(target)
    assert run(["import", str(exported), "--to", target]) is Exit.USAGE
    assert "Name an empty store" in capsys.readouterr().err
    assert run(["import", str(exported), "--to", target, "--dry-run"]) is Exit.OK
    assert "1 differ (things/id1)" in capsys.readouterr().err
    assert held(target) == before
    assert run(["import", str(exported), "--to", target, "--add"]) is Exit.DIFFERENT
    assert "other documents of the same paths (things/id1)" in capsys.readouterr().err
    assert {name: held(target)[name] for name in before} == before
    assert run(["import", str(exported), "--to", target, "--replace"]) is Exit.OK
    assert held(target) == {f"id{n}": {"n": n} for n in range(1, DOCUMENTS + 1)} | {"other": {}}
    assert type(held(target)["id1"]["n"]) is int  # type: ignore[index]


def test_a_try_writes_nothing(source: str, exported: Path, new_database: NewStore, tmp_path: Path, capsys: Says):
    target = new_database()
    assert run(["export", str(tmp_path / "new"), "--from", source, "--dry-run"]) is Exit.OK
    assert f"holds {DOCUMENTS} documents. Nothing was written" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    assert run(["import", str(exported), "--to", target, "--dry-run"]) is Exit.OK
    assert f"Of {DOCUMENTS} documents {DOCUMENTS} are new" in capsys.readouterr().err
    with psycopg.connect(target) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_what_changes_after_an_import_is_told(exported: Path, new_database: NewStore, capsys: Says):
    target = new_database()
    assert run(["import", str(exported), "--to", target]) is Exit.OK
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute("DELETE FROM documents WHERE id = 'id7'")
    assert run(["import", str(exported), "--to", target]) is Exit.DIFFERENT
    assert "1 are missing, 0 differ" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["export", "import", "migrate"])
def test_a_database_of_a_newer_karst(command: str, exported: Path, source: str, capsys: Says):
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute("UPDATE documents_schema SET version = 99")
    place = {"export": ["--from", source, "e"], "import": ["--to", source, str(exported)], "migrate": ["--to", source]}
    assert run([command, *place[command]]) is Exit.DAMAGED
    assert "schema 99, this Karst knows" in capsys.readouterr().err


def test_migrations_go_down_and_up_but_lose_nothing_untold(source: str, capsys: Says):
    assert run(["migrate", "--to", source, "--schema", "0"]) is Exit.DIFFERENT
    assert f"holds {DOCUMENTS} documents, and schema 0 holds none" in capsys.readouterr().err
    assert len(held(source)) == DOCUMENTS
    assert run(["migrate", "--to", source, "--schema", "0", "--delete-documents"]) is Exit.OK
    assert held(source) == {}
    assert run(["migrate", "--to", source]) is Exit.OK
    assert "went from schema 0 to" in capsys.readouterr().err
    assert run(["migrate", "--to", source, "--schema", "77"]) is Exit.USAGE
    assert run(["migrate", "--to", "firestore://my-project"]) is Exit.USAGE
