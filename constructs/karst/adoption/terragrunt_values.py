"""What an expression of Terraform's language says, where its text alone tells; no function or other unit is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from tree_sitter import Node

from karst.adoption.values import Derived, Plain

MAX_DEPTH = 50

Known: TypeAlias = "Plain | Derived"
Scalar: TypeAlias = str | int | float | bool

_ESCAPE = re.compile(r"\\(?:([nrt\"\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))|([$%])\4\{")
_MARK = re.compile(r"([$%])\1\{")
_NAMED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_WORD = re.compile(r"[A-Za-z_][\w-]{0,60}\Z")
_INTEGER = re.compile(r"[0-9]{1,18}\Z")
_BRACKETS = ("_start", "_end")
_TRANSPARENT = frozenset({"expression", "literal_value", "template_expr", "collection_value"})


class TooDeepError(Exception):
    """Values stand inside values more than fifty times."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class BrokenTextError(Exception):
    """A text between quotes runs over the end of its line."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class Expressions:
    """Evaluates the expressions of one file, `source`, in which `local.x` means `local_values["x"]`."""

    def __init__(self, source: bytes, local_values: Mapping[str, Known]) -> None:
        self._source = source
        self._locals = local_values

    def value(self, node: Node, depth: int = 0) -> Known:
        """The value of `node`. Raises `TooDeepError` and `BrokenTextError`."""
        if depth > MAX_DEPTH:
            raise TooDeepError(line_of(node))
        inner = parts(node)
        match node.type:
            case kind if kind in _TRANSPARENT and len(inner) == 1:
                return self.value(inner[0], depth + 1)
            case "string_lit" | "quoted_template":
                return self._text(node, depth)
            case "heredoc_template":
                return self._document(node)
            case "numeric_lit":
                return _number(self.source_of(node))
            case "bool_lit":
                return self.source_of(node) == "true"
            case "null_lit":
                return None
            case "tuple":
                return self._list(node, depth)
            case "object":
                return self._mapping(node, depth)
            case _:
                return self._computed(node, depth)

    def source_of(self, node: Node) -> str:
        """The text of `node` as it stands in the file."""
        return self._source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def entries(self, node: Node, depth: int = 0) -> dict[str, tuple[Node, int]]:
        """The keys of an object that are constant, each with its value's node and its line."""
        found: dict[str, tuple[Node, int]] = {}
        for element in parts(node):
            pair = parts(element)
            if element.type != "object_elem" or len(pair) != 2:
                continue
            key = self._key(pair[0], depth)
            if key is not None:
                found[key] = pair[1], line_of(element)
        return found

    def _key(self, node: Node, depth: int) -> str | None:
        inner = parts(node)
        if node.type == "expression" and len(inner) == 1 and inner[0].type == "variable_expr":
            return self.source_of(inner[0])
        value = self.value(node, depth + 1)
        return value if isinstance(value, str) else None

    def _text(self, node: Node, depth: int) -> Known:
        found: list[str] = []
        unknown: Derived | None = None
        children = node.children
        position = children[0].end_byte
        for child in children[1:]:
            if child.type == "template_literal":
                continue
            literal = self._source[position : child.start_byte].decode("utf-8", "replace")
            if "\n" in literal:
                raise BrokenTextError(line_of(node))
            found.append(_ESCAPE.sub(_unescaped, literal))
            position = child.end_byte
            if child.type == "quoted_template_end":
                break
            inner = [one for one in parts(child) if one.type == "expression"]
            value = self.value(inner[0], depth + 1) if child.type == "template_interpolation" and inner else None
            if isinstance(value, Derived):
                unknown = unknown or value
            elif value is None or isinstance(value, list | dict):
                unknown = unknown or Derived(reason="a template that Karst does not compute")
            else:
                found.append(as_text(value))
        return unknown or "".join(found)

    def _document(self, node: Node) -> Known:
        if any(child.type in {"template_interpolation", "template_directive"} for child in node.children):
            return Derived(reason="a template that Karst does not compute")
        marks = [child for child in node.children if child.type == "heredoc_identifier"]
        start = self._source.find(b"\n", marks[0].end_byte) + 1
        end = self._source.rfind(b"\n", start - 1, marks[-1].start_byte) + 1
        text = self._source[start:end].decode("utf-8", "replace")
        if self.source_of(node).startswith("<<-"):
            lines = text.split("\n")
            margin = min((len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()), default=0)
            text = "\n".join(line[margin:] for line in lines)
        return _MARK.sub(r"\1{", text)

    def _list(self, node: Node, depth: int) -> Known:
        found: list[Plain] = []
        for child in parts(node):
            if child.type == "expression":
                value = self.value(child, depth + 1)
                if isinstance(value, Derived):
                    return value
                found.append(value)
        return found

    def _mapping(self, node: Node, depth: int) -> Known:
        found: dict[str, Plain] = {}
        for key, (element, _) in self.entries(node, depth).items():
            value = self.value(element, depth + 1)
            if isinstance(value, Derived):
                return value
            found[key] = value
        return found

    def _computed(self, node: Node, depth: int) -> Known:
        inner = parts(node)
        source = self.source_of(node)
        if node.type == "operation" and source.startswith("-") and source[1:].strip().replace(".", "", 1).isdigit():
            number = _number(source[1:].strip())
            return -number if isinstance(number, int | float) else number
        if node.type == "function_call" and inner:
            name = self.source_of(inner[0])
            return Derived(reason=f"the function {name[:40]}" if name.isidentifier() else "a function")
        if node.type in {"expression", "variable_expr"}:
            path = re.sub(r"\s", "", source).split(".")
            if len(path) == 2 and path[0] == "local":
                return self._locals.get(path[1], Derived(reason="a local value that is not known"))
            if (
                path[0] == "dependency"
                and len(path) >= 4
                and all(part.replace("-", "_").isidentifier() for part in path)
            ):
                return Derived(reason=f"the output {path[3]} of the unit {path[1]}")
            if path[0] == "expression" or (len(inner) == 1 and source.startswith("(")):
                return self.value(inner[0], depth + 1)
        return Derived(reason="an expression that Karst does not compute")


def parts(node: Node) -> list[Node]:
    """The parts of `node` that mean something: no brackets, no comments."""
    return [
        child
        for child in node.children
        if child.is_named and child.type != "comment" and not child.type.endswith(_BRACKETS)
    ]


def line_of(node: Node) -> int:
    """The line at which `node` begins, counted from 1."""
    return node.start_point.row + 1


def as_text(value: Scalar) -> str:
    """A scalar as Terraform prints it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _number(source: str) -> int | float | Derived:
    if _INTEGER.match(source):
        return int(source)
    try:
        return float(source[:100])
    except ValueError:
        return Derived(reason="a number that Karst does not read")


def _unescaped(found: re.Match[str]) -> str:
    named, short, long, mark = found.groups()
    if named:
        return _NAMED[named]
    if mark:
        return mark + "{"
    number = int(short or long, 16)
    return chr(number) if number < 0xD800 or 0xE000 <= number < 0x110000 else "\ufffd"
