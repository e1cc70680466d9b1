"""Imports a provider's bindings without what only people and type checkers read: a tenth of the time of a synthesis.

The generated modules are mostly prose, annotations and stubs for type checks, and each time that a property of a struct
is read, they build the type of its value first. Where Python runs optimized (`-O`, as `cdktf` does), which leaves the
type checks out anyway, this module compiles them without all that, and keeps the byte code in the user's cache. What
they do is the same; the sources on disk stay as they are, and byte code that doesn't fit them is made anew.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

_FORMAT = 2
"""Part of the cache's key; raise it when the code that is made changes."""
_KEPT_VERSIONS = 3
_STUB = "_typecheckingstub__"


class LeanFinder(MetaPathFinder):
    """Finds modules of packages whose names begin with `prefix`, and has them loaded without their prose."""

    def __init__(self, prefix: str, cache: Path) -> None:
        self._prefix, self._cache = prefix, cache

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find what Python would find, with a loader of ours; nothing where the module is no source file."""
        if not fullname.startswith(self._prefix):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None or type(spec.loader) is not SourceFileLoader:
            return None
        spec.loader = _LeanLoader(fullname, spec.origin, self._cache)
        return spec


class _LeanLoader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, cache: Path) -> None:
        super().__init__(fullname, path)
        self._cache = cache

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # noqa: ANN401 - as inherited
        return compile(lean(ast.parse(data)), path, "exec", dont_inherit=True, optimize=_optimize)

    # Python asks for byte code by the name that it would have beside the source, where the usual kind lies.
    def get_data(self, path: str) -> bytes:
        return super().get_data(self._ours(path))

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:  # noqa: ANN401 - as inherited
        super().set_data(self._ours(path), data, _mode=_mode)
        kept = sorted(self._cache.glob(f"{self.name}-*.pyc"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in kept[_KEPT_VERSIONS:]:
            old.unlink(missing_ok=True)

    def _ours(self, path: str) -> str:
        if not path.endswith(".pyc"):
            return path
        # The real path: an environment may be reached by links.
        digest = hashlib.sha256(f"{_FORMAT} {sys.version} {os.path.realpath(path)}".encode()).hexdigest()[:24]
        return str(self._cache / f"{self.name}-{digest}.pyc")


def lean(module: ast.Module) -> ast.Module:
    """The module without its docstrings, stubs and type checks, annotations of functions, and casts of results."""
    module.body = _lean_body(module.body)
    return module


def _lean_body(statements: list[ast.stmt]) -> list[ast.stmt]:
    kept = [_lean_statement(statement) for statement in statements if not _is_for_readers(statement)]
    return kept or [ast.Pass(lineno=1, col_offset=0)]


def _is_for_readers(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.If(test=ast.Name(id="__debug__"), orelse=[]):
            return True
        case ast.FunctionDef(name=name):
            return name.startswith(_STUB)
        case _:
            return False


def _lean_statement(statement: ast.stmt) -> ast.stmt:
    match statement:
        case ast.ClassDef():
            statement.body = _lean_body(statement.body)
        case ast.FunctionDef():
            statement.body = _lean_body(statement.body)
            statement.returns = None
            for argument in (*statement.args.args, *statement.args.kwonlyargs):
                argument.annotation = None
        case ast.Return(value=ast.Call(func=ast.Attribute(value=ast.Name(id="typing"), attr="cast"), args=[_, value])):
            statement.value = value
        case _:
            pass
    return statement
