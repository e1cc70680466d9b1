"""Recorded exchanges as text: a request as people write it, and the answer that belongs to it.

A file holds one resource: what it is about, the mounts that it holds for, and its exchanges in their order, each under
a line that starts with `###`. Editors with a client for `.http` files send the requests as they stand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_WIDTH = 110
_START = re.compile(r"(?m)^### ")
_ANSWER = re.compile(r"(?m)^HTTP/1\.1 ")
_MOUNTS = re.compile(r"(?m)^# At: (.*)$")
_SHOWN = (
    "content-type",
    "www-authenticate",
    "retry-after",
    "location",
    "set-cookie",
    "allow",
    "accept-ranges",
    "content-range",
)
"""Headers of answers that clients act on."""
_OF_ORIGINS = ("access-control-", "vary")


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request and the answer on record, which is empty before the first recording."""

    title: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str
    answer: str

    def text(self, answer: str) -> str:
        """The exchange as its file has it, with this answer."""
        head = "".join(f"{name}: {value}\n" for name, value in self.headers)
        body = f"\n{self.body}\n" if self.body else ""
        return f"### {self.title}\n{self.method} {self.path}\n{head}{body}\n{answer}\n"


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A file of exchanges."""

    about: str
    mounts: tuple[str, ...]
    exchanges: tuple[Exchange, ...]

    def text(self, answers: Sequence[str]) -> str:
        """The file with these answers."""
        each = (exchange.text(answer) for exchange, answer in zip(self.exchanges, answers, strict=True))
        return "\n".join([self.about, *each])


def read(file: Path) -> Recording:
    """Read a file of exchanges."""
    about, *parts = _START.split(file.read_text(encoding="utf-8"))
    mounts = _MOUNTS.search(about)
    assert mounts is not None, f"{file.name} doesn't say where it holds: # At: /v2, /clio_toplevel, /"
    named = tuple(name.strip().rstrip("/") for name in mounts[1].split(","))
    return Recording(about=about.rstrip() + "\n", mounts=named, exchanges=tuple(map(_exchange, parts)))


def _exchange(text: str) -> Exchange:
    start = _ANSWER.search(text)
    asked, answer = (text, "") if start is None else (text[: start.start()], text[start.start() :])
    head, _, body = asked.strip().partition("\n\n")
    title, line, *headers = head.split("\n")
    method, _, path = line.partition(" ")
    pairs = tuple((name, value.strip()) for name, _, value in (each.partition(":") for each in headers))
    return Exchange(title=title, method=method, path=path, headers=pairs, body=body, answer=answer.rstrip())


def answer_text(answer: httpx.Response, *, is_from_page: bool) -> str:
    """An answer as its file has it; `is_from_page` adds what browsers ask for."""
    headers = [(name, value) for name, value in answer.headers.multi_items() if name in _SHOWN]
    if is_from_page:
        headers += sorted(each for each in answer.headers.multi_items() if each[0].startswith(_OF_ORIGINS))
    lines = [f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"]
    lines += [f"{name.title()}: {value}" for name, value in headers]
    body = _body(answer)
    return "\n".join([*lines, "", body] if body else lines).rstrip()


def _body(answer: httpx.Response) -> str:
    text = answer.content.decode()
    if answer.headers.get("content-type") != "application/json":
        return "\n".join(line.rstrip() for line in text.splitlines())
    assert "\\u" not in text, "answers are raw UTF-8, without escapes"
    return pretty(json.loads(text, parse_constant=_refuse))


def pretty(value: Any, indent: str = "") -> str:  # noqa: ANN401 - JSON
    """JSON for people: what fits stands in one line, names are in order, numbers stay as they were."""
    flat = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if len(indent) + len(flat) <= _WIDTH or not isinstance(value, dict | list):
        return flat
    inner = indent + "  "
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + pretty(each, inner) for each in value) + f"\n{indent}]"
    pairs = (f"{json.dumps(name, ensure_ascii=False)}: {pretty(value[name], inner)}" for name in sorted(value))
    return "{\n" + ",\n".join(inner + pair for pair in pairs) + f"\n{indent}}}"


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
