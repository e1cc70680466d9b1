"""Follows the statements of a shell file from top to bottom and notes every assignment; no command is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from karst.adoption import shell_conditions
from karst.adoption.shell_assignments import Assignment, Declared, Stray, assignments_of, is_list_builder, set_by
from karst.adoption.shell_files import RefusedError, RepositoryFiles
from karst.adoption.shell_scope import TELLABLE, Scope
from karst.adoption.shell_statements import TooDeepError, parse
from karst.adoption.shell_text import Notify, TooBrokenError, tokens_of
from karst.adoption.shell_tokens import Reference, Word
from karst.adoption.shell_tree import Apart, Arithmetic, Choice, Command, Group, Loop, Statement, walk
from karst.adoption.shell_values import Folded, Values
from karst.adoption.values import Derived, Items, Text, Value, Variable

MAX_SOURCED = 20
MAX_SOURCING = 5
_SILENT = frozenset({":", "true", "false", "set", "shopt", "umask"})
_TESTS = frozenset({"[", "[[", "test"})


class Reader:
    """Fills `scope` and `assigned` from one file after the other."""

    def __init__(
        self,
        scope: Scope,
        files: RepositoryFiles,
        assigned: list[Variable],
        notify_of: Callable[[Path], Notify],
    ) -> None:
        self._scope = scope
        self._files = files
        self._assigned = assigned
        self._values = Values(scope, files, self._tell)
        self._notify_of = notify_of
        self._file = Path()
        self._sourced = 0
        self._sourcing = 0
        self._exports_all = False
        self._is_over = False
        self.removed: set[str] = set()
        self.line = 0
        """Where reading stands."""

    def read(self, file: Path, text: str) -> None:
        """Follow `text`, that of `file`. Raises `TooBrokenError`, `TooDeepError` and `TooLongError`."""
        self._file, self._is_over, self.line = file, False, 1
        self._follow(parse(tokens_of(text, self._notify_of(file))))

    def _tell(self, line: int, message: str) -> None:
        self._notify_of(self._file)(line, message)

    def _follow(self, statements: Sequence[Statement]) -> bool | None:
        """Whether the last statement succeeds; None where only running it would tell."""
        status: bool | None = True
        before = ";"
        for statement in statements:
            if self._is_over:
                return status
            self.line = statement.line
            runs: bool | None = True
            if before in {"&&", "||"}:
                runs = status if before == "&&" or status is None else not status
            if statement.joint in {"|", "|&", "&"} or before in {"|", "|&"}:
                status = self._lose(statement)
            elif runs:
                status = self._one(statement)
            elif runs is None:
                self._doubt([statement], "a condition that only a running shell can tell", statement.line)
                status = None
            before = statement.joint
        return status

    def _one(self, statement: Statement) -> bool | None:
        match statement:
            case Command(is_negated=is_negated):
                status = self._command(statement)
                return status if status is None else status != is_negated
            case Arithmetic(body=body, is_negated=is_negated):
                status = shell_conditions.arithmetic(body, self._values)
                return status if status is None else status != is_negated
            case Choice():
                return self._choice(statement)
            case Loop():
                return self._loop(statement)
            case Group(body=body):
                return self._follow(body)
            case Apart(what=what, line=line):
                if statement.sets_variables:
                    self._doubt([statement], f"{what} that only a running shell decides", line)
                else:
                    self._tell(line, f"What stands in {what} is not read. Put variables that matter outside of it.")
                return None

    # Blocks

    def _choice(self, choice: Choice) -> bool | None:
        if not choice.is_closed:
            self._tell(choice.line, "This `if` has no `fi`. Add it where the condition ends, then import again.")
        for position, (condition, body) in enumerate(choice.branches):
            status = self._follow(condition)
            if status:
                return self._follow(body)
            if status is None:
                rest = [one for _, later in choice.branches[position:] for one in later]
                self._doubt([*rest, *choice.otherwise], "an `if` that only a running shell decides", choice.line)
                return None
        return self._follow(choice.otherwise)

    def _loop(self, loop: Loop) -> bool | None:
        if not loop.is_closed:
            self._tell(loop.line, "This loop has no `done`. Add it where the loop ends, then import again.")
        names = self._derive(loop.body, "the work of a loop")
        if loop.name:
            self._scope.set(loop.name, Derived(reason="the work of a loop"))
        if not is_list_builder(loop):
            self._tell(loop.line, f"This loop is not run{_not_read(names)}")
        return None

    def _lose(self, statement: Statement) -> None:
        """A pipeline or a background job sets variables that nobody sees."""
        names = list(dict.fromkeys(name for command in walk([statement]) for name, _ in set_by(command)))
        if names:
            self._tell(statement.line, f"Of a pipeline, bash keeps no variable{_not_read(names)}")

    def _doubt(self, statements: Sequence[Statement], reason: str, line: int) -> None:
        """Note that what `statements` set depends on something unknown."""
        names = self._derive(statements, reason)
        if names:
            self._tell(line, f"Whether this runs depends on {reason}{_not_read(names)}")

    def _derive(self, statements: Sequence[Statement], reason: str) -> list[str]:
        names: dict[str, None] = {}
        for command in walk(statements):
            for name, line in set_by(command):
                names[name] = None
                self._note(name, line, Folded(value=Derived(reason=reason)), is_exported=False)
        return list(names)

    # Commands

    def _command(self, command: Command) -> bool | None:
        first = command.words[0].bare
        if first in _TESTS:
            return shell_conditions.test(command.words, self._values)
        found = assignments_of(command)
        if found is not None:
            return self._assign_all(found)
        if first in {"source", "."} and len(command.words) > 1:
            return self._source(command.words[1])
        match first:
            case "unset":
                self._unset(command.words[1:])
            case "exit" | "return":
                self._is_over = True
                self._tell(
                    command.line, f"`{first}` ends the file here: bash reads nothing below, and neither did Karst."
                )
            case "set":
                options = "".join(word.bare for word in command.words[1:] if word.bare.startswith(("-", "+")))
                self._exports_all = "-a" in options or (self._exports_all and "+a" not in options)
            case _ if first in _SILENT:
                return first != "false"
            case _:
                self._tell(command.line, _not_run(first))
                return None
        return True

    def _assign_all(self, found: Sequence[Assignment | Declared | Stray]) -> bool | None:
        status: bool | None = True
        for one in found:
            match one:
                case Stray(line=line, message=message):
                    self._tell(line, message)
                case Declared(name=name, line=line):
                    self._export(name, line)
                case Assignment():
                    if self._assign(one) is None:
                        status = None
        return status

    def _assign(self, one: Assignment) -> bool | None:
        if one.notice:
            self._tell(one.line, one.notice)
        if one.elements is not None:
            folded = self._values.items(one.elements)
        else:
            folded = self._values.text(one.pieces, one.line)
        if one.reason:
            folded = replace(folded, value=Derived(reason=one.reason))
        if one.appends:
            folded = replace(folded, value=self._appended(one.name, folded.value))
        self._note(one.name, one.line, folded, is_exported=one.is_exported)
        return None if isinstance(folded.value, Derived) else True

    def _appended(self, name: str, value: Value) -> Value:
        held = self._scope.get(name)
        if isinstance(held, Derived) or isinstance(value, Derived):
            return held if isinstance(held, Derived) else value
        if isinstance(value, Items):
            before = held.values if isinstance(held, Items) else (held.value,) if isinstance(held, Text) else ()
            return Items(values=(*before, *value.values))
        old = self._values.text([Reference(name, "", is_quoted=True)], 0, is_quiet=True).value
        old_text = old.value if isinstance(old, Text) else ""
        return Text(value=old_text + value.value) if isinstance(value, Text) else value

    def _note(self, name: str, line: int, folded: Folded, *, is_exported: bool) -> None:
        value = self._scope.set(name, folded.value)
        if isinstance(value, Items):
            # The list was copied.
            self._values.spend(len(value.values))
        self.removed.discard(name)
        self._assigned.append(
            Variable(
                name=name,
                value=value,
                file=self._file,
                line=line,
                is_exported=is_exported or self._exports_all,
                refers_to=folded.refers_to,
            )
        )

    def _export(self, name: str, line: int) -> None:
        if self._scope.get(name) is None:
            self._tell(
                line,
                "A name is exported here that nothing above sets. If the word belongs to a value with blanks, put the"
                " whole value between quotes; otherwise remove it.",
            )

    def _unset(self, words: Sequence[Word]) -> None:
        for word in words:
            if word.bare:
                self._scope.unset(word.bare)
                self.removed.add(word.bare)

    def _source(self, word: Word) -> bool | None:
        path = self._values.text(word.pieces, word.line).value
        if not isinstance(path, Text):
            self._tell(word.line, "The file that is sourced here has a name that is not known. Import it by itself.")
            return None
        outer = self._file, self.line
        if self._sourced >= MAX_SOURCED or self._sourcing >= MAX_SOURCING:
            self._tell(word.line, "Too many files are sourced, or one sources itself. Put them into one file.")
            return None
        self._sourced += 1
        self._sourcing += 1
        try:
            self.read(*self._files.read(path.value))
        except RefusedError as error:
            self._file = outer[0]
            self._tell(word.line, str(error))
            return None
        except (TooBrokenError, TooDeepError) as error:
            message = f"What is sourced here cannot be read; see line {error.line} of it. Repair it, then import again."
            self._file = outer[0]
            self._tell(word.line, message)
            return None
        finally:
            self._sourcing -= 1
            self._file, self.line = outer
            self._is_over = False
        return True


def _not_read(names: Sequence[str]) -> str:
    if not names:
        return "."
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} others" if len(names) > 5 else "")
    return f", so its values for {shown} are not read. Write out those that matter."


def _not_run(first: str) -> str:
    subject = f"The command `{first}`" if first in TELLABLE else "This line is a command. It"
    return f"{subject} is not run. If it sets a variable that matters, write the variable's value out."
