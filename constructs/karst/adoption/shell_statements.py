"""Makes a tree of commands, loops and conditions from the words of a shell text. Nothing is run or judged here.

What is no valid shell still becomes a tree: stray brackets and keywords are left out, and a block without an end
reaches to the end of the file (`is_closed` says so).
"""

from __future__ import annotations

from collections.abc import Sequence

from karst.adoption.shell_tokens import ArithmeticCommand, Literal, Operator, Token, Word
from karst.adoption.shell_tree import Apart, Arithmetic, Choice, Command, Group, Loop, Statement

MAX_DEPTH = 20


class TooDeepError(Exception):
    """Blocks stand inside blocks more than twenty times."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


_CLOSERS = frozenset({"fi", "done", "esac", "}", ")"})
_STRAY = frozenset({"then", "else", "elif", "do", "in", "time"})
_ENDS = _CLOSERS | _STRAY
_JOINTS = frozenset({"\n", ";", "&", ";;", ";&", ";;&", "&&", "||", "|", "|&"})


def parse(tokens: Sequence[Token]) -> list[Statement]:
    """The statements of `tokens`. Raises `TooDeepError`."""
    parser = _Parser(tokens)
    found: list[Statement] = []
    while not parser.is_at_end:
        found += parser.statements(frozenset(), depth=0)
        parser.skip()
    return found


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def skip(self) -> None:
        self._at += 1

    def statements(self, ends: frozenset[str], depth: int) -> list[Statement]:
        """What stands before the next keyword of `ends`, or before one that closes a block around; left in place."""
        found: list[Statement] = []
        stops = ends | (_CLOSERS if depth else _ENDS)
        while (token := self._peek()) is not None:
            word = _keyword(token)
            if word in stops:
                break
            if (isinstance(token, Operator) and token.text in _JOINTS) or word in _STRAY:
                self._at += 1
                continue
            statement = self._statement(token, word, depth)
            if statement is not None:
                statement.joint = self._joint()
                found.append(statement)
        return found

    def _statement(self, token: Token, word: str, depth: int) -> Statement | None:
        if depth >= MAX_DEPTH:
            raise TooDeepError(token.line)
        match word:
            case "!":
                return self._negated(depth)
            case "if":
                return self._choice(depth)
            case "for" | "select" | "while" | "until":
                return self._loop(word, depth)
            case "{":
                return self._group(depth)
            case "(":
                return self._bracketed("a subshell", depth)
            case "case":
                return self._case()
            case "function":
                self._at += 2
                return self._function(token.line, depth)
            case "[[":
                return self._test()
            case _:
                return self._command(depth)

    def _negated(self, depth: int) -> Statement | None:
        is_negated = False
        while self._take("!"):
            is_negated = not is_negated
        token = self._peek()
        if token is None or _keyword(token) in _ENDS:
            return None
        statement = self._statement(token, _keyword(token), depth)
        if isinstance(statement, Command | Arithmetic):
            statement.is_negated = is_negated
        return statement

    def _choice(self, depth: int) -> Choice:
        choice = Choice(line=self._tokens[self._at].line)
        ends = frozenset({"then", "elif", "else", "fi"})
        self._at += 1
        condition = self.statements(ends, depth + 1)
        while self._take("then"):
            choice.branches.append((condition, self.statements(ends, depth + 1)))
            if self._take("elif"):
                condition = self.statements(ends, depth + 1)
        if self._take("else"):
            choice.otherwise = self.statements(ends, depth + 1)
        choice.is_closed = self._take("fi")
        return choice

    def _loop(self, word: str, depth: int) -> Loop:
        loop = Loop(line=self._tokens[self._at].line)
        self._at += 1
        if word in {"for", "select"}:
            if isinstance(name := self._peek(), Word):
                loop.name = name.bare
            self._at += 1
            self._skip_line_ends()
            if self._take("in"):
                loop.words = self._words()
            self.statements(frozenset({"do", "done"}), depth + 1)
        else:
            self.statements(frozenset({"do", "done"}), depth + 1)
        if self._take("do"):
            loop.body = self.statements(frozenset({"done"}), depth + 1)
        loop.is_closed = self._take("done")
        return loop

    def _group(self, depth: int) -> Group:
        group = Group(line=self._tokens[self._at].line)
        self._at += 1
        group.body = self.statements(frozenset({"}"}), depth + 1)
        group.is_closed = self._take("}")
        return group

    def _bracketed(self, what: str, depth: int) -> Apart:
        apart = Apart(what=what, line=self._tokens[self._at].line)
        self._at += 1
        apart.body = self.statements(frozenset({")"}), depth + 1)
        self._take(")")
        return apart

    def _function(self, line: int, depth: int) -> Apart:
        while _keyword(self._peek()) in {"(", ")"}:
            self._at += 1
        self._skip_line_ends()
        token = self._peek()
        inner = self._statement(token, _keyword(token), depth + 1) if token is not None else None
        return Apart(what="a function", line=line, body=[inner] if inner else [])

    def _case(self) -> Apart:
        """`case` up to its `esac`: only which words stand in it, for the names that it may set."""
        apart = Apart(what="a `case`", line=self._tokens[self._at].line, sets_variables=True)
        depth = 0
        while (token := self._peek()) is not None:
            word = _keyword(token)
            depth += (word == "case") - (word == "esac")
            self._at += 1
            if isinstance(token, Word):
                apart.body.append(Command(words=[token], line=token.line))
            if depth <= 0:
                break
        return apart

    def _test(self) -> Command:
        """`[[ ... ]]`, inside which operators are words."""
        command = Command(words=[], line=self._tokens[self._at].line)
        while (token := self._peek()) is not None and not (isinstance(token, Operator) and token.text == "\n"):
            self._at += 1
            if isinstance(token, Operator):
                command.words.append(Word((Literal(token.text, is_quoted=False),), token.line))
            elif isinstance(token, Word):
                command.words.append(token)
                if token.bare == "]]":
                    break
        return command

    def _command(self, depth: int) -> Statement | None:
        token = self._tokens[self._at]
        line = token.line
        if isinstance(token, ArithmeticCommand):
            self._at += 1
            return Arithmetic(body=token.body, line=line)
        words = self._words()
        opens = self._peek()
        if len(words) == 1 and isinstance(opens, Operator) and opens.text == "(":
            return self._function(line, depth)
        if words:
            return Command(words=words, line=line)
        if not self.is_at_end and not isinstance(self._peek(), Word):
            self._at += 1
        return None

    def _words(self) -> list[Word]:
        """The words up to the next operator; redirections with what they name are left out."""
        words: list[Word] = []
        while (token := self._peek()) is not None:
            if isinstance(token, Word):
                words.append(token)
            elif isinstance(token, Operator) and token.is_redirection:
                if isinstance(self._peek(1), Word):
                    self._at += 1
            else:
                break
            self._at += 1
        return words

    def _joint(self) -> str:
        token = self._peek()
        if isinstance(token, Operator) and token.is_redirection:
            self._words()
            token = self._peek()
        return token.text if isinstance(token, Operator) and token.text in _JOINTS else "\n"

    def _peek(self, ahead: int = 0) -> Token | None:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def _take(self, keyword: str) -> bool:
        if _keyword(self._peek()) != keyword:
            return False
        self._at += 1
        return True

    def _skip_line_ends(self) -> None:
        while isinstance(token := self._peek(), Operator) and token.text in {"\n", ";"}:
            self._at += 1


def _keyword(token: Token | None) -> str:
    if isinstance(token, Word):
        return token.bare
    return token.text if isinstance(token, Operator) and token.text in {"(", ")"} else ""
