"""The private repository of a lab: its deployments, workflows that plan and deploy them, and the Karst they run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from karst.config.schema import render_schemas

TEMPLATE = Path(__file__).parent / "repository"
PIN_FILE = "karst.pin"
THEIRS = frozenset({"README.md", "environments/README.md", ".gitignore"})
"""What people go on writing in: a renewal leaves it as it is."""
_GITHUB = re.compile(r"(?:https://github\.com/|git@github\.com:|ssh://git@github\.com/)([\w.-]+/[\w.-]+?)(?:\.git)?/?")
_PIN = re.compile(r"([A-Za-z0-9-]+/[A-Za-z0-9._-]+)@([0-9a-f]{40})")


class PinError(ValueError):
    """Nothing says which Karst the repository is to run; the message says what to write."""


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One commit of Karst on GitHub: a name could be moved to other code, a commit can't."""

    repository: str
    commit: str

    @classmethod
    def parse(cls, text: str) -> Pin:
        """Read `OWNER/NAME@COMMIT`. Raises `PinError`."""
        if (found := _PIN.fullmatch(text)) is None:
            raise PinError(f"{text!r} is no commit of Karst. Write OWNER/NAME@COMMIT, with all 40 digits of the commit")
        return cls(repository=found[1], commit=found[2])

    @classmethod
    def of_checkout(cls, remote: str, commit: str) -> Pin:
        """The commit that is checked out, of a remote on GitHub. Raises `PinError`."""
        if (found := _GITHUB.fullmatch(remote)) is None:
            raise PinError(
                "the checkout of Karst has no remote on GitHub, from which workflows could fetch it. Write "
                "--karst OWNER/NAME@COMMIT"
            )
        return cls.parse(f"{found[1]}@{commit}")

    @property
    def line(self) -> str:
        """What stands in `karst.pin`, and workflows read."""
        return f"{self.repository} {self.commit}\n"


def repository_files(pin: Pin) -> Mapping[str, str]:
    """Every file of a new repository by its path."""
    template = {
        path.relative_to(TEMPLATE).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(TEMPLATE.rglob("*"))
        if path.is_file()
    }
    schemas = {f"docs/schemas/{name}": text for name, text in render_schemas().items()}
    return {**template, **schemas, PIN_FILE: pin.line}
