"""Reads the inputs of a platform made with terraform-google-cave: `terragrunt.hcl`, `root.hcl`, `terraform.tfvars`.

    environment = read_inputs(Path("environments/api/apiv1/terragrunt.hcl"))

The file that a `terragrunt.hcl` includes is read before it, as Terragrunt does. The language is parsed by tree-sitter
with its grammar of HCL, which tells the line of every value and keeps its speed with any text.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import tree_sitter
import tree_sitter_hcl
from tree_sitter import Node

from karst.adoption.shell import repository_of
from karst.adoption.terragrunt_values import (
    MAX_DEPTH,
    BrokenTextError,
    Expressions,
    Known,
    TooDeepError,
    as_text,
    line_of,
    parts,
)
from karst.adoption.text_files import read_text
from karst.adoption.values import (
    Derived,
    Environment,
    Items,
    Notice,
    Structure,
    Text,
    UnreadableError,
    Value,
    Variable,
)

SUFFIXES = frozenset({".hcl", ".tfvars"})
MAX_LOCALS = 10
_MOST_FOLDERS = 8
_OPEN_QUOTE = "A quote opens here and does not close in this line. Close it, then import again."
_LANGUAGE = tree_sitter.Language(tree_sitter_hcl.language())


def read_inputs(file: Path, *, repository: Path | None = None) -> Environment:
    """What `file` gives to Terraform's modules.

    `repository` is the folder that an included file must lie in; by default the git checkout around `file`. Raises
    `UnreadableError`.
    """
    reader = _Reader(file, repository)
    reader.read(file, may_include=True)
    variables = {variable.name: variable for variable in reader.assigned}
    return Environment(
        file=file,
        variables=MappingProxyType(variables),
        assigned=tuple(reader.assigned),
        notices=tuple(reader.notices),
    )


class _Reader:
    def __init__(self, file: Path, repository: Path | None) -> None:
        self._root = repository.absolute() if repository else _root_of(file)
        self.assigned: list[Variable] = []
        self.notices: list[Notice] = []

    def read(self, file: Path, *, may_include: bool) -> None:
        """Note the inputs of `file`, after those of what it includes."""
        text, notices = read_text(file)
        self.notices += notices
        source = text.encode()
        root = tree_sitter.Parser(_LANGUAGE).parse(source).root_node
        if root.has_error:
            if (line := _line_of_open_quote(root)) is not None:
                raise UnreadableError(file, line, _OPEN_QUOTE)
            raise UnreadableError(
                file,
                _line_of_error(root),
                "This is not valid in Terraform's language. Repair it (`terragrunt hclfmt` or `terraform fmt` says"
                " more), then import again.",
            )
        try:
            self._follow(file, source, root, may_include=may_include)
        except BrokenTextError as error:
            raise UnreadableError(file, error.line, _OPEN_QUOTE) from None
        except TooDeepError as error:
            raise UnreadableError(
                file, error.line, f"Values stand inside values more than {MAX_DEPTH} times. Write them flat."
            ) from None

    def _follow(self, file: Path, source: bytes, root: Node, *, may_include: bool) -> None:
        statements = [one for body in parts(root) for one in parts(body)] if parts(root) else []
        plain = Expressions(source, {})
        blocks = [one for one in statements if one.type == "block"]
        for block in blocks:
            if plain.source_of(parts(block)[0]) == "include" and may_include:
                self._include(file, plain, block)
        expressions = Expressions(source, _locals(plain, source, blocks))
        for statement in statements:
            if statement.type != "attribute":
                continue
            name, value = parts(statement)[:2]
            if file.suffix == ".tfvars":
                self._note(file, expressions, plain.source_of(name), value, line_of(statement))
            elif plain.source_of(name) == "inputs":
                self._inputs(file, expressions, value)

    def _inputs(self, file: Path, expressions: Expressions, value: Node) -> None:
        node = value
        while node.type in {"expression", "collection_value"} and len(parts(node)) == 1:
            node = parts(node)[0]
        if node.type == "object":
            for name, (element, line) in expressions.entries(node).items():
                self._note(file, expressions, name, element, line)
            return
        arguments = [one for part in parts(node) if part.type == "function_arguments" for one in parts(part)]
        if node.type == "function_call" and expressions.source_of(parts(node)[0]) == "merge" and arguments:
            for argument in arguments:
                self._inputs(file, expressions, argument)
            return
        found = expressions.value(node)
        if isinstance(found, dict):
            for name, one in found.items():
                self._add(file, name, one, line_of(node))
            return
        self._tell(
            file, line_of(node), "These inputs are computed and were not read. Write them out as `name = value`."
        )

    def _note(self, file: Path, expressions: Expressions, name: str, node: Node, line: int) -> None:
        self._add(file, name, expressions.value(node), line)

    def _add(self, file: Path, name: str, known: Known, line: int) -> None:
        value = _value(known)
        if value is not None:
            self.assigned.append(Variable(name=name, value=value, file=file, line=line))

    def _include(self, file: Path, expressions: Expressions, block: Node) -> None:
        for body in parts(block)[1:]:
            for attribute in parts(body):
                if attribute.type != "attribute" or expressions.source_of(parts(attribute)[0]) != "path":
                    continue
                found = self._parent(file, expressions, parts(attribute)[1])
                if found is None:
                    self._tell(
                        file,
                        line_of(attribute),
                        "The file that is included here was not found, so its inputs are not read. Import it by itself,"
                        " or say with --repo which folder holds both.",
                    )
                else:
                    self.read(found, may_include=False)

    def _parent(self, file: Path, expressions: Expressions, node: Node) -> Path | None:
        """The included file: next to the folders above where Terragrunt looks for it, inside the repository only."""
        named = _constant_argument(expressions, node)
        if named is None:
            return None
        is_sought, name = named
        folders = list(file.absolute().parents)[1:_MOST_FOLDERS] if is_sought else [file.absolute().parent]
        for folder in folders:
            found = (folder / name).resolve()
            if found.is_file() and found.is_relative_to(self._root.resolve()):
                return found
        return None

    def _tell(self, file: Path, line: int, message: str) -> None:
        self.notices.append(Notice(file=file, line=line, message=message))


def _constant_argument(expressions: Expressions, node: Node) -> tuple[bool, str] | None:
    """Whether the path is to be sought in the folders above, and the path; None if it is computed in another way."""
    inner = parts(node)
    if len(inner) == 1 and inner[0].type == "function_call":
        call = parts(inner[0])
        if expressions.source_of(call[0]) != "find_in_parent_folders":
            return None
        arguments = [one for part in call[1:] for one in parts(part)]
        name = expressions.value(arguments[0]) if arguments else "terragrunt.hcl"
        return (True, name) if isinstance(name, str) else None
    path = expressions.value(node)
    return (False, path) if isinstance(path, str) else None


def _locals(plain: Expressions, source: bytes, blocks: list[Node]) -> dict[str, Known]:
    """The constants of `locals` blocks; those that refer to one another settle after a few rounds."""
    nodes: dict[str, Node] = {}
    for block in blocks:
        if plain.source_of(parts(block)[0]) == "locals":
            attributes = [one for body in parts(block)[1:] for one in parts(body) if one.type == "attribute"]
            nodes |= {plain.source_of(parts(one)[0]): parts(one)[1] for one in attributes}
    found: dict[str, Known] = {}
    for _ in range(MAX_LOCALS):
        expressions = Expressions(source, found)
        settled = {name: expressions.value(node) for name, node in nodes.items()}
        if settled == found:
            break
        found = settled
    return found


def _value(known: Known) -> Value | None:
    """The value as records have it; None for `null`, which sets nothing."""
    if isinstance(known, Derived):
        return known
    if isinstance(known, list):
        scalars = [as_text(one) for one in known if isinstance(one, str | int | float | bool)]
        return Items(values=tuple(scalars)) if len(scalars) == len(known) else Structure(value=known)
    if isinstance(known, dict):
        return Structure(value=known)
    return None if known is None else Text(value=as_text(known))


def _root_of(file: Path) -> Path:
    """The git checkout around `file`; without one, as far above it as an included file is sought."""
    root = repository_of(file)
    if (root / ".git").exists():
        return root
    return list(file.absolute().parents)[:_MOST_FOLDERS][-1]


def _line_of_open_quote(root: Node) -> int | None:
    """The first text between quotes that runs over the end of its line."""
    waiting = [(root, "")]
    while waiting:
        node, around = waiting.pop()
        runs_over = node.type == "template_literal" and node.end_point.row > node.start_point.row
        if runs_over and around != "heredoc_template":
            return line_of(node)
        waiting += [(child, node.type) for child in reversed(node.children)]
    return None


def _line_of_error(node: Node) -> int:
    while True:
        wrong = next((one for one in node.children if one.has_error or one.is_missing), None)
        if wrong is None or node.is_missing:
            return line_of(node)
        node = wrong
