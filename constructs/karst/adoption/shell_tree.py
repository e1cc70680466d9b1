"""The commands, loops and conditions that a shell text is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from karst.adoption.shell_tokens import Word


@dataclass(kw_only=True, slots=True)
class Command:
    """One simple command; `joint` is the operator that follows it."""

    words: list[Word]
    line: int
    joint: str = "\n"
    is_negated: bool = False


@dataclass(kw_only=True, slots=True)
class Arithmetic:
    """`((...))`, a condition."""

    body: str
    line: int
    joint: str = "\n"
    is_negated: bool = False


@dataclass(kw_only=True, slots=True)
class Choice:
    """`if`: each condition with what it guards; `otherwise` is what `else` guards."""

    line: int
    branches: list[tuple[list[Statement], list[Statement]]] = field(default_factory=list)
    otherwise: list[Statement] = field(default_factory=list)
    is_closed: bool = False
    joint: str = "\n"


@dataclass(kw_only=True, slots=True)
class Loop:
    """`for name in words`, or `while`, `until` and `select`, whose name and words are empty."""

    line: int
    name: str = ""
    words: list[Word] = field(default_factory=list)
    body: list[Statement] = field(default_factory=list)
    is_closed: bool = False
    joint: str = "\n"


@dataclass(kw_only=True, slots=True)
class Group:
    """`{ ... }`: run where it stands."""

    line: int
    body: list[Statement] = field(default_factory=list)
    is_closed: bool = False
    joint: str = "\n"


@dataclass(kw_only=True, slots=True)
class Apart:
    """What sets nothing by itself (a function, a subshell) or cannot be foreseen (`case`); `what` names it."""

    what: str
    line: int
    body: list[Statement] = field(default_factory=list)
    sets_variables: bool = False
    joint: str = "\n"


Statement: TypeAlias = Command | Arithmetic | Choice | Loop | Group | Apart


def walk(statements: Sequence[Statement]) -> Iterator[Command]:
    """Every simple command inside `statements`, conditions included."""
    waiting: list[Statement] = list(reversed(statements))
    while waiting:
        statement = waiting.pop()
        match statement:
            case Command():
                yield statement
            case Choice(branches=branches, otherwise=otherwise):
                inner = [one for condition, body in branches for one in (*condition, *body)]
                waiting += reversed([*inner, *otherwise])
            case Loop(body=body) | Group(body=body) | Apart(body=body):
                waiting += reversed(body)
            case Arithmetic():
                pass
