"""Turns what pydantic found into sentences that name the line, the mistake and what to write instead."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from karst.config import model_walk as walk
from karst.config.errors import Location, Problem, choices, nearest, show, whole
from karst.config.forms import SECRET_PATTERN_START, form_of
from karst.config.yaml_source import Source

_TYPE_WORDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "keys with values",
    "mapping_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "none_required": "nothing",
}
_HOW_TO_WRITE = {
    "text": "Write text.",
    "a whole number": "Write digits without quotes, such as 3.",
    "a number": "Write digits without quotes, such as 2.5.",
    "true or false": "Write true or false, without quotes.",
    "a list": "Write one '- item' a line, or [a, b].",
    "keys with values": "Write 'key: value' lines below it, indented by two spaces.",
    "nothing": "Remove the value.",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "is {value}, below the least allowed {limit}", "Write {limit} or more."),
    "less_than_equal": ("le", "is {value}, above the most allowed {limit}", "Write {limit} or less."),
    "greater_than": ("gt", "is {value} and must be above {limit}", "Write a number above {limit}."),
    "less_than": ("lt", "is {value} and must be below {limit}", "Write a number below {limit}."),
    "multiple_of": ("multiple_of", "is {value}, no multiple of {limit}", "Write a multiple of {limit}."),
}


@dataclass(frozen=True, kw_only=True)
class _Fault:
    """One finding of pydantic, placed in the file. `branch` is the member of a union that was tried, if any."""

    kind: str
    location: Location
    union_at: Location | None
    branch: str
    value: Any
    context: Mapping[str, Any]
    text: str
    is_key: bool
    beside: frozenset[str]
    """Keys that stand in the same mapping of the file."""


def explain(error: ValidationError, model: type[BaseModel], source: Source) -> list[Problem]:
    """Every mistake that `error` lists, once, with its line in `source`."""
    faults = [_fault(entry, source.data) for entry in error.errors(include_url=False)]
    return [source.problem(fault.location, *_say(fault, model)) for fault in _one_per_union(faults)]


def _fault(entry: Mapping[str, Any], data: Any) -> _Fault:  # noqa: ANN401 - whatever stands in the file
    """Pydantic's location without the names of union members, which are no keys of the file."""
    location: Location = ()
    union_at: Location | None = None
    branch = ""
    around = data
    parts: tuple[str | int, ...] = tuple(entry["loc"])
    is_key = parts[-1:] == ("[key]",)
    for index, part in enumerate(parts[:-1] if is_key else parts):
        is_last = index == len(parts) - 1
        if isinstance(data, Mapping) and part in data:
            around, data, location = data, data[part], (*location, part)
        elif isinstance(data, list) and _is_index(data, part):
            data, location = data[int(part)], (*location, part)
        elif is_last and entry["type"] == "missing":
            location = (*location, part)
        elif union_at is None:
            union_at, branch = location, str(part)
    if entry["type"] == "value_error" and isinstance(data, Mapping):
        location = (*location, *_subject(entry["msg"], data))
    return _Fault(
        kind=entry["type"],
        location=location,
        union_at=union_at,
        branch=branch,
        value=entry.get("input"),
        context=entry.get("ctx") or {},
        text=entry["msg"],
        is_key=is_key,
        beside=frozenset(around) if isinstance(around, Mapping) else frozenset(),
    )


def _is_index(items: list[Any], part: str | int) -> bool:
    return isinstance(part, int) and part < len(items)


def _subject(text: str, data: Mapping[str, object]) -> Location:
    """The key that a validator of a whole mapping speaks of: its message begins with it."""
    word = text.removeprefix("Value error, ").partition(" ")[0]
    return (word,) if word in data else ()


def _one_per_union(faults: Iterable[_Fault]) -> list[_Fault]:
    """Of a union keep what the likeliest member says; where only types differ, one fault that names them all."""
    kept: list[_Fault] = []
    unions: dict[Location, dict[str, list[_Fault]]] = defaultdict(lambda: defaultdict(list))
    for fault in faults:
        if fault.union_at is None:
            kept.append(fault)
        else:
            unions[fault.union_at][fault.branch].append(fault)
    for at, branches in unions.items():
        fitting = [found for found in branches.values() if not any(_is_wrong_type(f, at) for f in found)]
        if fitting:
            kept += min(fitting, key=lambda found: (sum(f.kind == "extra_forbidden" for f in found), len(found)))
        else:
            kept.append(_merged([found[0] for found in branches.values()]))
    return kept


def _is_wrong_type(fault: _Fault, union_at: Location) -> bool:
    return fault.location == union_at and fault.kind in _TYPE_WORDS


def _merged(faults: list[_Fault]) -> _Fault:
    words = dict.fromkeys(_TYPE_WORDS[fault.kind] for fault in faults)
    first = faults[0]
    return first if len(words) == 1 else replace(first, kind="any_of", context={"words": tuple(words)})


def _say(fault: _Fault, model: type[BaseModel]) -> tuple[str, str]:
    """The message and the remedy of one fault."""
    field = walk.field_at(model, fault.location)
    example = walk.example_at(model, fault.location)
    if fault.kind == "extra_forbidden":
        return _unknown_key(fault, model)
    if fault.kind == "missing":
        return _missing(fault, model)
    is_secret = field is not None and any(p.startswith(SECRET_PATTERN_START) for p in walk.field_patterns(field))
    if is_secret and not fault.is_key:
        return _malformed_reference() if _looks_like_reference(fault.value) else _literal_secret(example)
    if fault.kind in ("value_error", "assertion_error"):
        return _split(fault.text.partition(", ")[2] or fault.text)
    if fault.kind == "any_of":
        words = " or ".join(fault.context["words"])
        return f"is {_describe(fault.value)} where {words} belongs", f"Write {words}{_such_as(example)}."
    if fault.kind in _TYPE_WORDS:
        return _wrong_type(fault, example, is_needed=field is not None and field.is_required())
    return _wrong_value(fault, example)


def _looks_like_reference(value: object) -> bool:
    return isinstance(value, str) and (value.startswith("secret:") or "secrets/" in value)


def _malformed_reference() -> tuple[str, str]:
    """Without the text itself: somebody may have written a value behind `secret:`."""
    remedy = (
        "Write `secret:NAME`, `secret:NAME@VERSION` or `secret:projects/PROJECT/secrets/NAME`: PROJECT is a project's "
        "id and not its number, NAME has letters, digits, '_' and '-', VERSION digits"
    )
    return "is a malformed reference to a secret", f"{remedy}."


def _literal_secret(example: str | None) -> tuple[str, str]:
    remedy = f"Put the value into Secret Manager and write `{example or 'secret:NAME'}` here"
    why = "if it was real, replace it, for the history of this file keeps it"
    return "holds a value where the name of a secret belongs", f"{remedy}; {why}."


def _unknown_key(fault: _Fault, model: type[BaseModel]) -> tuple[str, str]:
    *around, key = fault.location
    known = walk.keys_at(model, tuple(around))
    best = nearest(key, known)
    if best is None and (sections := walk.sections_with(model, str(key))):
        return "unknown key", f"It belongs under {choices(sections[:3])}."
    if best in fault.beside:
        return "unknown key", f"Remove it: {whole(best)}, which looks like it, stands here already."
    if best is not None:
        return "unknown key", f"Write {whole(best)} instead, or remove it."
    return "unknown key", f"Remove it; the keys known here are {choices(sorted(known), 'and')}."


def _missing(fault: _Fault, model: type[BaseModel]) -> tuple[str, str]:
    *_, key = fault.location
    if isinstance(key, int):
        return "is missing", "Write all items of the list."
    field = walk.field_at(model, fault.location)
    example = walk.example_at(model, fault.location) or next((f[1] for f in _forms(field)), None)
    meaning = f" {field.description}" if field is not None and field.description else ""
    inner = walk.models_at(model, fault.location)
    if example is None and inner:
        needed = [name for name, part in walk.fields_by_key(inner[0]).items() if part.is_required()]
        return "is missing", f"Write it with its {choices(needed, 'and') if needed else 'keys'}.{meaning}"
    return "is missing", f"Write `{key}: {example or '...'}`.{meaning}"


def _wrong_type(fault: _Fault, example: str | None, *, is_needed: bool) -> tuple[str, str]:
    wanted = _TYPE_WORDS[fault.kind]
    message = f"is {_describe(fault.value)} where {wanted} {_belongs(wanted)}"
    if fault.value is None and not is_needed:
        return message, f"Write a value{_such_as(example)}, or remove the key."
    if wanted == "text" and isinstance(fault.value, bool | int | float):
        return message, f"Put it in quotes: '{walk.as_yaml(fault.value)}'."
    if wanted == "a list" and isinstance(fault.value, str | int | float):
        return message, f"Write [{walk.as_yaml(fault.value)}]."
    return message, f"Write {example}, for example." if example else _HOW_TO_WRITE[wanted]


def _wrong_value(fault: _Fault, example: str | None) -> tuple[str, str]:
    context, value = fault.context, fault.value
    if fault.kind in _BOUNDS:
        name, message, remedy = _BOUNDS[fault.kind]
        limit = f"{context[name]:g}" if isinstance(context[name], float) else str(context[name])
        return message.format(value=show(value), limit=limit), remedy.format(limit=limit)
    if fault.kind in ("enum", "literal_error"):
        return _not_one_of(value, str(context["expected"]))
    if fault.kind == "string_pattern_mismatch":
        return _wrong_form(fault, example)
    if fault.kind in ("string_too_long", "string_too_short"):
        limit = context.get("max_length", context.get("min_length"))
        bound, remedy = ("at most", "Shorten it.") if fault.kind.endswith("long") else ("at least", "Write more.")
        subject = f"the key {show(value)}" if fault.is_key else show(value)
        return f"{subject} has {len(value)} characters, {bound} {limit} are allowed", remedy
    if fault.kind in ("too_long", "too_short"):
        limit = context.get("max_length", context.get("min_length"))
        bound = "at most" if fault.kind == "too_long" else "at least"
        # Of a mapping that is too long pydantic doesn't say how long it is.
        length = len(value) if isinstance(value, Sized) else context.get("actual_length")
        return f"has {length} items, {bound} {limit} belong here", f"Write {bound} {limit}."
    if fault.kind == "union_tag_invalid":
        return _not_one_of(context["tag"], str(context["expected_tags"]))
    if fault.kind == "union_tag_not_found":
        return (
            f"lacks the key {context['discriminator']}",
            f"Write {context['discriminator']}: with the kind that is meant.",
        )
    return _split(fault.text[:1].lower() + fault.text[1:] + (f". Write {example}, for example" if example else ""))


def _not_one_of(value: object, expected: str) -> tuple[str, str]:
    """`expected` is pydantic's list of the allowed values: 'a', 'b' or 'c'."""
    words = [word.strip() for part in expected.split(" or ") for word in part.split(",")]
    allowed = [int(word) if word.isdecimal() else word.strip("'") for word in words]
    message = f"is {show(value) if value is not None else 'empty'}, which is not allowed here"
    best = nearest(value, map(str, allowed))
    return message, f"Write {choices(allowed)}." + (f" Did you mean {show(best)}?" if best and len(allowed) > 3 else "")


def _wrong_form(fault: _Fault, example: str | None) -> tuple[str, str]:
    subject = f"the key {show(fault.value)}" if fault.is_key else show(fault.value)
    shown_example = None if fault.is_key else example
    (noun, how), usual = form_of(str(fault.context["pattern"]))
    return f"{subject} is no {noun}", f"Write {how}, such as {shown_example or usual}."


def _forms(field: FieldInfo | None) -> Iterable[tuple[tuple[str, str], str]]:
    return map(form_of, sorted(walk.field_patterns(field))) if field is not None else ()


def _describe(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, str):
        return f"the text {show(value)}"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"the number {show(value)}" if is_number else show(value)


def _belongs(wanted: str) -> str:
    return "belong" if wanted.startswith("keys") else "belongs"


def _such_as(example: str | None) -> str:
    return f" such as {example}" if example else ""


def _split(text: str) -> tuple[str, str]:
    """A validator's text: what is wrong, a full stop, what to write."""
    message, _, remedy = text.strip().rstrip(".").partition(". ")
    return message, f"{remedy}." if remedy else "Correct it."
