"""How the toolkit's bindings are used: submodules only, and struct classes where a dict would pass unchecked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from source_files import ROOT, imports, python_files

BINDING = re.compile(r"cdktn(_provider_\w+)?(\.|$)")
FREE_FORM_MAPS = frozenset(
    {
        "annotations",
        "attributes",
        "context",
        "default_labels",
        "driver_config",
        "edition_config",
        "labels",
        "limits",
        "match_labels",
        "node_selector",
        "parameters",
        "redis_configs",
        "requests",
        "resource_labels",
        "keepers",
        "metadata",
        "user_labels",
        "volume_attributes",
        "config_data",
        "data",
        "schema_settings",
    }
)
"""Arguments that are maps in the provider too: their keys are the user's, not a schema's."""


def root_imports(source: str) -> list[int]:
    """List the lines that import a provider's root, or a name from it that is no submodule."""
    bare = re.compile(r"cdktn_provider_\w+")
    lines: list[int] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            lines += [node.lineno for alias in node.names if bare.fullmatch(alias.name)]
        elif isinstance(node, ast.ImportFrom) and node.module is not None and bare.fullmatch(node.module):
            lines.append(node.lineno)
    return lines


def dicts_for_structs(source: str) -> list[str]:
    """List, as `line: call(argument)`, the dicts written where the toolkit takes a struct class."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None and BINDING.match(node.module)
        for alias in node.names
    }
    return [found for node in ast.walk(tree) if isinstance(node, ast.Call) for found in _dict_arguments(node, names)]


def _dict_arguments(call: ast.Call, names: set[str]) -> Iterator[str]:
    if not isinstance(call.func, ast.Name) or call.func.id not in names:
        return
    for keyword in call.keywords:
        if keyword.arg is None:
            yield f"{call.lineno}: {call.func.id}(**...)"
        elif keyword.arg not in FREE_FORM_MAPS and _holds_dict(keyword.value):
            yield f"{keyword.value.lineno}: {call.func.id}({keyword.arg})"


def _holds_dict(value: ast.expr) -> bool:
    match value:
        case ast.Dict() | ast.DictComp():
            return True
        case ast.Call(func=ast.Name(id="dict")):
            return True
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return any(_holds_dict(element) for element in elements)
        case ast.ListComp(elt=element):
            return _holds_dict(element)
        case ast.IfExp(body=body, orelse=orelse):
            return _holds_dict(body) or _holds_dict(orelse)
        case _:
            return False


def test_no_provider_root_is_imported() -> None:
    found = {
        str(path.relative_to(ROOT)): lines
        for path in python_files("constructs", "stacks", "tests")
        if (lines := root_imports(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_no_dict_crosses_into_the_toolkit() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{problem}"
        for path in python_files("constructs", "stacks")
        for problem in dicts_for_structs(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_nothing_relies_on_dependencies_between_constructs() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in python_files("constructs", "stacks")
        if ".node.add_dependency(" in path.read_text(encoding="utf-8")
    ]
    assert found == [], "the toolkit writes no depends_on for it: use karst.waiting, or the resource's own depends_on"


def test_some_file_uses_the_bindings() -> None:
    used = [
        name
        for path in python_files("constructs")
        for _, name in imports(path.read_text(encoding="utf-8"))
        if name.startswith("cdktn_provider_google.")
    ]
    assert used


@pytest.mark.parametrize(
    "argument",
    [
        "versioning={'enabled': True}",
        "versioning=dict(enabled=True)",
        "rules=[{'a': 1}]",
        "rules=[{'a': n} for n in names]",
        "versioning={'enabled': True} if on else None",
        "**options",
    ],
)
def test_a_dict_is_caught(argument: str) -> None:
    source = f"from cdktn_provider_google.storage_bucket import StorageBucket\nStorageBucket(self, 'b', {argument})\n"
    assert len(dicts_for_structs(source)) == 1


@pytest.mark.parametrize("argument", ["labels={'a': 'b'}", "versioning=Versioning(enabled=True)", "rules=[Rule()]"])
def test_maps_and_structs_pass(argument: str) -> None:
    source = f"from cdktn_provider_google.storage_bucket import StorageBucket\nStorageBucket(self, 'b', {argument})\n"
    assert dicts_for_structs(source) == []


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("import cdktn_provider_google", True),
        ("from cdktn_provider_google import storage_bucket", True),
        ("from cdktn_provider_google.storage_bucket import StorageBucket", False),
        ("from cdktn import App", False),
    ],
)
def test_a_root_import_is_caught(source: str, *, caught: bool) -> None:
    assert bool(root_imports(source)) is caught
