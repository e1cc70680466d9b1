"""Bindings without what people read: what is left out, what stays, and where the byte code goes."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from karst.lean_bindings import LeanFinder, lean

GENERATED = '''
"""Prose."""
from __future__ import annotations
import typing

class Struct:
    """Prose."""
    def __init__(self, *, name: "str", size: "typing.Optional[int]" = None) -> None:
        """Prose."""
        if __debug__:
            check(name)
        self._values: typing.Dict[str, typing.Any] = {"name": name}
        if size is not None:
            self._values["size"] = size

    @property
    def name(self) -> "str":
        """Prose."""
        result = self._values.get("name")
        assert result is not None, "Required property 'name' is missing"
        return typing.cast(typing.Optional[typing.Union["Struct", str]], result)

    def prose(self) -> None:
        """Nothing but prose."""

def _typecheckingstub__12(name: "str") -> None:
    """Prose."""

def check(value: object) -> None:
    raise TypeError(value)

names = ["one text", "other text"]
'''

LEAN = """
from __future__ import annotations
import typing

class Struct:
    def __init__(self, *, name, size=None):
        self._values: typing.Dict[str, typing.Any] = {"name": name}
        if size is not None:
            self._values["size"] = size

    @property
    def name(self):
        result = self._values.get("name")
        assert result is not None, "Required property 'name' is missing"
        return result

    def prose(self):
        pass

def check(value):
    raise TypeError(value)

names = ["one text", "other text"]
"""


def test_what_is_left_out_and_what_stays() -> None:
    assert ast.unparse(lean(ast.parse(GENERATED))) == ast.unparse(ast.parse(LEAN))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of bindings, in a folder to import from."""
    (tmp_path / "bindings_some").mkdir()
    (tmp_path / "bindings_some" / "__init__.py").write_text(GENERATED)
    (tmp_path / "bindings_some" / "sub.py").write_text("from bindings_some import Struct\n")
    return tmp_path / "bindings_some" / "__init__.py"


def imported(package: Path, script: str) -> str:
    """What a script prints that finds the bindings lean."""
    program = f"""
        import sys
        from pathlib import Path
        from karst.lean_bindings import LeanFinder
        sys.meta_path.insert(0, LeanFinder("bindings_", Path({str(package.parent.parent / "cache")!r})))
        {script}
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join([str(package.parent.parent), *sys.path])
    command = [sys.executable, "-O", "-c", textwrap.dedent(program)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_byte_code_is_kept_and_made_anew_when_the_source_changes(package: Path) -> None:
    script = "import bindings_some.sub as s; print(s.Struct(name='n').name, s.Struct.__doc__, s.Struct.__module__)"
    assert imported(package, script) == "n None bindings_some\n"
    kept = {path.name.rsplit("-", 1)[0]: path for path in (package.parent.parent / "cache").iterdir()}
    assert kept.keys() == {"bindings_some", "bindings_some.sub"}
    assert not (package.parent / "__pycache__").exists()
    stamp = kept["bindings_some"].stat().st_mtime_ns
    assert imported(package, script) == "n None bindings_some\n"
    assert kept["bindings_some"].stat().st_mtime_ns == stamp
    package.write_text(GENERATED.replace("return typing.cast(", "return 'new ' + typing.cast("))
    assert imported(package, script) == "new n None bindings_some\n"


def test_byte_code_is_found_by_another_way_and_forgotten_when_it_is_old(package: Path) -> None:
    cache = package.parent.parent / "cache"
    script = "import bindings_some"
    imported(package, script)
    kept = list(cache.iterdir())
    other = package.parent.parent / "other" / "way"
    other.parent.mkdir()
    other.symlink_to(package.parent.parent)
    imported(package, f"sys.path.insert(0, {str(other)!r}); {script}")
    assert list(cache.iterdir()) == kept
    for number in range(5):
        old = cache / f"bindings_some-{number}.pyc"
        old.touch()
        os.utime(old, (number, number))
    (cache / "bindings_some.sub-0.pyc").touch()
    package.write_text(f"{GENERATED}\n")
    imported(package, script)
    left = {path.name for path in cache.iterdir()}
    assert left == {kept[0].name, "bindings_some-4.pyc", "bindings_some-3.pyc", "bindings_some.sub-0.pyc"}


def test_others_are_left_alone(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(package.parent.parent)
    finder = LeanFinder("bindings_", package.parent.parent / "cache")
    assert finder.find_spec("bindings_some", None) is not None
    assert finder.find_spec("bindings_missing", None) is None
    assert finder.find_spec("ast", None) is None
