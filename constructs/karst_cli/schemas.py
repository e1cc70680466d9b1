"""`karst schemas`: writes the JSON schemas that editors use for the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

STALE = 1


def schemas(
    folder: Annotated[Path, typer.Argument(help="Where they go.")] = Path("docs/schemas"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say which are not current.")] = False,
) -> None:
    """Write a JSON schema of each kind of YAML file.

    Exit status: 0 all are current, 1 some were not (with --check).
    """
    from karst.config.schema import render_schemas

    stale = [folder / name for name, text in render_schemas().items() if _read(folder / name) != text]
    if check:
        for path in stale:
            typer.echo(f"{path} is not current; run `karst schemas`", err=True)
        raise typer.Exit(STALE if stale else 0)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in render_schemas().items():
        (folder / name).write_text(text, encoding="utf-8")
    typer.echo(f"{len(stale)} schemas written, all in {folder} are current")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
