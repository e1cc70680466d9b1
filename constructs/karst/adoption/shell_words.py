r"""Splits the text of a shell file into words and operators, by the quoting rules of bash, running nothing.

Why this is no published parser: docs/adr/0011-reading-old-configuration.md. The work is proportional to the text, and
nothing recurses, however deeply quotes and brackets are nested.
"""

from __future__ import annotations

import re

from karst.adoption.shell_nesting import (
    UnclosedError,
    after_documents,
    end_of_backquotes,
    end_of_nesting,
    read_mark,
    unescape_ansi,
)
from karst.adoption.shell_tokens import (
    ArithmeticCommand,
    Computed,
    Kind,
    Literal,
    Operator,
    Piece,
    Reference,
    Token,
    Word,
)

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_NAME = re.compile(NAME)
_ARRAY_START = re.compile(rf"{NAME}\+?=\Z")
_ASSIGNMENT = re.compile(rf"{NAME}\+?=")
_BLANKS = re.compile(r"(?:[ \t]|\\\n)+")
_LINE_ENDS = re.compile(r"\n(?:[ \t]*\n)*")
_COMMENT = re.compile(r"#[^\n]*")
_OPERATOR = re.compile(r"\d*(?:<<<|<<-|<<|<&|<>|>>|>\||>&)|\d*<(?!\()|\d*>(?!\()|&>>|&>|;;&|;&|;;|&&|\|\||\|&|[;&|()]")
_PLAIN = re.compile(r"[^ \t\n;&|<>()\\'\"$`~]+")
_IN_DOUBLE = re.compile(r"[^\\\"$`]+")
_BRACED = re.compile(rf"\$\{{({NAME}|[0-9@*#?$!-])([^\\'\"$`{{}}]*)\}}")
_BROKEN_NAME = re.compile(rf"\$(?:{NAME})?\\\n[A-Za-z0-9_{{(@*#?$!'\"\[-]")
_SPECIAL = re.compile(r"\$([0-9@*#?$!-])")
# How often `((` may turn out to be two brackets: each time, what follows is read once more.
MAX_GUESSES = 50
_SWALLOWED = re.compile(rf"^(?:export[ \t]+{NAME}|[A-Z][A-Z0-9_]{{2,}})=", re.MULTILINE)


class Scanner:
    """Goes once through `text` from `start` on; `line` is the number of the line at `start`."""

    def __init__(self, text: str, *, start: int = 0, line: int = 1) -> None:
        self._text = text
        self.position = start
        self._counted = start
        self._line = line
        self._documents: list[tuple[str, bool]] = []
        self._swallows_line = 0
        self.suspect: int | None = None
        """Where the first quote opens that holds what looks like another assignment: probably it lacks its end."""
        self._guesses_left = MAX_GUESSES

    def next(self) -> Token | None:
        """The next word or operator; None at the end. Raises `UnclosedError` for a quote that never closes."""
        text = self._text
        while True:
            if blanks := _BLANKS.match(text, self.position):
                self.position = blanks.end()
            if self.position >= len(text):
                return None
            if text[self.position] == "#":
                self.position = _end(_COMMENT, text, self.position)
                continue
            break
        if text[self.position] == "\n":
            operator = Operator("\n", self.line_of(self.position))
            # Empty lines add nothing, unless here-documents wait for the next line.
            self.position = self.position + 1 if self._documents else _end(_LINE_ENDS, text, self.position)
            self.position = after_documents(text, self.position, self._documents)
            return operator
        if self._guesses_left and text.startswith("((", self.position):
            return self._arithmetic_command()
        if operator := _OPERATOR.match(text, self.position):
            return self._operator(operator.group())
        return self._word()

    def line_of(self, position: int) -> int:
        """The number of the line at `position`, which must not lie before one asked for earlier."""
        if position > self._counted:
            self._line += self._text.count("\n", self._counted, position)
            self._counted = position
        return self._line

    def _operator(self, text: str) -> Operator:
        operator = Operator(text, self.line_of(self.position))
        self.position += len(text)
        if text.lstrip("0123456789") in {"<<", "<<-"}:
            read_mark(self._text, self.position, self._documents, strips_tabs=text.endswith("-"))
        return operator

    def _arithmetic_command(self) -> Token:
        start = self.position
        line = self.line_of(start)
        end = end_of_nesting(self._text, start + 2, "a)")
        if not self._text.startswith(")", end):
            self._guesses_left -= 1
            self.position = start + 1
            return Operator("(", line)
        self.position = end + 1
        return ArithmeticCommand(self._text[start + 2 : end - 1], line)

    def _word(self, *, in_array: bool = False) -> Word:
        line = self.line_of(self.position)
        self._swallows_line = 0
        pieces: list[Piece] = []
        text = self._text
        while self.position < len(text):
            if plain := _PLAIN.match(text, self.position):
                self.position = plain.end()
                pieces.append(Literal(plain.group(), is_quoted=False))
                continue
            char = text[self.position]
            if char == "(" and not in_array and len(pieces) == 1 and _is_array_start(pieces[0]):
                return Word(tuple(pieces), line, self._elements(), self._swallows_line)
            if char in "<>" and text.startswith("(", self.position + 1):
                pieces.append(self._nested(2, ")", Kind.PROCESS, is_quoted=False))
                continue
            if char in " \t\n;&|<>()":
                break
            self._quoted_piece(char, pieces)
        return Word(tuple(pieces), line, None, self._swallows_line)

    def _quoted_piece(self, char: str, pieces: list[Piece]) -> None:
        if char == "\\":
            self._escape(pieces)
        elif char == "'":
            self._single(pieces)
        elif char == '"':
            self._double(pieces)
        elif char == "~":
            self._tilde(pieces)
        else:
            self._expansion(pieces, is_quoted=False)

    def _escape(self, pieces: list[Piece]) -> None:
        escaped = self._text[self.position + 1 : self.position + 2]
        self.position += 2
        if escaped != "\n":
            # A backslash at the very end of the file stands for itself.
            pieces.append(Literal(escaped or "\\", is_quoted=True))

    def _single(self, pieces: list[Piece]) -> None:
        start = self.position
        end = self._text.find("'", start + 1)
        if end < 0:
            raise UnclosedError(start, "'")
        pieces.append(Literal(self._text[start + 1 : end], is_quoted=True))
        self.position = end + 1
        self._note_swallowed(start, end)

    def _double(self, pieces: list[Piece]) -> None:
        start = self.position
        text = self._text
        self.position += 1
        before = len(pieces)
        while True:
            if plain := _IN_DOUBLE.match(text, self.position):
                self.position = plain.end()
                pieces.append(Literal(plain.group(), is_quoted=True))
            if self.position >= len(text):
                raise UnclosedError(start, '"')
            char = text[self.position]
            if char == '"':
                self.position += 1
                break
            if char == "\\":
                self._escape_in_double(pieces)
            else:
                self._expansion(pieces, is_quoted=True)
        if len(pieces) == before:
            pieces.append(Literal("", is_quoted=True))
        self._note_swallowed(start, self.position)

    def _escape_in_double(self, pieces: list[Piece]) -> None:
        escaped = self._text[self.position + 1 : self.position + 2]
        self.position += 2 if escaped else 1
        if escaped == "\n":
            return
        pieces.append(Literal(escaped if escaped and escaped in '$`"\\' else "\\" + escaped, is_quoted=True))

    def _tilde(self, pieces: list[Piece]) -> None:
        self.position += 1
        is_home = not pieces or (len(pieces) == 1 and _is_array_start(pieces[0]))
        if not is_home and isinstance(before := pieces[-1], Literal):
            is_home = not before.is_quoted and before.text.endswith(":") and _is_assignment(pieces[0])
        pieces.append(Computed(Kind.HOME, "~", is_quoted=False) if is_home else Literal("~", is_quoted=False))

    def _expansion(self, pieces: list[Piece], *, is_quoted: bool) -> None:
        text, start = self._text, self.position
        if text[start] == "`":
            end, body = end_of_backquotes(text, start)
            pieces.append(Computed(Kind.COMMAND, body, is_quoted))
            self.position = end
        elif _BROKEN_NAME.match(text, start):
            # The name goes on in the next line; nobody writes this.
            pieces.append(Computed(Kind.EXPANSION, "", is_quoted))
            self.position += 1
        elif found := _NAME.match(text, start + 1):
            pieces.append(Reference(found.group(), "", is_quoted))
            self.position = found.end()
        elif found := (_BRACED.match(text, start) or _SPECIAL.match(text, start)):
            pieces.append(Reference(found.group(1), found.group(2) if found.re is _BRACED else "", is_quoted))
            self.position = found.end()
        else:
            self._rare_expansion(pieces, is_quoted=is_quoted)

    def _rare_expansion(self, pieces: list[Piece], *, is_quoted: bool) -> None:
        text, start = self._text, self.position
        if text.startswith("$((", start):
            end = end_of_nesting(text, start + 3, "a)")
            if text.startswith(")", end):
                pieces.append(Computed(Kind.ARITHMETIC, text[start + 3 : end - 1], is_quoted))
                self.position = end + 1
                return
        if text.startswith("$(", start):
            pieces.append(self._nested(2, ")", Kind.COMMAND, is_quoted=is_quoted))
        elif text.startswith("${", start):
            pieces.append(self._nested(2, "q}" if is_quoted else "}", Kind.EXPANSION, is_quoted=is_quoted))
        elif text.startswith("$[", start):
            pieces.append(self._nested(2, "]", Kind.ARITHMETIC, is_quoted=is_quoted))
        elif not is_quoted and text.startswith("$'", start):
            self.position, value = unescape_ansi(text, start)
            pieces.append(Literal(value, is_quoted=True))
        elif not is_quoted and text.startswith('$"', start):
            self.position += 1
        else:
            pieces.append(Literal("$", is_quoted=is_quoted))
            self.position += 1

    def _nested(self, width: int, closer: str, kind: Kind, *, is_quoted: bool) -> Computed:
        start = self.position + width
        self.position = end_of_nesting(self._text, start, closer)
        return Computed(kind, self._text[start : self.position - 1], is_quoted)

    def _elements(self) -> tuple[Word, ...]:
        start = self.position
        self.position += 1
        elements: list[Word] = []
        swallows_line = 0
        while True:
            text = self._text
            while (found := _BLANKS.match(text, self.position)) or text.startswith("\n", self.position):
                self.position = found.end() if found else self.position + 1
            if self.position >= len(text):
                raise UnclosedError(start, ")")
            char = text[self.position]
            if char == ")":
                self.position += 1
                break
            if char == "#":
                self.position = _end(_COMMENT, text, self.position)
            elif char in ";&|<>(" and not text.startswith(("<(", ">("), self.position):
                # No shell accepts this in an array; the character is left out, so that the rest is read.
                self.position += 1
            else:
                elements.append(self._word(in_array=True))
                swallows_line = swallows_line or elements[-1].swallows_line
        self._swallows_line = swallows_line
        return tuple(elements)

    def _note_swallowed(self, start: int, end: int) -> None:
        first_line_end = self._text.find("\n", start, end)
        if first_line_end < 0 or self._swallows_line:
            return
        if found := _SWALLOWED.search(self._text, first_line_end + 1, end):
            self._swallows_line = self._line + self._text.count("\n", self._counted, found.start())
            self.suspect = start if self.suspect is None else self.suspect


def _is_array_start(piece: Piece) -> bool:
    return isinstance(piece, Literal) and not piece.is_quoted and _ARRAY_START.match(piece.text) is not None


def _is_assignment(piece: Piece) -> bool:
    return isinstance(piece, Literal) and not piece.is_quoted and _ASSIGNMENT.match(piece.text) is not None


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position
