"""Adds a file to a deployment only when the deployment is still right with it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from karst.config.errors import Problem


def add_file(folder: Path, path: str, text: str, inspect: Callable[[Path], Sequence[Problem]]) -> Sequence[str]:
    """Write `text` to `path` in `folder`, unless `inspect` objects to a copy of the folder that has it.

    Returns the objections, with the places as they would be. Raises `FileExistsError` where something is already.
    """
    if (folder / path).exists():
        raise FileExistsError(0, "exists already", str(folder / path))
    with tempfile.TemporaryDirectory() as temporary:
        draft = Path(temporary) / folder.name
        shutil.copytree(folder, draft)
        (draft / path).parent.mkdir(exist_ok=True)
        (draft / path).write_text(text, encoding="utf-8")
        if found := inspect(draft):
            return [str(one).replace(str(draft), str(folder)) for one in found]
    (folder / path).parent.mkdir(exist_ok=True)
    with (folder / path).open("x", encoding="utf-8") as file:
        file.write(text)
    return ()
