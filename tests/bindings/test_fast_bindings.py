"""Smaller bindings: what they hold, that nothing changes by them, and what happens when they can't be made."""

from __future__ import annotations

import ast
import json
import logging
import os
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from karst import fast_bindings
from tests.examples import ROOT, ExampleStack, run_main

SOURCES = (ROOT / "constructs" / "karst", ROOT / "stacks")


def installed(provider: str) -> Path:
    """The archive of a provider's wheel."""
    spec = find_spec(f"cdktn_provider_{provider}")
    assert spec is not None
    assert spec.origin is not None
    return next((Path(spec.origin).parent / "_jsii").glob("*.tgz"))


def imported_by_syntax() -> dict[str, set[str]]:
    """The same answer as `submodules_used`, from the syntax tree."""
    found: dict[str, set[str]] = {}
    for path in (path for source in SOURCES for path in source.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                package, _, submodule = name.partition(".")
                if package.startswith("cdktn_provider_"):
                    found.setdefault(package.removeprefix("cdktn_provider_"), set()).add(submodule)
    return found


def test_every_import_is_found() -> None:
    used = fast_bindings.submodules_used(SOURCES)
    assert {provider: set(names) for provider, names in used.items()} == imported_by_syntax()
    assert "storage_bucket" in used["google"]


@pytest.mark.slow
def test_examples_are_the_same_to_the_byte(
    tmp_path: Path, examples: dict[str, ExampleStack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run_main(tmp_path / "whole", {fast_bindings.SWITCH: "1"})
    assert not (tmp_path / "cache").exists(), "the switch must keep everything as it was"
    whole = {path.parent.name: path.read_bytes() for path in (tmp_path / "whole/stacks").glob("*/cdk.tf.json")}
    assert whole == {name: stack.path.read_bytes() for name, stack in examples.items()}


def test_archives_in_use_are_a_small_part_of_the_whole(tmp_path: Path) -> None:
    used = fast_bindings.submodules_used(SOURCES)["google"]
    archive = fast_bindings.pruned_archive(installed("google"), used, tmp_path)
    assert archive.stat().st_size < installed("google").stat().st_size / 20


def test_an_archive_holds_what_is_used_and_what_that_needs(tmp_path: Path) -> None:
    archive = fast_bindings.pruned_archive(installed("random"), frozenset({"password", "provider"}), tmp_path)
    with tarfile.open(archive) as tar:
        names = {name.removeprefix("package/lib/").split("/")[0] for name in tar.getnames() if "/lib/" in name}
        code = tar.extractfile("package/lib/password/index.js")
        assert code is not None
        assert b"sourceMappingURL" not in (text := code.read())
        assert text.startswith(b'"use strict";')
        assert b"exports.Password = " in text
        declared = tar.extractfile("package/.jsii")
        assert declared is not None
        assembly = json.load(declared)
    assert {"index.js", "password", "provider"} <= names
    assert "pet" not in names
    assert all(name.split(".")[1] in {"password", "provider", "providerFunctions"} for name in assembly["types"])


def test_an_archive_is_made_once(tmp_path: Path) -> None:
    wanted = frozenset({"password"})
    first = fast_bindings.pruned_archive(installed("random"), wanted, tmp_path)
    stamp = first.stat().st_mtime_ns
    assert fast_bindings.pruned_archive(installed("random"), wanted, tmp_path) == first
    assert first.stat().st_mtime_ns == stamp
    assert fast_bindings.pruned_archive(installed("random"), frozenset({"password", "pet"}), tmp_path) != first


def test_two_programs_may_make_it_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(max_workers=2) as pool:
        made = [
            pool.submit(fast_bindings.pruned_archive, installed("random"), frozenset({"password"}), tmp_path)
            for _ in range(2)
        ]
    assert made[0].result() == made[1].result()
    assert [path.name for path in tmp_path.iterdir()] == [made[0].result().name]


@pytest.mark.parametrize(
    ("archive", "cache"), [("damaged.tgz", "cache"), ("whole", "file/cache")], ids=["damaged", "no cache"]
)
def test_the_whole_archive_is_loaded_on_any_surprise(
    tmp_path: Path, archive: str, cache: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "damaged.tgz").write_bytes(b"no archive")
    (tmp_path / "file").write_text("stands in the way of a folder")
    given = str(installed("random") if archive == "whole" else tmp_path / archive)
    loaded: list[tuple[str, str, str]] = []
    loader = fast_bindings.Loader(
        load=lambda name, version, tarball: loaded.append((name, version, tarball)),
        used={"random": frozenset({"password"})},
        cache=tmp_path / cache,
    )
    with caplog.at_level(logging.WARNING):
        loader("@cdktn/provider-random", "1.0.0", given)
    assert loaded == [("@cdktn/provider-random", "1.0.0", given)]
    assert not loader.pruned
    assert "are loaded whole, which takes longer" in caplog.text


def test_other_assemblies_are_left_alone(tmp_path: Path) -> None:
    loaded: list[tuple[str, str, str]] = []
    loader = fast_bindings.Loader(
        load=lambda name, version, tarball: loaded.append((name, version, tarball)),
        used={"random": frozenset()},
        cache=tmp_path,
    )
    loader("cdktn", "0.24.0", "cdktn.tgz")
    loader("@cdktn/provider-other", "1.0.0", "other.tgz")
    assert [each[2] for each in loaded] == ["cdktn.tgz", "other.tgz"]


def test_a_submodule_that_no_source_named_is_refused_with_the_remedy() -> None:
    script = (
        "from pathlib import Path; from karst import fast_bindings\n"
        "fast_bindings.submodules_used = lambda sources: {'random': frozenset({'password'})}\n"
        "fast_bindings.activate([])\n"
        "import cdktn_provider_random.password\n"
        "import cdktn_provider_random.pet\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "constructs"), fast_bindings.SWITCH: "0"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cdktn_provider_random.pet is not among the bindings" in done.stderr
    assert "Set KARST_FULL_BINDINGS=1" in done.stderr


def test_other_packages_named_like_a_provider_are_left_alone() -> None:
    watch = fast_bindings._Watch({"google": frozenset({"storage_bucket"})}, {"google"})
    assert watch.find_spec("google.auth", None) is None
    with pytest.raises(fast_bindings.IncompleteBindingsError):
        watch.find_spec("cdktn_provider_google.sql_user", None)
