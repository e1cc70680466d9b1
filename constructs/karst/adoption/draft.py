"""A deployment in the making: keys with the variables they come from, and what became of every variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from karst.adoption.report import Dropped, Hidden, Mapped, ToDo, Unknown, Warned, place_of
from karst.adoption.values import Derived, Environment, Items, Structure, Text, Value, Variable
from karst.config.errors import Location, show_path
from karst.drafts.yaml_text import Node

Tree: TypeAlias = "dict[str, Node]"


@dataclass(kw_only=True)
class Draft:
    """What is known so far. Rows of the table fill it in; nothing here decides what a variable means."""

    environment: Environment
    deployment: Tree = field(default_factory=dict[str, Node])
    datasets: dict[str, Tree] = field(default_factory=dict[str, Tree])
    comments: dict[Location, str] = field(default_factory=dict[Location, str])
    dataset_comments: dict[str, dict[Location, str]] = field(default_factory=dict[str, dict[Location, str]])
    origins: dict[Location, str] = field(default_factory=dict[Location, str])
    """Key of the deployment to the variable it comes from, so that a value that doesn't fit can be traced."""
    hidden: dict[str, Hidden] = field(default_factory=dict[str, Hidden])
    warnings: list[Warned] = field(default_factory=list[Warned])
    to_do: list[ToDo] = field(default_factory=list[ToDo])
    unknown: list[Unknown] = field(default_factory=list[Unknown])
    _mapped: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    _dropped: dict[str, str] = field(default_factory=dict[str, str])

    # What the file says

    def variable(self, name: str) -> Variable | None:
        """The assignment that holds."""
        return self.environment.variables.get(name)

    def text(self, name: str) -> str | None:
        """A text that is known and not empty, without blanks around it."""
        found = self.environment.text(name)
        return (found.strip() or None) if found is not None and is_shown(found) else None

    def items(self, name: str) -> tuple[str, ...]:
        """A list's texts; of a text, the parts between commas, brackets and quotes of other languages taken off."""
        variable = self.variable(name)
        if variable is None:
            return ()
        return tuple(one for one in self._listed(variable.value) if is_shown(one))

    def _listed(self, value: Value) -> tuple[str, ...]:
        match value:
            case Items(values=values):
                return tuple(clean for one in values if (clean := one.strip().strip("\"'").strip()))
            case Text(value=text):
                return split_list(text)
            case Structure(value=list(values)):
                return tuple(one.strip() for one in values if isinstance(one, str) and one.strip())
            case _:
                return ()

    def why_not(self, name: str) -> str | None:
        """Why a variable has no value: only running something would tell."""
        variable = self.variable(name)
        return variable.value.reason if variable is not None and isinstance(variable.value, Derived) else None

    # What is made of it

    def put(self, place: Location, value: Node, *names: str) -> None:
        """Write a key of the deployment; `names` are the variables it comes from."""
        if not _put(self.deployment, place, value):
            self._refuse(names)
            return
        for name in names:
            self.origins.setdefault(place, name)
            self.map_to(name, place_of(place))

    def turn(self, service: str, *names: str, is_on: bool) -> None:
        """Say whether a service runs."""
        self.put(("services", service, "enabled"), is_on, *names)

    def put_in_dataset(self, dataset: str, place: Location, value: Node, *names: str) -> None:
        """Write a key of a dataset's file."""
        if _put(self.datasets.setdefault(dataset, {}), place, value):
            for name in names:
                self.map_to(name, place_of(place, dataset))
        else:
            self._refuse(names)

    def _refuse(self, names: Iterable[str]) -> None:
        for name in names:
            self.warn(name, "It has characters that no editor shows, and is left out.")

    def get(self, place: Location) -> Node:
        """What stands at a key of the deployment; None where nothing does."""
        node: Node = self.deployment
        for part in place:
            if not isinstance(node, Mapping):
                return None
            node = node.get(str(part))
        return node

    def get_list(self, place: Location) -> list[Node]:
        """The list that stands at a key of the deployment, or an empty one."""
        found = self.get(place)
        return list(found) if isinstance(found, list) else []

    def remove(self, place: Location) -> None:
        """Take a key out, and what came to be empty around it."""
        _remove(self.deployment, place)
        self.origins.pop(place, None)

    def remove_from_dataset(self, dataset: str, place: Location) -> None:
        """Take a key out of a dataset's file."""
        _remove(self.datasets[dataset], place)

    def comment(self, place: Location, text: str) -> None:
        """Lines above a key of the deployment."""
        before = self.comments.get(place)
        self.comments[place] = f"{before}\n{text}" if before else text

    def comment_dataset(self, dataset: str, place: Location, text: str) -> None:
        """Lines above a key of a dataset's file."""
        self.dataset_comments.setdefault(dataset, {})[place] = text

    # What becomes of variables

    def map_to(self, name: str, place: str) -> None:
        """Say that a variable's value stands at `place`, a key or a word for it."""
        places = self._mapped.setdefault(name, [])
        if place not in places:
            places.append(place)

    def unmap(self, name: str) -> None:
        """Forget where a variable went, because its value turned out not to fit."""
        self._mapped.pop(name, None)

    def drop(self, name: str, reason: str) -> None:
        """Say why a variable goes nowhere."""
        self._dropped.setdefault(name, reason)

    def hide(self, name: str, *, meaning: str, reference: str | None = None, command: str | None = None) -> None:
        """Say where a secret's value belongs."""
        self.hidden[name] = Hidden(
            name=name, line=self.line(name), reference=reference, command=command, meaning=meaning
        )

    def warn(self, name: str, message: str) -> None:
        """Say what to look at in a variable; never its value."""
        variable = self.variable(name)
        place = f"{name} ({show_path(variable.file.name)}:{variable.line})" if variable else name
        self.warnings.append(Warned(place=place, message=message))

    def ask(self, place: str, what: str, command: str | None = None) -> None:
        """Leave something to a person."""
        self.to_do.append(ToDo(place=place, what=what, command=command))

    def line(self, name: str) -> int:
        """Where a variable is set; 0 for none."""
        variable = self.variable(name)
        return variable.line if variable else 0

    def is_settled(self, name: str) -> bool:
        """Whether it is known what became of a variable."""
        return name in self._mapped or name in self._dropped or name in self.hidden

    def mapped(self) -> tuple[Mapped, ...]:
        """The bucket, in the order of the file."""
        names = [name for name in self.environment.variables if name in self._mapped and name not in self.hidden]
        return tuple(Mapped(name=name, line=self.line(name), places=tuple(self._mapped[name])) for name in names)

    def dropped(self) -> tuple[Dropped, ...]:
        """The bucket, in the order of the file."""
        settled = self._mapped.keys() | self.hidden.keys()
        names = [name for name in self.environment.variables if name in self._dropped and name not in settled]
        return tuple(Dropped(name=name, line=self.line(name), reason=self._dropped[name]) for name in names)


def split_list(text: str) -> tuple[str, ...]:
    """`"a","b"`, `['a', 'b']`, `a, b` and `a` as their names."""
    inner = text.strip()
    while len(inner) > 1 and inner[0] in "[(" and inner[-1] in "])":
        inner = inner[1:-1].strip()
    return tuple(clean for one in inner.split(",") if (clean := one.strip().strip("\"'").strip()))


def is_shown(text: str) -> bool:
    """Whether an editor shows all of a text."""
    return text.replace("\n", "").replace("\t", "").isprintable()


def _is_shown_whole(value: Node) -> bool:
    if isinstance(value, str):
        return is_shown(value)
    if isinstance(value, Mapping):
        return all(is_shown(key) and _is_shown_whole(one) for key, one in value.items())
    return not isinstance(value, Sequence) or all(map(_is_shown_whole, value))


def _put(tree: MutableMapping[str, Node], place: Location, value: Node) -> bool:
    """Whether the value was written: text with characters that no editor shows is not."""
    if not _is_shown_whole(value):
        return False
    node = tree
    for part in place[:-1]:
        inner = node.get(str(part))
        if not isinstance(inner, dict):
            inner = node[str(part)] = {}
        node = inner
    node[str(place[-1])] = value
    return True


def _remove(tree: MutableMapping[str, Node], place: Location) -> None:
    nodes: list[MutableMapping[str, Node]] = [tree]
    for part in place[:-1]:
        inner = nodes[-1].get(str(part))
        if not isinstance(inner, dict):
            return
        nodes.append(inner)
    nodes[-1].pop(str(place[-1]), None)
    for parent, part in zip(reversed(nodes[:-1]), reversed(place[:-1]), strict=True):
        if parent.get(str(part)) == {}:
            del parent[str(part)]
