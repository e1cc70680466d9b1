"""Words, names, texts, numbers and signs of a dump's SQL, one after the other, however long a text is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from karst_platform.dumps.rows import DumpError

Kind = Literal["word", "name", "text", "number", "sign", "end"]
_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*)
      | (?P<block>/\*)
      | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
      | (?P<text>[eEbBxX]?')
      | (?P<name>")
      | (?P<word>[^\W\d][\w$]*)
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<sign>.)""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"(?:[^']|'')*")
_ESCAPED = re.compile(r"(?:[^'\\]|''|\\.)*", re.DOTALL)
_NAME = re.compile(r'(?:[^"]|"")*')
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|''", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_COPY_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.?))", re.DOTALL)
_COPY_LETTERS = {**_LETTERS, "v": "\v"}


class Token(NamedTuple):
    """A part of SQL. Words are in small letters; names and texts without quotes and escapes."""

    kind: Kind
    text: str
    line: int


class Lines:
    """Lines of a file, in UTF-8, counted from 1."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self.number = 0
        self.last_comment = ""
        """The last line that said anything besides a command of psql, where that was a comment."""

    def next(self) -> str | None:
        """The next line with its end; None after the last one. Raises DumpError."""
        line = next(self._lines, None)
        if line is None:
            return None
        self.number += 1
        try:
            text = line.decode()
        except UnicodeDecodeError:
            message = "this is not UTF-8. Make the dump anew with pg_dump --encoding=UTF8 --file=NAME"
            raise DumpError(message, line=self.number) from None
        if text.strip() and text.strip() != "--" and not text.startswith("\\"):
            self.last_comment = text.strip() if text.startswith("--") else ""
        return text


class Tokens:
    """Parts of SQL in the order in which they stand."""

    def __init__(self, lines: Lines) -> None:
        self._lines, self._text, self._at = lines, "", 0
        self.has_escapes = False
        """Whether a backslash means something in every text, as in dumps of very old servers."""

    def next(self) -> Token:
        """The next part; of the kind `end` at the end of the file. Raises DumpError."""
        while True:
            found = _TOKEN.match(self._text, self._at)
            if found is None:
                if not self._read_line():
                    return Token("end", "", self._lines.number)
                continue
            self._at = found.end()
            if (token := self._token(found)) is not None:
                return token

    def rest_of_line(self) -> str:
        """What stands to the right, which is passed over."""
        rest, self._at = self._text[self._at :], len(self._text)
        return rest

    def _token(self, found: re.Match[str]) -> Token | None:
        """What begins here; None for spaces and comments."""
        line = self._lines.number
        match found.lastgroup:
            case "space":
                return None
            case "block":
                self._skip_to("*/")
                return None
            case "dollar":
                return Token("text", self._skip_to(found[0]), line)
            case "text":
                return Token("text", self._quoted_text(found[0][:-1].lower()), line)
            case "name":
                return Token("name", self._until(_NAME, '"').replace('""', '"'), line)
            case "number":
                return Token("number", found[0], line)
            case "word":
                return Token("word", found[0].lower(), line)
            case _:
                return Token("sign", found[0], line)

    def _read_line(self) -> bool:
        line = self._lines.next()
        self._text, self._at = line or "", 0
        return line is not None

    def _quoted_text(self, prefix: str) -> str:
        if prefix == "e" or (self.has_escapes and not prefix):
            return _ESCAPE.sub(_unescaped, self._until(_ESCAPED, "'"))
        return self._until(_PLAIN, "'").replace("''", "'")

    def _until(self, inner: re.Pattern[str], quote: str) -> str:
        """What stands before the closing quote, over as many lines as it takes."""
        begin, parts = self._lines.number, list[str]()
        while True:
            found = inner.match(self._text, self._at)
            parts.append(found[0] if found is not None else "")
            self._at += len(parts[-1])
            if self._text[self._at : self._at + 1] == quote:
                self._at += 1
                return "".join(parts)
            if not self._read_line():
                raise DumpError("the file ends within a text that begins here", line=begin)

    def _skip_to(self, end: str) -> str:
        begin, parts = self._lines.number, list[str]()
        while (at := self._text.find(end, self._at)) < 0:
            parts.append(self._text[self._at :])
            if not self._read_line():
                raise DumpError(f"the file ends before the {end} that closes what begins here", line=begin)
        parts.append(self._text[self._at : at])
        self._at = at + len(end)
        return "".join(parts)


def copied(field: str) -> str | None:
    """A field of COPY: None for NULL, else its text."""
    if "\\" not in field:
        return field
    return None if field == "\\N" else _COPY_ESCAPE.sub(_uncopied, field)


def _uncopied(found: re.Match[str]) -> str:
    octal, hexadecimal, letter = found.groups()
    if octal or hexadecimal:
        return chr(int(octal, 8) if octal else int(hexadecimal, 16))
    return _COPY_LETTERS.get(letter, letter)


def _unescaped(found: re.Match[str]) -> str:
    if found[0] == "''":
        return "'"
    octal, *hexadecimal, letter = found.groups()
    if octal:
        return chr(int(octal, 8))
    number = next((each for each in hexadecimal if each), None)
    return chr(int(number, 16)) if number else _LETTERS.get(letter, letter)
