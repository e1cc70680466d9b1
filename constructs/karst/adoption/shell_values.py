"""What the words of a shell file say: constants folded, references looked up, everything computed left alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from karst.adoption.shell_files import RefusedError, RepositoryFiles
from karst.adoption.shell_nesting import UnclosedError
from karst.adoption.shell_scope import TELLABLE, Scope
from karst.adoption.shell_text import Notify
from karst.adoption.shell_tokens import Computed, Kind, Literal, Operator, Piece, Reference, Token, Word
from karst.adoption.shell_words import Scanner
from karst.adoption.values import Derived, Items, Text, Value

MAX_CHARS = 64 << 20

_INDEX = re.compile(r"\[(0|[1-9][0-9]{0,5})\]\Z")
_INDENT_BY_AWK = re.compile(r"""\{\s*printf\s*\(?\s*"[ ]*%s\\n"\s*,\s*\$0\s*\)?\s*;?\s*\}\Z""")
_INDENT_BY_SED = re.compile(r"s([/|?#])\^\1[ ]+\1g?\Z")
_CONVENTIONAL = re.compile(r"[A-Z]+(?:_[A-Z0-9]+)+\Z|[A-Z]{4,}\Z")
_INDENT = " " * 4
_BLANK = re.compile(r"[ \t\n]+")


class TooLongError(Exception):
    """All values together are longer than 64 million characters: something doubles itself."""


@dataclass(kw_only=True)
class Folded:
    """A value, and the variables that went into it."""

    value: Value
    refers_to: tuple[str, ...] = ()


@dataclass(kw_only=True)
class _Parts:
    """A text in the making. `reason` says why it cannot be known; `source` is the file that is all of it."""

    texts: list[str] = field(default_factory=list[str])
    names: dict[str, None] = field(default_factory=dict[str, None])
    reason: str = ""
    source: Path | None = None

    def folded(self) -> Folded:
        text = "".join(self.texts)
        value = Derived(reason=self.reason) if self.reason else Text(value=text, file=self.source)
        return Folded(value=value, refers_to=tuple(self.names))


class Values:
    """Folds words with what `scope` holds at the moment."""

    def __init__(self, scope: Scope, files: RepositoryFiles, notify: Notify) -> None:
        self._scope = scope
        self._files = files
        self._notify = notify
        self._chars_left = MAX_CHARS

    def text(self, pieces: Sequence[Piece], line: int, *, is_quiet: bool = False) -> Folded:
        """One text, as at the right of `=`. With `is_quiet` an unset variable is nothing to tell of."""
        parts = _Parts()
        for piece in pieces:
            self._add(piece, parts, line, is_quiet=is_quiet)
        if len([piece for piece in pieces if not _is_nothing(piece)]) > 1:
            parts.source = None
        return parts.folded()

    def items(self, words: Iterable[Word], *, is_quiet: bool = False) -> Folded:
        """Several texts, as between the brackets of an array: references without quotes are split at blanks."""
        found: list[str] = []
        names: dict[str, None] = {}
        reason = ""
        for word in words:
            parts = _Parts()
            fields = self._fields(word, parts, is_quiet=is_quiet)
            found += fields
            names |= parts.names
            reason = reason or parts.reason
        value = Derived(reason=reason) if reason else Items(values=tuple(found))
        return Folded(value=value, refers_to=tuple(names))

    def _fields(self, word: Word, parts: _Parts, *, is_quiet: bool) -> list[str]:
        fields: list[str] = []
        current: str | None = None
        for piece in word.pieces:
            if isinstance(piece, Reference) and piece.is_quoted and piece.modifier == "[@]":
                texts = self._all_items(piece, parts, word.line, is_quiet=is_quiet)
            else:
                before = len(parts.texts)
                self._add(piece, parts, word.line, is_quiet=is_quiet)
                texts = ["".join(parts.texts[before:])]
                if not isinstance(piece, Literal) and not piece.is_quoted:
                    texts = _BLANK.split(texts[0])
            for position, text in enumerate(texts):
                if position and current is not None:
                    fields.append(current)
                    current = None
                if text or piece.is_quoted:
                    current = (current or "") + text
        return fields if current is None else [*fields, current]

    def _all_items(self, piece: Reference, parts: _Parts, line: int, *, is_quiet: bool) -> list[str]:
        held = self._scope.get(piece.name)
        if isinstance(held, Items):
            parts.names[piece.name] = None
            self.spend(sum(map(len, held.values)) + len(held.values))
            return list(held.values)
        if held is None:
            return []
        before = len(parts.texts)
        self._add(replace(piece, modifier=""), parts, line, is_quiet=is_quiet)
        return parts.texts[before:]

    def _add(self, piece: Piece, parts: _Parts, line: int, *, is_quiet: bool) -> None:
        match piece:
            case Literal(text=text):
                pass
            case Reference():
                text = self._referred(piece, parts, line, is_quiet=is_quiet)
            case Computed(kind=Kind.COMMAND, body=body):
                text = self._output(body, parts, line)
            case Computed(kind=kind):
                parts.reason = parts.reason or kind.value
                if kind is Kind.EXPANSION:
                    self._tell_expansion(line)
                return
        self.spend(len(text))
        parts.texts.append(text)

    def _referred(self, piece: Reference, parts: _Parts, line: int, *, is_quiet: bool) -> str:
        parts.names[piece.name] = None
        held = self._scope.get(piece.name)
        modifier = piece.modifier
        if modifier.removeprefix(":").startswith(("-", "+")) and not isinstance(held, Derived):
            return _alternative(_first(held), modifier)
        if isinstance(held, Derived):
            parts.reason = parts.reason or held.reason
            return ""
        if held is None:
            if not is_quiet and not modifier.removeprefix(":").startswith("?"):
                self._notify(line, _unset(piece.name))
            return ""
        if modifier in {"[@]", "[*]"}:
            return " ".join(held.values) if isinstance(held, Items) else _first(held) or ""
        if index := _INDEX.match(modifier):
            items = held.values if isinstance(held, Items) else (_first(held) or "",)
            return items[int(index[1])] if int(index[1]) < len(items) else ""
        if modifier and not modifier.removeprefix(":").startswith("?"):
            parts.reason = parts.reason or Kind.EXPANSION.value
            self._tell_expansion(line)
        return _first(held) or ""

    def _output(self, body: str, parts: _Parts, line: int) -> str:
        tokens = _tokens(body)
        file = _file_read(tokens)
        command = next((token.bare for token in tokens if isinstance(token, Word)), "")
        if file is None:
            name = command if command in TELLABLE else "a command"
            parts.reason = parts.reason or f"the output of {name}"
            if command == "cat":
                self._notify(
                    line, "Of `$(cat ...)`, Karst reads one file, indented or not. Put the finished text into one file."
                )
            return ""
        inner = _Parts()
        for piece in file.pieces:
            if isinstance(piece, Computed):
                inner.reason = "the output of a command"
            else:
                self._add(piece, inner, line, is_quiet=False)
        parts.names |= inner.names
        if inner.reason:
            parts.reason = parts.reason or f"a file whose name depends on {inner.reason}"
            self._notify(line, "The file that is read here has a name that is not known. Write its path out.")
            return ""
        try:
            parts.source, text = self._files.read("".join(inner.texts))
        except RefusedError as error:
            parts.reason = parts.reason or "a file that was not read"
            self._notify(line, str(error))
            return ""
        return _without_indent(text.rstrip("\n"))

    def _tell_expansion(self, line: int) -> None:
        self._notify(line, "Karst does not compute this expansion. Write its result out, if the variable matters.")

    def spend(self, chars: int) -> None:
        """Count `chars` more characters as made. Raises `TooLongError` when it is enough."""
        self._chars_left -= chars
        if self._chars_left < 0:
            raise TooLongError


def _without_indent(text: str) -> str:
    """The text without the four blanks that operators put before every line, to fit a place in upstream's YAML."""
    lines = text.split("\n")
    if not all(line.startswith(_INDENT) or not line.strip() for line in lines):
        return text
    return "\n".join(line.removeprefix(_INDENT) for line in lines)


def _is_nothing(piece: Piece) -> bool:
    return isinstance(piece, Literal) and not piece.text


def _first(value: Value | None) -> str | None:
    if isinstance(value, Items):
        return value.values[0] if value.values else None
    return value.value if isinstance(value, Text) else None


def _alternative(text: str | None, modifier: str) -> str:
    """`${name:-word}` and its kin; without the colon, an empty text counts as set."""
    is_there = bool(text) if modifier.startswith(":") else text is not None
    operator, word = modifier.removeprefix(":")[0], modifier.removeprefix(":")[1:]
    if operator == "+":
        return word if is_there else ""
    return (text or "") if is_there else word


def _unset(name: str) -> str:
    # In a password that stands between double quotes, what follows a `$` is no name.
    subject = f"${name} is used" if _CONVENTIONAL.match(name) else "A variable is used here"
    return f"{subject}, but nothing above sets it; like bash, Karst takes it as empty. Set it, or remove it here."


def _tokens(body: str) -> list[Token]:
    """The first words and operators of a command; none where it makes no sense."""
    scanner = Scanner(body)
    found: list[Token] = []
    try:
        while len(found) < 10 and (token := scanner.next()) is not None:
            found.append(token)
    except UnclosedError:
        return []
    return [token for token in found if not (isinstance(token, Operator) and token.text == "\n")]


def _file_read(tokens: Sequence[Token]) -> Word | None:
    """The file, if the command is `cat FILE` or `< FILE`, alone or with its lines indented by awk or sed."""
    match list(tokens):
        case [Word(bare="cat"), Word() as file]:
            return file
        case [Operator(text="<"), Word() as file]:
            return file
        case [Word(bare="cat"), Operator(text="<"), Word() as file]:
            return file
        case [Word(bare="cat"), Word() as file, Operator(text="|"), Word(bare="awk"), Word() as script]:
            return file if _INDENT_BY_AWK.match(_constant(script)) else None
        case [Word(bare="cat"), Word() as file, Operator(text="|"), Word(bare="sed"), Word() as script]:
            return file if _INDENT_BY_SED.match(_constant(script)) else None
        case _:
            return None


def _constant(word: Word) -> str:
    return "".join(piece.text if isinstance(piece, Literal) else "\0" for piece in word.pieces)
