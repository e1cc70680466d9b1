"""A bundle's name and bytes follow from its sources, and from nothing else."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karst.packaging import PackagingError, bundle, image_reference, service_bundle
from karst.packaging.sources import Entry, checked

FILES = {
    "landing/pyproject.toml": b"[project]\nname = 'karst-landing'\n",
    "landing/requirements.lock": b"fastapi==1 \\\n    --hash=sha256:00\n",
    "landing/src/karst_landing/__init__.py": b"",
    "landing/src/karst_landing/main.py": b"print('hello')\r\n",
    "landing/src/karst_landing/templates/page.html.j2": "<p>\N{GREEK SMALL LETTER MU}m</p>".encode(),
    "platform/pyproject.toml": b"[project]\nname = 'karst-platform'\n",
    "platform/src/karst_platform/__init__.py": b"",
    "Dockerfile": b"FROM scratch\n",
}
LEFT_OUT = (
    "landing/.env",
    "landing/README.md",
    "landing/service.yaml",
    "landing/src/karst_landing/.hidden",
    "landing/src/karst_landing/__pycache__/main.cpython-311.pyc",
    "landing/src/karst_landing/main.py~",
    "landing/src/karst_landing.egg-info/PKG-INFO",
    "landing/tests/test_main.py",
    "landing/.venv/bin/python",
)
Tree = dict[str, bytes]


def write(root: Path, files: Tree, *, backwards: bool = False) -> Path:
    for name, content in sorted(files.items(), reverse=backwards):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def test_equal_sources_give_equal_bytes_whatever_the_file_system_adds(tmp_path: Path) -> None:
    first = write(tmp_path / "first", FILES)
    before = os.umask(0o077)
    try:
        second = write(tmp_path / "second" / "deeper", FILES, backwards=True)
    finally:
        os.umask(before)
    for seconds, path in enumerate(sorted(second.rglob("*"))):
        os.utime(path, (seconds, seconds))
    (second / "landing/src/karst_landing/main.py").chmod(0o755)
    ours, theirs = service_bundle(first, "landing"), service_bundle(second, "landing")
    assert ours.tag == theirs.tag
    assert ours.tar_gz() == theirs.tar_gz()


def test_locale_time_zone_and_hash_seed_change_nothing(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    program = (
        "import sys, hashlib; from pathlib import Path; from karst.packaging import service_bundle;"
        "b = service_bundle(Path(sys.argv[1]), 'landing'); print(b.tag, hashlib.sha256(b.tar_gz()).hexdigest())"
    )
    told = set[str]()
    for seed, locale, zone in (("1", "C", "UTC"), ("2", "C.UTF-8", "Asia/Tokyo"), ("3", "tr_TR.UTF-8", "UTC+5")):
        search = os.pathsep.join(sys.path)
        environment = {"PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone, "PYTHONPATH": search}
        run = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)], env=environment, capture_output=True, text=True, check=True
        )
        told.add(run.stdout)
    assert len(told) == 1


@pytest.mark.parametrize("name", sorted(FILES))
def test_one_byte_more_gives_another_tag(tmp_path: Path, name: str) -> None:
    write(tmp_path, FILES)
    before = service_bundle(tmp_path, "landing").tag
    (tmp_path / name).write_bytes(FILES[name] + b" ")
    assert service_bundle(tmp_path, "landing").tag != before


def test_a_renamed_file_gives_another_tag(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    before = service_bundle(tmp_path, "landing").tag
    folder = tmp_path / "landing/src/karst_landing"
    (folder / "main.py").rename(folder / "other.py")
    assert service_bundle(tmp_path, "landing").tag != before


@pytest.mark.parametrize("name", LEFT_OUT)
def test_notes_tests_and_caches_stay_out(tmp_path: Path, name: str) -> None:
    write(tmp_path, FILES)
    before = service_bundle(tmp_path, "landing")
    write(tmp_path, {name: b"x"})
    assert service_bundle(tmp_path, "landing") == before


def test_the_archive_holds_the_files_unchanged_without_traces_of_the_machine(tmp_path: Path) -> None:
    made = service_bundle(write(tmp_path, FILES), "landing")
    made.write(tmp_path / "out.tar.gz")
    assert (tmp_path / "out.tar.gz").read_bytes()[4:8] == b"\0\0\0\0", "the gzip header tells a time"
    with tarfile.open(tmp_path / "out.tar.gz") as archive:
        members = archive.getmembers()
        assert {m.name: (archive.extractfile(m) or io.BytesIO(b"?")).read() for m in members} == FILES
    assert [m.name for m in members] == sorted(FILES)
    assert {(m.mtime, m.mode, m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0o644, 0, 0, "", "")}


def test_the_tag_is_the_hash_of_the_content_and_not_of_the_archive(tmp_path: Path) -> None:
    made = service_bundle(write(tmp_path, FILES), "landing")

    def sized(content: bytes) -> bytes:
        return len(content).to_bytes(8, "big") + content

    content = b"".join(sized(name.encode()) + sized(FILES[name]) for name in sorted(FILES))
    assert made.tag == hashlib.sha256(b"karst-bundle-1\n" + sized(b"landing") + content).hexdigest()[:24]


def test_links_are_refused(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "landing/src/link.py").symlink_to("/etc/passwd")
    with pytest.raises(PackagingError, match=r"link\.py is a symbolic link\. Put the file itself there"):
        service_bundle(tmp_path, "landing")


def test_links_to_folders_are_refused(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "landing/migrations").symlink_to(tmp_path / "platform")
    with pytest.raises(PackagingError, match="migrations is a symbolic link"):
        service_bundle(tmp_path, "landing")


def test_pipes_are_refused(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    os.mkfifo(tmp_path / "landing/src/pipe")
    with pytest.raises(PackagingError, match="pipe is no regular file"):
        service_bundle(tmp_path, "landing")


def test_unreadable_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, FILES)

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(PackagingError, match=r"pyproject\.toml cannot be read \(Permission denied\)"):
        service_bundle(tmp_path, "landing")


def test_huge_files_are_refused(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    with (tmp_path / "landing/src/data.bin").open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)
    with pytest.raises(PackagingError, match=r"data\.bin is 16777217 bytes, more than 16777216"):
        service_bundle(tmp_path, "landing")


def test_huge_bundles_are_refused() -> None:
    content = bytes(13 * 1024 * 1024)
    with pytest.raises(PackagingError, match="more than 67108864"):
        checked(Entry(path=f"{number}", content=content) for number in range(5))


@pytest.mark.parametrize(("one", "other"), [("a/Main.py", "a/main.py"), ("a/B/x.py", "a/b/y.py"), ("A", "a/b")])
def test_names_that_differ_in_capitals_only_are_refused(one: str, other: str) -> None:
    with pytest.raises(PackagingError, match="differ only in capitals"):
        checked([Entry(path=one, content=b""), Entry(path=other, content=b"")])


@pytest.mark.parametrize("name", ["m\u00fc.py", "a b.py", "a\\b.py", "a'b.py", "a\nb.py"])
def test_names_that_are_not_portable_are_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, FILES)
    (tmp_path / "landing/src" / name).write_bytes(b"")
    with pytest.raises(PackagingError, match="is not portable"):
        service_bundle(tmp_path, "landing")


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.lock", "src"])
def test_what_a_service_needs_is_named_when_it_is_missing(tmp_path: Path, name: str) -> None:
    write(tmp_path, {path: content for path, content in FILES.items() if f"landing/{name}" not in path})
    with pytest.raises(PackagingError, match=f"{name} is missing"):
        service_bundle(tmp_path, "landing")


def test_a_missing_shared_package_is_named(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    with pytest.raises(PackagingError, match="nowhere is no folder"):
        bundle(tmp_path / "landing", [tmp_path / "nowhere"], tmp_path / "Dockerfile")


TYPES = {
    "annotation/pyproject.toml": b"""[project]
name = 'karst-annotation'
[tool.uv.sources]
karst-platform = {path = "../platform", editable = true}
karst-schema = {path = "../schema", editable = true}
numpy = [{index = "elsewhere"}]
""",
    "annotation/requirements.lock": b"fastapi==1 \\\n    --hash=sha256:00\n",
    "annotation/src/karst_annotation/__init__.py": b"",
    "schema/pyproject.toml": b"[tool.uv.sources]\nkarst-words = {path = '../words'}\n",
    "schema/src/karst_schema/types/catalog/spines.py": b"TYPES = ()\n",
    "words/pyproject.toml": b"[tool.uv.sources]\nkarst-schema = {path = '../schema'}\n",
    "words/src/karst_words/__init__.py": b"",
}


def test_what_a_service_takes_from_beside_it_is_packed_too(tmp_path: Path) -> None:
    write(tmp_path, FILES | TYPES)
    made = service_bundle(tmp_path, "annotation")
    held = {entry.path for entry in made.entries}
    assert held == {*TYPES, *(name for name in FILES if not name.startswith("landing/"))}
    before = service_bundle(tmp_path, "landing").tag
    write(tmp_path, {"schema/src/karst_schema/types/catalog/mitochondria.py": b"TYPES = ()\n"})
    assert service_bundle(tmp_path, "annotation").tag != made.tag, "a new type is a new image"
    assert service_bundle(tmp_path, "landing").tag == before


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        (b"[tool.uv.sources]\nkarst-schema = {path = '../../schema'}\n", r"is not beside it\. Write \.\./schema"),
        (b"[tool.uv.sources]\nkarst-schema = {path = '/etc'}\n", r"is not beside it\. Write \.\./etc"),
        (b"[tool.uv.sources]\nkarst-schema = {path = '../nowhere'}\n", "nowhere is no folder"),
        (b"[tool", r"pyproject\.toml can't be read"),
        (b"tool = 1", r"pyproject\.toml can't be read"),
        (b"\xff", r"pyproject\.toml can't be read"),
    ],
)
def test_what_is_taken_from_elsewhere_is_refused(tmp_path: Path, declared: bytes, says: str) -> None:
    write(tmp_path, {**FILES, "landing/pyproject.toml": declared})
    with pytest.raises(PackagingError, match=says):
        service_bundle(tmp_path, "landing")


@given(st.dictionaries(st.text("abc/", min_size=1), st.binary(max_size=8), min_size=1, max_size=6), st.randoms())
def test_the_order_of_reading_has_no_part(files: Tree, random: object) -> None:
    entries = [Entry(path=name, content=content) for name, content in files.items()]
    shuffled = list(entries)
    getattr(random, "shuffle")(shuffled)  # noqa: B009 - the strategy's type is private
    assert checked(entries) == checked(shuffled)


def test_the_address_of_an_image_is_its_registry_service_and_tag() -> None:
    registry = "us-east4-docker.pkg.dev/lab/demo-services"
    assert image_reference(registry, "landing", "0" * 24) == f"{registry}/landing:{'0' * 24}"


@pytest.mark.parametrize("tag", ["latest", "", "0" * 23, "G" * 24])
def test_only_a_bundles_tag_is_taken(tag: str) -> None:
    with pytest.raises(ValueError, match="is no tag of a bundle"):
        image_reference("registry", "landing", tag)
