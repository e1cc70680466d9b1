"""The toolkit's runtime without its relay: what it answers and prints, and what happens when it can't be derived."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
from pathlib import Path

import pytest

from karst import fast_bindings
from karst_cli import direct_runtime
from karst_cli.direct_runtime import UnknownRuntimeError, derived_runtime, installed_runtime
from karst_cli.toolkit import find_node

PROGRAM = """
const fs = require("fs");
const channels = {readFD:3,writeFD:3};
console.log("said");
console.error("complained");
const line = Buffer.alloc(100);
const length = fs.readSync(channels.readFD, line);
fs.writeSync(channels.writeFD, `heard ${line.subarray(0, length)}`);
"""


def runtime(folder: Path, program: str) -> Path:
    """An installed runtime."""
    folder.mkdir()
    (folder / "lib__program.js").write_text(program)
    (folder / "lib__runtime-index-worker.js").write_text("// the worker")
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where derived runtimes are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "karst" / "runtime"


def test_answers_come_by_standard_output_and_all_that_is_printed_by_standard_error(tmp_path: Path) -> None:
    entry = derived_runtime(runtime(tmp_path / "installed", PROGRAM), tmp_path / "cache")
    done = subprocess.run([find_node(), entry], input="a question", capture_output=True, text=True, check=True)
    assert done.stdout == "heard a question"
    printed = [json.loads(line) for line in done.stderr.splitlines()]
    assert [{name: base64.b64decode(text) for name, text in each.items()} for each in printed] == [
        {"stdout": b"said\n"},
        {"stderr": b"complained\n"},
    ]


def test_the_installed_runtime_is_derived_once(cache: Path) -> None:
    added = direct_runtime.direct_runtime({"NODE_OPTIONS": "--stack-size=900"})
    entry = Path(added["JSII_RUNTIME"])
    assert entry.parent.parent == cache
    assert added["NODE_OPTIONS"] == "--stack-size=900 --preserve-symlinks"
    installed = (installed_runtime() / "lib__runtime-index-worker.js").read_bytes()
    assert (entry.parent / "runtime-index-worker.js").read_bytes() == installed
    stamp = entry.stat().st_mtime_ns
    assert direct_runtime.direct_runtime({}) == {"JSII_RUNTIME": str(entry), "NODE_OPTIONS": "--preserve-symlinks"}
    assert entry.stat().st_mtime_ns == stamp
    assert [path.name for path in cache.iterdir()] == [entry.parent.name]


def test_another_runtime_is_another_one(tmp_path: Path) -> None:
    first = derived_runtime(runtime(tmp_path / "one", PROGRAM), tmp_path / "cache")
    assert derived_runtime(runtime(tmp_path / "other", f"{PROGRAM}//"), tmp_path / "cache") != first


def test_a_runtime_that_is_put_there_first_is_used(tmp_path: Path) -> None:
    installed = runtime(tmp_path / "installed", PROGRAM)
    first = derived_runtime(installed, tmp_path / "cache").parent
    late = runtime(tmp_path / "late", PROGRAM)
    direct_runtime._put(late, first)
    assert (first / "runtime-index-worker.js").read_text() == "// the worker"
    (first / "direct_runtime.js").unlink()
    with pytest.raises(OSError, match="not empty"):
        direct_runtime._put(late, first)


@pytest.mark.parametrize("environment", [{"JSII_RUNTIME": "their.js"}, {fast_bindings.SWITCH: "1"}])
def test_who_says_otherwise_is_obeyed(cache: Path, environment: dict[str, str]) -> None:
    assert direct_runtime.direct_runtime(environment) == {}
    assert not cache.exists()


@pytest.mark.parametrize("program", ["readFD:4,writeFD:5", f"{PROGRAM}{PROGRAM}"], ids=["other channels", "twice"])
def test_the_relay_stays_on_any_surprise(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, program: str
) -> None:
    installed = runtime(tmp_path / "installed", program)
    with pytest.raises(UnknownRuntimeError, match="says no more where it reads and writes"):
        derived_runtime(installed, cache)
    monkeypatch.setattr(direct_runtime, "installed_runtime", lambda: installed)
    with caplog.at_level(logging.WARNING):
        assert direct_runtime.direct_runtime({}) == {}
    assert "is started with its relay, which takes longer" in caplog.text


def test_the_relay_stays_where_the_cache_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("stands in the way of a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert direct_runtime.direct_runtime({}) == {}
