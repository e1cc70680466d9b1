"""The words of a whole shell file, also where a quote or bracket is missing and bash would read nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from karst.adoption.shell_nesting import UnclosedError
from karst.adoption.shell_tokens import Operator, Token, Word
from karst.adoption.shell_words import Scanner

MAX_REPAIRS = 20
MAX_TOKENS = 1_000_000
_MOST_CLOSERS = 8
_TOO_BROKEN = "Too many quotes and brackets are missing to guess what is meant. Repair this one and the next."
_TOO_MANY = "The file has more than a million words, so it is hardly a configuration. Check the path."

Notify: TypeAlias = Callable[[int, str], None]
"""Takes a line and whole sentences."""


class TooBrokenError(Exception):
    """The file cannot be read; the message says why and what to do."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True)
class _Start:
    """Where a statement begins: in the text, as a line, and among the tokens."""

    position: int = 0
    line: int = 1
    index: int = 0


def tokens_of(text: str, notify: Notify) -> list[Token]:
    """The words and operators of `text`. A quote that never closes is closed at the end of its line, and told of.

    A forgotten quote turns the rest of the file inside out, so the one to blame is not the last that opened but the
    first that swallowed another assignment. Raises `TooBrokenError` after twenty repairs,
    and for more than a million words.
    """
    tokens: list[Token] = []
    scanner = Scanner(text)
    start = _Start()
    suspected: _Start | None = None
    repairs = 0
    while True:
        try:
            token = scanner.next()
        except UnclosedError as error:
            start = suspected or start
            opening = error.start if scanner.suspect is None else scanner.suspect
            line = start.line + text.count("\n", start.position, opening)
            repairs += 1
            if repairs > MAX_REPAIRS:
                raise TooBrokenError(line, _TOO_BROKEN) from None
            notify(line, _missing(text[opening : opening + 1]))
            scanner = _close_line(text, opening, start, tokens)
            suspected = None
            continue
        if token is None:
            break
        tokens.append(token)
        if len(tokens) > MAX_TOKENS:
            raise TooBrokenError(token.line, _TOO_MANY)
        if isinstance(token, Operator) and token.text == "\n":
            start = _Start(scanner.position, scanner.line_of(scanner.position), len(tokens))
        elif suspected is None and isinstance(token, Word) and token.swallows_line:
            suspected = start
    _tell_swallowed(tokens, notify)
    return tokens


def _close_line(text: str, opening: int, start: _Start, tokens: list[Token]) -> Scanner:
    """Replace the tokens since `start` by those of its text up to the end of the line of `opening`, all closed."""
    end = text.find("\n", opening)
    end = len(text) if end < 0 else end
    statement = text[start.position : end]
    del tokens[start.index :]
    for _ in range(_MOST_CLOSERS):
        found: list[Token] = []
        scanner = Scanner(statement, line=start.line)
        try:
            while (token := scanner.next()) is not None:
                found.append(token)
        except UnclosedError as error:
            statement += error.closers
            continue
        tokens += found
        break
    return Scanner(text, start=end, line=start.line + text.count("\n", start.position, end))


def _tell_swallowed(tokens: list[Token], notify: Notify) -> None:
    for token in tokens:
        if isinstance(token, Word) and token.swallows_line:
            notify(
                token.line,
                f"The quoted value that begins here runs over what looks like another assignment, in line"
                f" {token.swallows_line}. If that is not meant, close the quote before it.",
            )


def _missing(opening: str) -> str:
    what = {"'": "single quote", '"': "double quote", "`": "backquote"}.get(opening, "bracket")
    return (
        f"A {what} opens here and never closes, so bash would refuse the whole file. It was read as if it closed at"
        f" the end of this line. Close it where it belongs, then import again."
    )
