"""Secrets reach their files unchanged, whatever characters they have, and never become code."""

from __future__ import annotations

import ast
import configparser
import json
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from karst.upstream import fill_secrets
from karst.upstream.deferred import secret
from karst.upstream.filling import SKELETONS, Filling, file_keys
from karst.upstream.render import RenderError, render, skeleton
from tests.upstream.sample import NASTY

DATABASE = {"user": "lab-info", "host": "sql.internal", "port": 5432, "name": "info"}
PYTHON = """\
KEY = {{ secrets.KEY | pyliteral }}
URL = {{ database | dsn(secrets.KEY) | pyliteral }}
BOTH = {{ {"keys": [secrets.KEY, other], "last": none} | pyliteral }}
"""
INI = """\
[SETTINGS]
KEY = {{ secrets.KEY | ini }}
URL = {{ database | dsn(secrets.KEY) | ini }}
LAST = {{ other | ini }}
"""
JSON = '{"token": {{ secrets.KEY | json }}, "all": {{ {"keys": [secrets.KEY], "other": other} | json }}}'

LOOKS_LIKE_A_MARK = '{"secret": "OTHER"}'
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LINE = TEXT.filter(lambda text: text == text.strip() and text.isprintable())
HOSTILE = (
    NASTY,
    LOOKS_LIKE_A_MARK,
    '"\nimport os\nos._exit(3)\n#',
    "'\nraise SystemExit\n'",
    "{{ secrets.OTHER }}{% raw %}",
    "%(home)s %% ${PATH} $(id)",
    "a\\",
    "\u2028\u2029\x00\x85",
    "\ufeff𝄞",
)


class Given(fill_secrets.Secrets):
    """Secrets without a folder."""

    def __init__(self, **values: str) -> None:
        super().__init__(Path("nowhere"))
        self._values = values

    def value(self, name: str) -> str:
        return self._values[name]


def filled(template: str, value: str, other: str = "x") -> str:
    """The template as the pod has it in the end."""
    known = {"secrets": {"KEY": secret("KEY")}, "database": DATABASE, "other": other}
    parts = json.loads(skeleton(template, known))
    return fill_secrets.fill({"file": parts}, Given(KEY=value, OTHER="another secret"))["file"]


def python_values(text: str) -> dict[str, object]:
    """Names to literals; anything but assignments of literals is injected code."""
    found: dict[str, object] = {}
    for statement in ast.parse(text).body:
        assert isinstance(statement, ast.Assign), ast.dump(statement)
        target = statement.targets[0]
        assert isinstance(target, ast.Name)
        found[target.id] = ast.literal_eval(statement.value)
    return found


@pytest.mark.fuzz
@given(TEXT, TEXT)
@example(NASTY, LOOKS_LIKE_A_MARK)
def test_python_gets_the_same_value(value: str, other: str) -> None:
    found = python_values(filled(PYTHON, value, other))
    assert list(found) == ["KEY", "URL", "BOTH"]
    assert found["KEY"] == value
    assert found["BOTH"] == {"keys": [value, other], "last": None}
    assert unquote(urlsplit(str(found["URL"])).password or "") == value


@pytest.mark.fuzz
@given(TEXT, TEXT)
@example(NASTY, LOOKS_LIKE_A_MARK)
def test_json_gets_the_same_value(value: str, other: str) -> None:
    assert json.loads(filled(JSON, value, other)) == {"token": value, "all": {"keys": [value], "other": other}}


@pytest.mark.fuzz
@given(LINE, LINE)
@example(NASTY.strip(), LOOKS_LIKE_A_MARK)
def test_ini_gets_the_same_value(value: str, other: str) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(filled(INI, value, other))
    assert set(parser["SETTINGS"]) == {"key", "url", "last"}
    assert (parser["SETTINGS"]["key"], parser["SETTINGS"]["last"]) == (value, other)
    assert unquote(urlsplit(parser["SETTINGS"]["url"]).password or "") == value


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_stay_data(value: str) -> None:
    assert python_values(filled(PYTHON, value, value))["KEY"] == value
    assert json.loads(filled(JSON, value, value))["token"] == value


@pytest.mark.fuzz
@given(TEXT, TEXT)
@example(NASTY, LOOKS_LIKE_A_MARK)
def test_filling_gives_what_rendering_with_the_value_would_give(value: str, other: str) -> None:
    for template in (PYTHON, JSON):
        known = {"secrets": {"KEY": value}, "database": DATABASE, "other": other}
        assert filled(template, value, other) == render(template, known)


@pytest.mark.parametrize("value", ["a\nDATABASE_URI = other", " hidden", "hidden "])
def test_ini_refuses_a_value_that_breaks_its_line_without_telling_it(value: str) -> None:
    with pytest.raises(fill_secrets.FillError) as failure:
        filled("A = {{ secrets.KEY | ini }}", value)
    assert str(failure.value).startswith("file: KEY: a value for an INI file has blanks at an end, or breaks its line")
    assert value not in str(failure.value)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'Bearer ' ~ secrets.KEY }}",
        "{{ secrets.KEY | upper }}",
        "{{ secrets.KEY | e }}",
        "{{ secrets.KEY | length }}",
        "{{ secrets }}",
        "{{ [secrets.KEY] | join(',') }}",
        "{% if secrets.KEY %}a{% endif %}",
        "{% if secrets.KEY == 'a' %}a{% endif %}",
        "{% set a %}{{ secrets.KEY }}{% endset %}{{ a }}",
        "{{ secrets.OTHER }}",
    ],
)
def test_what_needs_the_value_at_synthesis_is_refused(template: str) -> None:
    with pytest.raises(RenderError):
        skeleton(template, {"secrets": {"KEY": secret("KEY")}})


def test_a_file_that_is_no_secret_names_none() -> None:
    with pytest.raises(RenderError, match="Declare the file with is_secret"):
        render("{{ secrets.KEY | json }}", {"secrets": {"KEY": secret("KEY")}})


def run(folder: Path, secrets: dict[str, bytes], template: str = PYTHON) -> subprocess.CompletedProcess[str]:
    """The script as the pod runs it: its own process, nothing but the three folders."""
    known = {"secrets": {"KEY": secret("KEY")}, "database": DATABASE, "other": "x"}
    filling = Filling(skeletons={"/app/config.cfg": skeleton(template, known), "/app/b.json": skeleton(JSON, known)})
    for name in ("config", "secrets", "output"):
        (folder / name).mkdir(exist_ok=True)
    for name, text in filling.config_map.items():
        (folder / "config" / name).write_text(text, encoding="utf-8")
    for name, content in secrets.items():
        (folder / "secrets" / name).write_bytes(content)
    folders = {name: str(folder / name) for name in ("secrets", "output")}
    program, *arguments = filling.command(config_map=str(folder / "config"), **folders)
    assert program == "python"
    return subprocess.run([sys.executable, "-I", *arguments], capture_output=True, text=True, check=False)


def test_script_writes_files_that_nobody_changes(tmp_path: Path) -> None:
    for _ in range(2):  # a container that starts again finds its own files
        done = run(tmp_path, {"KEY": NASTY.encode()})
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    written = sorted((tmp_path / "output").iterdir())
    assert [path.name for path in written] == ["app-b.json", "app-config.cfg"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o444}
    assert python_values(written[1].read_text(encoding="utf-8"))["KEY"] == NASTY
    assert NASTY not in (tmp_path / "config" / SKELETONS).read_text(encoding="utf-8")


@pytest.mark.parametrize(("stored", "value"), [(b"a\n", "a"), (b"a\r\n", "a"), (b"a\n\n", "a\n"), (b"a ", "a ")])
def test_one_line_break_at_the_end_is_dropped(tmp_path: Path, stored: bytes, value: str) -> None:
    assert run(tmp_path, {"KEY": stored}).returncode == 0
    assert python_values((tmp_path / "output" / "app-config.cfg").read_text())["KEY"] == value


def test_missing_secret_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    done = run(tmp_path, {})
    assert done.returncode == 1
    assert "app-config.cfg: the secret KEY can't be read from" in done.stderr
    assert "Give it a value in Secret Manager" in done.stderr
    assert list((tmp_path / "output").iterdir()) == []


@pytest.mark.parametrize(
    ("stored", "template"), [(b"hid\xffden", PYTHON), (b"hidden\nhidden", "A = {{ secrets.KEY | ini }}")]
)
def test_messages_hold_no_value(tmp_path: Path, stored: bytes, template: str) -> None:
    done = run(tmp_path, {"KEY": stored}, template)
    assert done.returncode == 1
    assert "KEY" in done.stderr
    assert "hid" not in done.stderr


def test_script_needs_three_arguments() -> None:
    assert fill_secrets.main(["one"]) == 2


def test_script_is_written_for_python_3_6() -> None:
    source = Path(fill_secrets.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"json", "sys", "pathlib", "urllib.parse"}


def test_two_paths_never_share_a_key() -> None:
    assert file_keys(["/a/b", "/a-c"]) == {"/a/b": "a-b", "/a-c": "a-c"}
    with pytest.raises(ValueError, match="would both be called a-b"):
        file_keys(["/a/b", "/a-b"])
