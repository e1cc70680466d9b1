"""What is wrong in a configuration, said so that the reader knows which line to change and to what.

Every check of `karst.config` speaks through `Problem` and fails with one `ConfigError` that carries all of them:
a person who made five mistakes learns of five. Nothing here reads a file or knows a model.
"""

import difflib
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TypeAlias

Location: TypeAlias = tuple[str | int, ...]
"""Where a value stands in a YAML file: keys and, in lists, positions counted from 0."""

MAX_SHOWN_CHARS = 60
MAX_SHOWN_CHOICES = 16
MAX_SHOWN_PROBLEMS = 100
_PLAIN_KEY = re.compile(r"[\w-]+\Z")


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One mistake: where it is, what is wrong, and what to write instead.

    `line` counts from 1; it is 0 where no line can be named (a missing file). `key` is the dotted path of the value,
    empty for the file as a whole. `message` is a clause without a full stop, `remedy` one or more whole sentences.
    """

    file: str
    line: int
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        subject = f"{place}: {self.key}" if self.key else place
        return f"{subject}: {self.message}. {self.remedy}"

    def as_dict(self) -> dict[str, str | int]:
        """The same for machines (`karst validate --format json`)."""
        return asdict(self)


class ConfigError(Exception):
    """A configuration that cannot be used; `problems` says everything that was found, in order of file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        if not self.problems:
            raise AssertionError("a ConfigError needs at least one problem")
        super().__init__(render(self.problems))


def render(problems: Sequence[Problem]) -> str:
    """One line a problem; past a hundred, only how many more there are."""
    lines = [str(problem) for problem in problems[:MAX_SHOWN_PROBLEMS]]
    if len(problems) > MAX_SHOWN_PROBLEMS:
        lines.append(f"... and {len(problems) - MAX_SHOWN_PROBLEMS} more problems. Repair these first.")
    return "\n".join(lines)


def raise_if_any(problems: Sequence[Problem]) -> None:
    """Fail with all `problems`, or do nothing if there are none."""
    if problems:
        raise ConfigError(problems)


def dotted(location: Location) -> str:
    """A location as people write it: `gcp.pools.mesh.max_nodes`, `schedules[0].task`, `groups."a b"`."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _PLAIN_KEY.match(part) and len(part) <= MAX_SHOWN_CHARS else _as_json(part)
            text += f".{name}" if text else name
    return text


def show(value: object) -> str:
    """A value as it may stand in a message: on one line, quoted like YAML, shortened, without control characters."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str) and value.isprintable() and "'" not in value and "\\" not in value:
        return f"'{_shorten(value)}'"
    return _as_json(value)


def whole(name: str) -> str:
    """A name to copy from a message, quoted and never shortened: a part of it would be another name."""
    return f"'{name}'"


def show_path(path: str | os.PathLike[str]) -> str:
    """A path that can always be printed: bytes that are no UTF-8 and control characters are escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def choices(values: Iterable[object], joint: str = "or") -> str:
    """`'a', 'b' or 'c'`; a long list is cut and says so."""
    shown = [show(value) for value in values]
    if len(shown) > MAX_SHOWN_CHOICES:
        shown = [*shown[:MAX_SHOWN_CHOICES], f"{len(shown) - MAX_SHOWN_CHOICES} others"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {joint} {shown[-1]}" if shown else "nothing"


def nearest(word: object, known: Iterable[str]) -> str | None:
    """The one of `known` that was probably meant, or None."""
    by_folded = {name.casefold().replace("-", "_"): name for name in known}
    wanted = str(word)[:MAX_SHOWN_CHARS].casefold().replace("-", "_")
    found = difflib.get_close_matches(wanted, by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(word: object, known: Iterable[str], what: str) -> str:
    """A remedy for a name that must be one of `known`: the nearest one, or all of them."""
    names = sorted(known)
    best = nearest(word, names)
    if best is not None:
        return f"Did you mean {whole(best)}?"
    return f"{what}: {choices(names, 'and')}." if names else f"{what}: none."


def _as_json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    if not text.isprintable():
        text = json.dumps(value, default=str)
    return _shorten(text)


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_CHARS else text[: MAX_SHOWN_CHARS - 3] + "..."
