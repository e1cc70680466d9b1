"""What a running platform's configuration says, as it was read and before anybody knows what it means.

Two readers fill these records: `read_environment` from the shell files of CAVEdeployment, `read_inputs` from the
Terragrunt and Terraform inputs of terraform-google-cave. Neither runs anything.

Values may be passwords. No reader puts a value into a notice or an error: they name the variable and the place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from karst.config.errors import show_path

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
"""Data as JSON has it."""

MAX_FILE_BYTES = 8 << 20
MAX_NOTICES = 1000


@dataclass(frozen=True, kw_only=True)
class Text:
    """A value that is known in full.

    Numbers and booleans are text too, as the file spells them; of Terraform inputs as Terraform would print them.
    """

    value: str
    file: Path | None = None
    """The file whose content this is, where the variable does nothing but take in a file; otherwise None."""


@dataclass(frozen=True, kw_only=True)
class Items:
    """A list of texts: an array of the shell, or a list of Terraform that holds nothing but scalars."""

    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Structure:
    """A list or mapping with more inside than a list of texts. Terraform inputs only."""

    value: Plain


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A value that only running something would tell: `$(gcloud ...)`, a loop, a reference to another Terraform unit.

    `reason` completes "is not read: ...", for example "the output of gcloud".
    """

    reason: str


Value: TypeAlias = Text | Items | Structure | Derived


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One assignment: the name, what it is set to, and where."""

    name: str
    value: Value
    file: Path
    line: int
    is_exported: bool = False
    refers_to: tuple[str, ...] = ()
    """The variables that the value was put together from, each once, in order; those that nothing sets included."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something in a file that a person should look at, although reading went on.

    `line` counts from 1; it is 0 where no line can be named. `message` is whole sentences.
    """

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{show_path(self.file)}:{self.line}" if self.line else show_path(self.file)
        return f"{place}: {self.message}"


class UnreadableError(ValueError):
    """A file that cannot be read at all, or whose rest would be guesswork; says where and what to do."""

    def __init__(self, file: Path, line: int, message: str) -> None:
        self.file = file
        self.line = line
        """Counted from 1; 0 where no line can be named."""
        self.message = message
        place = f"{show_path(file)}:{line}" if line else show_path(file)
        super().__init__(f"{place}: {message}")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Everything that one platform's files set."""

    file: Path
    variables: Mapping[str, Variable]
    """The value that holds in the end, by name, in the order in which the names first appear."""
    assigned: tuple[Variable, ...] = field(default=())
    """Every assignment, in order; of a name that is set twice, both."""
    notices: tuple[Notice, ...] = ()

    def text(self, name: str) -> str | None:
        """The text that `name` is set to; None where it is not set, or is not a text."""
        variable = self.variables.get(name)
        return variable.value.value if variable is not None and isinstance(variable.value, Text) else None
