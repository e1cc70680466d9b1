"""Written consent to lose something, kept beside the configuration so that it is reviewed in the same change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from karst.config.errors import Problem, did_you_mean, raise_if_any, show
from karst.config.yaml_source import Source, YamlValue, read_source
from karst.plan.model import Action

_ACTIONS = {action.value: action for action in (Action.DELETE, Action.REPLACE, Action.FORGET)}
_REQUIRED = ("address", "stack", "action", "reason")
_KNOWN = (*_REQUIRED, "until")
_WILDCARDS = frozenset("*?")


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One object of one stack that may be deleted, replaced or let go of."""

    address: str
    stack: str
    action: Action
    reason: str
    until: date | None = None
    """The last day on which it counts; without one it counts until it is taken out."""
    place: str
    """File and line, for messages."""

    def is_expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.until is not None and today > self.until


def read_approvals(paths: Iterable[Path]) -> tuple[Approval, ...]:
    """All approvals of the files `paths`. Raises `karst.config.errors.ConfigError` with everything that is wrong."""
    approvals: list[Approval] = []
    problems: list[Problem] = []
    for path in paths:
        source = read_source(path)
        approvals.extend(_approvals(source, problems))
    raise_if_any(problems)
    return tuple(approvals)


def _approvals(source: Source, problems: list[Problem]) -> list[Approval]:
    problems.extend(
        source.problem((key,), "is an unknown key", "Write a list under `approvals`.")
        for key in source.data
        if key != "approvals"
    )
    entries = source.data.get("approvals")
    if not isinstance(entries, list):
        remedy = "Write a list of entries with address, stack, action and reason."
        problems.append(source.problem(("approvals",), "is no list", remedy))
        return []
    found = (_approval(source, index, entry, problems) for index, entry in enumerate(entries))
    return [approval for approval in found if approval is not None]


def _approval(source: Source, index: int, entry: YamlValue, problems: list[Problem]) -> Approval | None:
    at = ("approvals", index)
    if not isinstance(entry, dict):
        problems.append(source.problem(at, "is no mapping", "Write address, stack, action and reason."))
        return None
    count = len(problems)
    problems.extend(
        source.problem((*at, key), "is an unknown key", did_you_mean(key, _KNOWN, "Known keys"))
        for key in entry
        if key not in _KNOWN
    )
    texts = {key: _text(source, at, entry, key, problems) for key in _REQUIRED}
    for key in ("address", "stack"):
        if _WILDCARDS & set(texts[key]):
            remedy = "Name one object in full, once for each."
            problems.append(source.problem((*at, key), f"holds a wildcard in {show(texts[key])}", remedy))
    if texts["action"] and texts["action"] not in _ACTIONS:
        remedy = did_you_mean(texts["action"], _ACTIONS, "Actions")
        problems.append(source.problem((*at, "action"), f"is {show(texts['action'])}", remedy))
    until = _until(source, at, entry, problems)
    if len(problems) > count:
        return None
    return Approval(
        address=texts["address"],
        stack=texts["stack"],
        action=_ACTIONS[texts["action"]],
        reason=texts["reason"],
        until=until,
        place=f"{source.file}:{source.line(at)}",
    )


def _text(
    source: Source, at: tuple[str, int], entry: Mapping[str, YamlValue], key: str, problems: list[Problem]
) -> str:
    value = entry.get(key)
    if isinstance(value, str) and value.strip():
        return value.strip()
    message = "is missing" if value is None or value == "" else f"is {show(value)}"
    problems.append(source.problem((*at, key), message, "Write text."))
    return ""


def _until(source: Source, at: tuple[str, int], entry: Mapping[str, YamlValue], problems: list[Problem]) -> date | None:
    value = entry.get("until")
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        problems.append(source.problem((*at, "until"), f"is {show(value)}", "Write a date such as 2026-12-31."))
        return None
