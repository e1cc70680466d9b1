"""A synthesized stack as rules see it, and what a rule is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

Json = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One declared resource."""

    kind: str
    name: str
    body: Json

    @property
    def address(self) -> str:
        """As Terraform writes it."""
        return f"{self.kind}.{self.name}"

    def text(self, *path: str) -> str:
        """Return the text at `path`, empty where there is none."""
        value = dig(self.body, *path)
        return value if isinstance(value, str) else ""

    def is_true(self, *path: str) -> bool:
        """Whether `path` is set to true."""
        return dig(self.body, *path) is True


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack's Terraform JSON."""

    name: str
    document: Json

    def resources(self, *kinds: str) -> Iterator[Resource]:
        """Yield the resources of these types, or all of them where none is named, by type and name."""
        declared = as_mapping(self.document.get("resource"))
        for kind in sorted(kinds or declared):
            for name, body in sorted(as_mapping(declared.get(kind)).items()):
                yield Resource(kind=kind, name=name, body=as_mapping(body))


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """One place where a rule is broken."""

    stack: str
    address: str
    """Of the resource; empty where it is the stack as a whole."""
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.stack}: {self.address or 'the stack'}: {self.message} [{self.rule}]"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that every stack must keep to."""

    id: str
    reason: str
    """What goes wrong where it is broken."""
    judge: Callable[[Stack], Iterable[tuple[str, str]]]
    """Yields the address and the message of each breach."""

    def findings(self, stack: Stack) -> list[Finding]:
        """List every breach in `stack`."""
        return sorted(
            Finding(stack=stack.name, address=address, rule=self.id, message=message)
            for address, message in self.judge(stack)
        )


def on_each(
    kinds: Collection[str], judge: Callable[[Resource], Iterable[str]]
) -> Callable[[Stack], Iterator[tuple[str, str]]]:
    """Make a stack's judge of one that looks at one resource at a time."""

    def judge_stack(stack: Stack) -> Iterator[tuple[str, str]]:
        for resource in stack.resources(*kinds):
            for message in judge(resource):
                yield resource.address, message

    return judge_stack


def as_mapping(value: object) -> Json:
    """Return a JSON object; a list of one, as Terraform also writes a block, is that one; else nothing."""
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, Mapping) else {}


def as_objects(value: object) -> list[Json]:
    """Return the JSON objects of a repeated block, which may be written as one object."""
    if isinstance(value, Mapping):
        return [value]
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def dig(body: Json, *path: str) -> object:
    """Return what lies at `path`, going through blocks; `None` where there is nothing."""
    *blocks, last = path
    for block in blocks:
        body = as_mapping(body.get(block))
    return body.get(last)


def walk(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every text below `value` with the keys that lead to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from walk(inner, (*path, str(key)))
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, path)
