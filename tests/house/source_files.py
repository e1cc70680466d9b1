"""What the rules of the house look at: the repository's Python files, and what they import."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def python_files(*folders: str) -> list[Path]:
    """List the Python files below the repository's `folders`, in a stable order."""
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if not {"build", "node_modules", "__pycache__"} & set(path.relative_to(ROOT).parts)
    )


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and full name of every module that `source` imports, at any depth; `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def is_within(module: str, packages: frozenset[str]) -> bool:
    """Tell whether a dotted name is one of `packages` or lies below one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def forbidden_imports(files: list[Path], packages: frozenset[str]) -> list[str]:
    """List, as `file:line imports module`, what `files` import from `packages`."""
    return [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in files
        for line, module in imports(path.read_text(encoding="utf-8"))
        if is_within(module, packages)
    ]


def tracked_files() -> list[Path]:
    """List the files that git would carry: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return sorted(path for path in paths if path.is_file())
