"""What the text of a shell file is made of: words with their pieces, and the operators between them.

Records that nobody changes; they are not frozen because making a frozen one takes twice as long, and a file has many.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Kind(Enum):
    """What computes a piece that is not simply written down."""

    COMMAND = "a command"
    ARITHMETIC = "arithmetic"
    PROCESS = "a running command"
    EXPANSION = "an expansion that Karst does not compute"
    HOME = "the home folder of whoever runs it"


@dataclass(slots=True)
class Literal:
    """Characters that mean themselves."""

    text: str
    is_quoted: bool


@dataclass(slots=True)
class Reference:
    """`$name` or `${name...}`; `modifier` is what stands between the name and the closing brace."""

    name: str
    modifier: str
    is_quoted: bool


@dataclass(slots=True)
class Computed:
    """What a shell would compute; `body` is the source between the brackets."""

    kind: Kind
    body: str
    is_quoted: bool


Piece: TypeAlias = Literal | Reference | Computed


@dataclass(slots=True)
class Word:
    """One word: pieces without a blank between them, or `name=(...)` with its elements."""

    pieces: tuple[Piece, ...]
    line: int
    elements: tuple[Word, ...] | None = None
    swallows_line: int = 0
    """The line of something that looks like an assignment but stands inside a quote of this word; 0 if none."""

    @property
    def bare(self) -> str:
        """The word, if it is written without quotes or expansions; else an empty text. Keywords must be bare."""
        if len(self.pieces) == 1 and self.elements is None:
            piece = self.pieces[0]
            if isinstance(piece, Literal) and not piece.is_quoted:
                return piece.text
        return ""


@dataclass(slots=True)
class Operator:
    """What stands between words: a line end, `;`, `&&`, a bracket, a redirection."""

    text: str
    line: int

    @property
    def is_redirection(self) -> bool:
        """Whether the next word is a file (or the end mark of a here-document) and no argument."""
        return "<" in self.text or ">" in self.text


@dataclass(slots=True)
class ArithmeticCommand:
    """`((...))` where a command could stand."""

    body: str
    line: int


Token: TypeAlias = Word | Operator | ArithmeticCommand
