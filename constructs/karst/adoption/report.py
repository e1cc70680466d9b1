"""What became of every variable, for the person who has to trust it. No value of a variable ever stands here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from karst.config.errors import Location, dotted, show_path


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A variable whose value stands in the new configuration."""

    name: str
    line: int
    places: tuple[str, ...]
    """Keys, as people write them, with the file before them where it is a dataset's."""


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A variable that nobody needs any more, or that Karst computes itself; `reason` is a clause."""

    name: str
    line: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """A secret: where its value belongs, and the command that puts it there. The value is read from standard input."""

    name: str
    """The variable, or the file in which the value stands."""
    line: int
    reference: str | None
    """What the configuration names; None for a secret that nothing needs any more."""
    command: str | None
    meaning: str
    """Whole sentences."""


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """A variable of which nobody knows what it was for."""

    name: str
    line: int
    nearest: str | None
    """The known variable that may have been meant."""


@dataclass(frozen=True, kw_only=True)
class Warned:
    """Something to look at. `message` is whole sentences."""

    place: str
    message: str


@dataclass(frozen=True, kw_only=True)
class ToDo:
    """A value that the files don't hold: where it belongs, and how to find it out."""

    place: str
    what: str
    command: str | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """The five buckets, and what is left to a person."""

    source: Path
    deployment: str
    kind: str
    mapped: tuple[Mapped, ...]
    derived: tuple[Dropped, ...]
    secrets: tuple[Hidden, ...]
    unknown: tuple[Unknown, ...]
    warnings: tuple[Warned, ...]
    to_do: tuple[ToDo, ...] = ()
    problems: tuple[str, ...] = field(default=())
    """What `karst validate` objects to in what was written."""

    @property
    def counts(self) -> str:
        """The size of each bucket, in one line."""
        sizes = {
            "mapped": self.mapped,
            "derived": self.derived,
            "secret": self.secrets,
            "unknown": self.unknown,
            "warnings": self.warnings,
        }
        return ", ".join(f"{len(found)} {name}" for name, found in sizes.items())


def place_of(location: Location, dataset: str | None = None) -> str:
    """A key of the deployment, or of a dataset's file."""
    return f"datasets/{dataset}.yaml: {dotted(location)}" if dataset else dotted(location)


def markdown(report: Report) -> str:
    """The report as a page; names and paths are code, so nothing in them is taken for markup."""
    parts = [
        f"# Import of {_code(report.deployment)}",
        "",
        f"Read from {_code(show_path(report.source.name))} as a {report.kind} deployment: {report.counts}.",
        "No secret stands in this report; names of resources and hosts do.",
        "",
        *_section("Left to you", "Values that the files don't hold.", _to_do(report.to_do)),
        *_section(
            "Secrets",
            "Their values stand nowhere in what was written. Store each one with its command, which reads the value "
            "from standard input: paste it, then press Ctrl-D; neither history nor list of processes sees it.",
            _secrets(report.secrets),
        ),
        *_section("Warnings", "", [f"- {_code(one.place)}: {_plain(one.message)}" for one in report.warnings]),
        *_section(
            "Does not validate yet", "What `karst validate` says.", [f"- {_plain(one)}" for one in report.problems]
        ),
        *_section("Unknown", "Kept as they are under `extra.env`; nothing reads them.", _unknown(report.unknown)),
        *_section(
            "Mapped",
            "",
            ["| Variable | Line | Key |", "|---|---|---|"]
            + [f"| {_cell(m.name)} | {m.line} | {', '.join(map(_cell, m.places))} |" for m in report.mapped]
            if report.mapped
            else [],
        ),
        *_section(
            "Derived",
            "Not carried over: computed, or without a use.",
            ["| Variable | Line | Why |", "|---|---|---|"]
            + [f"| {_cell(d.name)} | {d.line} | {_plain(d.reason)} |" for d in report.derived]
            if report.derived
            else [],
        ),
    ]
    return "\n".join(parts).rstrip() + "\n"


def summary(report: Report, folder: Path) -> str:
    """What a terminal shows: counts, then everything that asks for a person."""
    lines = [f"{show_path(folder)}: {report.kind} deployment {report.deployment}: {report.counts}"]
    lines += _listed("Left to you", [_one_line(one.place, one.what, one.command) for one in report.to_do])
    lines += _listed("Secrets", [_one_line(one.name, one.meaning, one.command) for one in report.secrets])
    lines += _listed("Warnings", [f"{one.place}: {one.message}" for one in report.warnings])
    lines += _listed("Unknown, kept under extra.env", [_unknown_line(one) for one in report.unknown])
    lines += _listed("Does not validate yet", report.problems)
    return "\n".join(lines)


def unknown_lines(report: Report) -> tuple[str, ...]:
    """The unknown variables, one a line."""
    return tuple(map(_unknown_line, report.unknown))


def _to_do(found: Iterable[ToDo]) -> list[str]:
    return [
        f"- {_code(one.place)}: {_plain(one.what)}{_block(one.command)}"
        if one.command
        else f"- {_code(one.place)}: {_plain(one.what)}"
        for one in found
    ]


def _secrets(found: Iterable[Hidden]) -> list[str]:
    return [f"- {_code(one.name)}: {_plain(one.meaning)}{_block(one.command)}" for one in found]


def _unknown(found: Iterable[Unknown]) -> list[str]:
    return [
        f"- {_code(one.name)} (line {one.line})" + (f": did you mean {_code(one.nearest)}?" if one.nearest else "")
        for one in found
    ]


def _unknown_line(one: Unknown) -> str:
    return f"{one.name} (line {one.line})" + (f": did you mean {one.nearest}?" if one.nearest else "")


def _one_line(subject: str, text: str, command: str | None) -> str:
    return f"{subject}: {text}" + (f"\n      {command}" if command else "")


def _listed(title: str, lines: Iterable[str]) -> list[str]:
    listed = list(lines)
    return ["", f"{title}:", *(f"  - {line}" for line in listed)] if listed else []


def _section(title: str, intro: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    return [f"## {title}", "", *([intro, ""] if intro else []), *lines, ""]


def _block(command: str | None) -> str:
    return f"\n\n      {command}\n" if command else ""


def _code(text: str) -> str:
    """Text as code, whatever backticks are in it."""
    clean = "".join(c if c.isprintable() else "?" for c in text)
    fence = "``" if "`" in clean else "`"
    pad = " " if "`" in clean else ""
    return f"{fence}{pad}{clean}{pad}{fence}"


def _cell(text: str) -> str:
    return _code(text).replace("|", "\\|")


def _plain(text: str) -> str:
    """Text that can't become markup, beside the code that our own messages hold."""
    return text.replace("<", "&lt;").replace("|", "\\|")
