"""Reads one YAML file into plain data, and remembers on which line everything stands.

The dialect is the part of YAML that holds no surprise: the core schema of YAML 1.2 (`no`, `on`, `010`, `1:30` and
`2024-01-01` are text), one document, one spelling of each key. Anchors, aliases, merge keys and tags are refused: a
reader would have to run them in the head, and they are how a small file becomes a gigabyte. Work and memory stay
proportional to the size of the file, and a bad file raises `ConfigError` and nothing else.
"""

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn, TypeAlias

import yaml

from karst.config.errors import ConfigError, Location, Problem, dotted, raise_if_any, show, show_path

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_NUMBER_CHARS = 100
MAX_PROBLEMS = 50

YamlScalar: TypeAlias = str | int | float | bool | None
YamlValue: TypeAlias = "YamlScalar | list[YamlValue] | dict[str, YamlValue]"

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NO_NUMBER = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
# C0 and C1 controls, the line breaks that no editor counts, marks that reorder the text on the screen, non-characters.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_TAB_INDENT = re.compile(r"^ *\t", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that was read: its data, and the line of every key and list item in it."""

    file: str
    data: Mapping[str, YamlValue]
    lines: Mapping[Location, int]

    def line(self, location: Location) -> int:
        """The line of `location`, or of the nearest thing around it that stands in the file."""
        for end in range(len(location), 0, -1):
            if location[:end] in self.lines:
                return self.lines[location[:end]]
        return self.lines.get((), 1)

    def problem(self, location: Location, message: str, remedy: str) -> Problem:
        """A problem of the value at `location`."""
        return Problem(file=self.file, line=self.line(location), key=dotted(location), message=message, remedy=remedy)


def read_source(path: Path) -> Source:
    """The YAML file at `path`. Raises `ConfigError` for whatever is wrong with it, a missing file included."""
    return parse_source(_read_bytes(path), show_path(path))


def parse_source(raw: bytes, file: str) -> Source:
    """The YAML document `raw`; `file` is what messages call it."""
    text = _decode(raw, file)
    reader = _Reader(file)
    try:
        data = reader.document(yaml.parse(text, Loader=_Loader))
    except yaml.YAMLError as error:
        raise ConfigError([*reader.problems, _syntax_problem(error, file)]) from None
    raise_if_any(reader.problems)
    return Source(file=file, data=MappingProxyType(data), lines=MappingProxyType(reader.lines))


def _read_bytes(path: Path) -> bytes:
    file = show_path(path)

    def fail(message: str, remedy: str) -> NoReturn:
        raise ConfigError([Problem(file=file, line=0, key="", message=message, remedy=remedy)])

    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            fail("is a symbolic link", "Put the file itself here: a link can point outside what was reviewed.")
        if not stat.S_ISREG(mode):
            fail("is no regular file", "Put a YAML file here.")
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        fail("does not exist", "Create it, or correct the path.")
    except PermissionError:
        fail("may not be read by this user", "Give yourself permission to read it (`chmod u+r`).")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        fail(f"cannot be read ({reason.lower()})", "Check the path and the disk.")
    if len(raw) > MAX_BYTES:
        fail("is larger than 1 MiB", "Split it: one deployment, one dataset a file.")
    return raw


def _decode(raw: bytes, file: str) -> str:
    """The text of a file, refused if a reader could not see on the screen what stands in it."""

    def fail(line: int, message: str, remedy: str) -> NoReturn:
        raise ConfigError([Problem(file=file, line=line, key="", message=message, remedy=remedy)])

    if len(raw) > MAX_BYTES:
        fail(0, "is larger than 1 MiB", "Split it: one deployment, one dataset a file.")
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        fail(1, "begins with a byte order mark", "Save it as UTF-8 without a byte order mark.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        fail(1 + raw.count(b"\n", 0, error.start), "is no valid UTF-8", "Save it as UTF-8.")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := _INVISIBLE.search(text):
        what = f"holds the invisible character U+{ord(found.group()):04X}"
        fail(
            1 + text.count("\n", 0, found.start()),
            what,
            'Remove it, or write it as an escape in double quotes ("\\u....").',
        )
    if found := _TAB_INDENT.search(text):
        fail(1 + text.count("\n", 0, found.start()), "is indented with a tab", "Indent with spaces, two a level.")
    return text


def _syntax_problem(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or "it cannot be parsed"
    return Problem(
        file=file,
        line=mark.line + 1 if mark else 1,
        key="",
        message=f"is no valid YAML ({what})",
        remedy="Check indentation, quotes, brackets and the space after ':' on this line and the one above it.",
    )


class _Reader:
    """Builds data from the parser's events; collects what is wrong on the way, so that one run shows all of it."""

    def __init__(self, file: str) -> None:
        self.lines: dict[Location, int] = {}
        self.problems: list[Problem] = []
        self._file = file

    def document(self, events: Iterator[yaml.Event]) -> dict[str, YamlValue]:
        next(events)  # the start of the stream
        start = next(events)
        if isinstance(start, yaml.StreamEndEvent):
            self._stop(1, (), "is empty", "Write the configuration, or remove the file.")
        if isinstance(start, yaml.DocumentStartEvent) and (start.version or start.tags):
            self._stop(_line(start), (), "holds a YAML directive", "Remove the line that begins with '%'.")
        root = next(events)
        self.lines[()] = _line(root)
        value = self._value(root, events, ())
        if not isinstance(value, dict):
            what = "is empty" if value is None else f"holds {show(value)} where keys with values belong"
            self._stop(_line(root), (), what, "Write `key: value` lines, such as `name: minnie65`.")
        next(events)  # the end of the document
        after = next(events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._stop(_line(after), (), "holds more than one document", "Keep one document a file; remove '---'.")
        return value

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], at: Location) -> YamlValue:
        if isinstance(event, yaml.AliasEvent):
            self._add(_line(event), at, f"uses the alias '*{event.anchor}'", "Write the value out here.")
            return None
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            self._refuse_extras(event, at)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, at)
        if len(at) >= MAX_DEPTH:
            self._stop(_line(event), at[:3], f"is nested more than {MAX_DEPTH} levels deep", "Nothing here is so deep.")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, at)
        return self._mapping(events, at)

    def _refuse_extras(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, at: Location) -> None:
        if event.anchor is not None:
            self._add(_line(event), at, f"sets the anchor '&{event.anchor}'", "Remove it; write values out instead.")
        if event.tag is not None:
            self._add(_line(event), at, f"has the tag {show(event.tag)}", "Remove it; types follow from the key.")

    def _sequence(self, events: Iterator[yaml.Event], at: Location) -> list[YamlValue]:
        items: list[YamlValue] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            here = (*at, len(items))
            self.lines[here] = _line(event)
            items.append(self._value(event, events, here))
        return items

    def _mapping(self, events: Iterator[yaml.Event], at: Location) -> dict[str, YamlValue]:
        entries: dict[str, YamlValue] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event, events, at)
            here = (*at, key)
            first_line = self.lines.get(here)
            if first_line is None:
                self.lines[here] = _line(event)
            else:
                self._add(_line(event), here, f"is written twice (first on line {first_line})", "Keep one of them.")
            entries[key] = self._value(next(events), events, here)
        return entries

    def _key(self, event: yaml.Event, events: Iterator[yaml.Event], at: Location) -> str:
        """The text of a key; what is no text is reported and read as some text, so that reading can go on."""
        written = event.value if isinstance(event, yaml.ScalarEvent) else "?"
        value = self._value(event, events, (*at, written))
        if not isinstance(event, yaml.ScalarEvent):
            self._add(_line(event), at, f"has {show(value)} as a key", "Write text as keys, as in `name: value`.")
            return f"?{_line(event)}"
        if value == "<<":
            self._add(_line(event), at, "has the merge key '<<'", "Write the merged values out.")
        elif not isinstance(value, str):
            remedy = f"Write it in quotes, as in '{event.value}': ..." if event.value else "Write a key before ':'."
            self._add(_line(event), at, f"has the key {event.value or 'null'}, which YAML reads as no text", remedy)
        return str(event.value)

    def _scalar(self, event: yaml.ScalarEvent, at: Location) -> YamlScalar:
        text: str = event.value
        if "\0" in text:
            self._add(_line(event), at, "holds a NUL character, at which every program's text ends", "Remove it.")
            return ""
        if not event.implicit[0]:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _NO_NUMBER.match(text):
            self._add(_line(event), at, f"is {text}, which is no number to configure with", "Write a finite number.")
            return None
        is_int = _INT.match(text)
        if not is_int and not _FLOAT.match(text):
            return text
        if len(text) > MAX_NUMBER_CHARS or (not is_int and float(text) in (float("inf"), float("-inf"))):
            self._add(
                _line(event),
                at,
                f"is the number {show(text)}, which is too large",
                "Put it in quotes if text is meant.",
            )
            return None
        return int(text) if is_int else float(text)

    def _add(self, line: int, at: Location, message: str, remedy: str) -> None:
        self.problems.append(Problem(file=self._file, line=line, key=dotted(at), message=message, remedy=remedy))
        if len(self.problems) >= MAX_PROBLEMS:
            raise ConfigError(self.problems)

    def _stop(self, line: int, at: Location, message: str, remedy: str) -> NoReturn:
        self._add(line, at, message, remedy)
        raise ConfigError(self.problems)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
