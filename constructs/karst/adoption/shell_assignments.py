"""What a simple command sets: `K=v`, `export K=v`, and what people write when they mean one of these."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from karst.adoption.shell_tokens import Literal, Piece, Reference, Word
from karst.adoption.shell_tree import Command, Loop
from karst.adoption.shell_words import NAME

_NAME = re.compile(rf"{NAME}\Z")
_ASSIGNMENT = re.compile(rf"({NAME})(\[[^\]=]*\])?(\+?)=")
_DECLARING = frozenset({"export", "declare", "typeset", "readonly", "local"})
# Options of `declare` under which a value becomes another one: arithmetic, lower and upper case, a map, an alias.
_CHANGING = frozenset("iluAn")


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """One name and what it is set to. With `reason`, the value cannot be told; with `notice`, it was guessed."""

    name: str
    line: int
    pieces: tuple[Piece, ...] = ()
    elements: tuple[Word, ...] | None = None
    appends: bool = False
    is_exported: bool = False
    notice: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """`export K`: a name without a value."""

    name: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Stray:
    """A word that belongs to nothing, and what to say of it."""

    line: int
    message: str


Part = Assignment | Declared | Stray


def assignments_of(command: Command) -> list[Part] | None:
    """What `command` sets, in order; None if it is a command that sets nothing."""
    words = command.words
    if words[0].bare in _DECLARING:
        return _declared(words)
    if _name_of(words[0]) is not None:
        return _plain(words)
    if len(words) > 1 and _NAME.match(words[0].bare) and (value := _after_equals(words[1:])) is not None:
        name, line = words[0].bare, words[0].line
        pieces, rest = value
        found: list[Part] = [Assignment(name=name, line=line, pieces=pieces, notice=_spaced(name, ""))]
        return [*found, *_strays(name, rest)]
    return None


def set_by(command: Command) -> list[tuple[str, int]]:
    """The names that `command` would set, with their lines."""
    found = assignments_of(command) if command.words else None
    return [(one.name, one.line) for one in found or () if isinstance(one, Assignment)]


def is_list_builder(loop: Loop) -> bool:
    """Whether the loop does what the templates of CAVEdeployment do: one text, longer by a line for each host."""
    if not loop.is_closed or not loop.body or not any(isinstance(p, Reference) for w in loop.words for p in w.pieces):
        return False
    for statement in loop.body:
        found = assignments_of(statement) if isinstance(statement, Command) else None
        for one in found or [None]:
            if not isinstance(one, Assignment) or not one.pieces:
                return False
            first = one.pieces[0]
            if not (isinstance(first, Reference) and first.name == one.name) and not one.appends:
                return False
    return True


def _plain(words: Sequence[Word]) -> list[Part]:
    """`A=1 B=2`. A word behind makes it the environment of that word's command, so that bash sets nothing."""
    count = next((at for at, word in enumerate(words) if _name_of(word) is None), len(words))
    found = [_assignment(word, is_exported=False) for word in words[:count]]
    if count == len(words):
        return list(found)
    last, rest = found[-1], words[count:]
    if count == 1 and len(rest) == 1 and _is_empty(last):
        return [replace(last, pieces=rest[0].pieces, notice=_spaced(last.name, ""))]
    names = ", ".join(one.name for one in found[:5])
    message = (
        f"Bash takes what follows {names} in this line for a command, and sets nothing. If it belongs to the value,"
        " put the whole value between quotes."
    )
    return [Stray(line=last.line, message=message)]


def _declared(words: Sequence[Word]) -> list[Part]:
    command = words[0].bare
    found: list[Part] = []
    is_exported = command == "export"
    changes = False
    at = 1
    while at < len(words):
        word = words[at]
        at += 1
        if word.bare.startswith(("-", "+")):
            is_exported = is_exported or (word.bare.startswith("-") and "x" in word.bare)
            changes = changes or (command != "export" and not _CHANGING.isdisjoint(word.bare))
        elif _name_of(word) is not None:
            one = _assignment(word, is_exported=is_exported)
            if _is_empty(one) and at < len(words) and not _is_named(words[at]):
                one = replace(one, pieces=words[at].pieces, notice=_spaced(one.name, command))
                at += 1
            if changes:
                one = replace(one, reason=f"an option of `{command}` that changes the value")
            found.append(one)
        elif not _NAME.match(word.bare):
            found += _strays(_last_name(found), [word])
        elif (value := _after_equals(words[at : at + 2])) is None:
            found.append(Declared(name=word.bare, line=word.line))
        else:
            pieces, rest = value
            at = min(at + 2, len(words)) - len(rest)
            notice = _spaced(word.bare, command)
            found.append(
                Assignment(name=word.bare, line=word.line, pieces=pieces, is_exported=is_exported, notice=notice)
            )
    return found


def _assignment(word: Word, *, is_exported: bool) -> Assignment:
    first = word.pieces[0]
    matched = _ASSIGNMENT.match(first.text) if isinstance(first, Literal) else None
    if matched is None or not isinstance(first, Literal):
        raise AssertionError("only words that begin with name= get here")
    value = first.text[matched.end() :]
    pieces = (Literal(value, is_quoted=False), *word.pieces[1:]) if value else word.pieces[1:]
    one = Assignment(
        name=matched[1],
        line=word.line,
        pieces=pieces,
        elements=word.elements,
        appends=bool(matched[3]),
        is_exported=is_exported,
    )
    if matched[2] or any(element.pieces and _is_subscript(element.pieces[0]) for element in word.elements or ()):
        message = f"Karst does not follow the numbers of items in brackets. Write all items of {one.name} one by one."
        return replace(one, reason="a list whose items are numbered", notice=message)
    return one


def _after_equals(words: Sequence[Word]) -> tuple[tuple[Piece, ...], list[Word]] | None:
    """The value after a `=` that stands apart from its name, and what follows; None if there is no such `=`."""
    if not words or not words[0].pieces or words[0].elements is not None:
        return None
    first = words[0].pieces[0]
    if not isinstance(first, Literal) or first.is_quoted or not first.text.startswith("="):
        return None
    if first.text == "=" and len(words[0].pieces) == 1:
        return (words[1].pieces, list(words[2:])) if len(words) > 1 else ((), [])
    if first.text.startswith(("==", "=~")):
        return None
    return (Literal(first.text[1:], is_quoted=False), *words[0].pieces[1:]), list(words[1:])


def _strays(name: str, words: Sequence[Word]) -> list[Part]:
    if not words:
        return []
    subject = f"the value of {name} has blanks" if name else "a value with blanks is meant"
    return [
        Stray(
            line=words[0].line,
            message=f"This line goes on with words that bash takes for no value. If {subject}, put all of it between"
            " quotes.",
        )
    ]


def _is_named(word: Word) -> bool:
    return _name_of(word) is not None or _NAME.match(word.bare) is not None


def _last_name(parts: Sequence[Part]) -> str:
    return next((one.name for one in reversed(parts) if not isinstance(one, Stray)), "")


def _is_empty(one: Assignment) -> bool:
    return not one.pieces and one.elements is None and not one.appends


def _name_of(word: Word) -> str | None:
    first = word.pieces[0] if word.pieces else None
    if not isinstance(first, Literal) or first.is_quoted:
        return None
    matched = _ASSIGNMENT.match(first.text)
    return matched[1] if matched else None


def _is_subscript(piece: Piece) -> bool:
    return isinstance(piece, Literal) and not piece.is_quoted and piece.text.startswith("[")


def _spaced(name: str, command: str) -> str:
    wanted = f"{command} {name}=..." if command else f"{name}=..."
    return (
        f"There is a blank beside the `=` of {name}: bash refuses the line and leaves {name} as it was. Karst read what"
        f" was meant. To say it in bash, write `{wanted}` without the blank."
    )
