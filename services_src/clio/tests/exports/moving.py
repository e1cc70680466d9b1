"""Commands inside tests that have an event loop already."""

from __future__ import annotations

from pathlib import Path

from karst_clio.exports.command import parse_arguments, work
from karst_clio.exports.progress import Screen


async def command(*arguments: str) -> None:
    """Run a command, which must end well."""
    await work(parse_arguments(arguments), Screen())


async def move(source: str, target: str, folder: Path) -> None:
    """Export and import."""
    await command("export", str(folder), "--from", source, "--documents-a-file", "20")
    await command("import", str(folder), "--to", target)
