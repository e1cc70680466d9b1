"""The files that an environment file takes in (`$(cat schedule.json)`), read from its repository and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from karst.adoption.text_files import read_text
from karst.adoption.values import UnreadableError
from karst.config.errors import show_path

MAX_FILES = 200


class RefusedError(Exception):
    """The file is not read; the text says why and what to do."""


class RepositoryFiles:
    """Looks for files below `repository` only: a symbolic link or `..` that leads out of it is refused.

    A relative path may count from the repository, from the folder above it (operators keep the repository inside
    upstream's checkout), or from one of `working_folders`.
    """

    def __init__(self, repository: Path, *working_folders: Path) -> None:
        self._root = Path(os.path.realpath(repository))
        self._bases = (self._root, self._root.parent, *(Path(os.path.realpath(one)) for one in working_folders))
        self._texts: dict[Path, str] = {}

    def read(self, path: str) -> tuple[Path, str]:
        """Where the file really is, and its text. Raises `RefusedError`."""
        found = self.find(path)
        if found not in self._texts:
            if len(self._texts) >= MAX_FILES:
                raise RefusedError(f"More than {MAX_FILES} files are taken in. Put the texts into fewer files.")
            try:
                text, _ = read_text(found, follow_links=False)
            except UnreadableError as error:
                raise RefusedError(str(error)) from None
            self._texts[found] = text
        return found, self._texts[found]

    def find(self, path: str) -> Path:
        """The one place inside the repository that `path` means. Raises `RefusedError`."""
        shown = show_path(path if len(path) <= 200 else path[:200] + "...")
        inside = False
        for base in self._bases:
            try:
                candidate = Path(os.path.realpath(base / path))
                is_inside = candidate.is_relative_to(self._root)
                exists = is_inside and os.path.lexists(candidate)
            except (OSError, ValueError):
                continue
            if exists:
                return candidate
            inside = inside or is_inside
        if inside:
            raise RefusedError(
                f"The file {shown} is not there. It was looked for in {show_path(self._root)}: put it back, or say with"
                " --repo where the environment repository is."
            )
        raise RefusedError(
            f"The file {shown} lies outside of the environment repository, {show_path(self._root)}, and was not read."
            " Copy it into the repository, or name with --repo a folder that holds both."
        )
