"""Reads what `terraform show -json PLAN` prints.

Keys that Karst does not know are ignored, as the format asks of its readers. Everything else that is not exactly a
finished plan is refused with `PlanUnreadableError`: a plan that was half understood must not be judged harmless.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from karst.plan.model import Action, JsonValue, Plan, ResourceChange, Values

FORMAT_MAJOR = "1"
MAX_BYTES = 64 << 20
"""Plans of a thousand resources have some 10 MB; reading takes ten times as much memory as the text."""
MAX_DEPTH = 64
"""Resources of providers nest some ten levels deep."""

_ACTIONS: dict[tuple[str, ...], tuple[Action, bool]] = {
    ("no-op",): (Action.NO_OP, False),
    ("read",): (Action.READ, False),
    ("create",): (Action.CREATE, False),
    ("update",): (Action.UPDATE, False),
    ("delete",): (Action.DELETE, False),
    ("delete", "create"): (Action.REPLACE, False),
    ("create", "delete"): (Action.REPLACE, True),
    ("forget",): (Action.FORGET, False),
    # The old object is let go of and a new one made beside it: nothing is destroyed.
    ("create", "forget"): (Action.FORGET, True),
    ("forget", "create"): (Action.FORGET, False),
}


class PlanUnreadableError(ValueError):
    """The input is no finished Terraform plan that this version understands; the message says why and what to do."""


def read_plan(path: Path, stack: str | None = None) -> Plan:
    """The plan in the file `path`; `stack` is taken from the path where it is not given (see `stack_of`)."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PlanUnreadableError(f"{path}: larger than {MAX_BYTES >> 20} MiB, so hardly a plan")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlanUnreadableError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        hint = " It looks like a saved plan: " if _is_saved_plan(path) else " "
        raise PlanUnreadableError(f"{path}: is not text.{hint}{_HOW_TO_SHOW}") from error
    return parse_plan(text, stack=stack or stack_of(path), source=str(path))


def stack_of(path: Path) -> str:
    """The stack that a plan file belongs to: `stacks/demo/plan.json` and `demo.json` are both of `demo`."""
    stem = path.name.removesuffix(".json")
    for generic in (".tfplan", ".plan"):
        stem = stem.removesuffix(generic)
    return path.absolute().parent.name if stem in {"plan", "tfplan", "karst"} else stem


def parse_plan(text: str, *, stack: str, source: str) -> Plan:
    """The plan that `text` holds; `source` is what messages call it."""
    try:
        document: JsonValue = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" ({error})" if isinstance(error, ValueError) else ""
        reason = "is empty" if not text.strip() else f"is no JSON, or was cut off{where}"
        raise PlanUnreadableError(f"{source}: {reason}. {_HOW_TO_SHOW}") from error
    if not isinstance(document, dict):
        raise PlanUnreadableError(f"{source}: holds no plan. {_HOW_TO_SHOW}")
    _check_format(document, source)
    changes = document.get("resource_changes", [])
    if not isinstance(changes, list):
        raise PlanUnreadableError(
            f"{source}: resource_changes is no list; the file was altered or is of another format"
        )
    return Plan(
        stack=stack,
        changes=tuple(_change(entry, f"{source}: resource_changes[{index}]") for index, entry in enumerate(changes)),
        prior=tuple(_prior_values(document.get("prior_state"))),
        is_applicable=document.get("applyable") is not False,
    )


_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){0,2}")
_HOW_TO_SHOW = "Write it with `terraform show -json PLAN > plan.json`."


def _is_saved_plan(path: Path) -> bool:
    """Whether `path` is the archive that `terraform plan -out` writes."""
    with path.open("rb") as stream:
        return stream.read(2) == b"PK"


def _check_format(document: dict[str, JsonValue], source: str) -> None:
    version = document.get("format_version")
    if not isinstance(version, str):
        raise PlanUnreadableError(f"{source}: holds no format_version, so it is no plan. {_HOW_TO_SHOW}")
    if version.split(".")[0] != FORMAT_MAJOR:
        shown = version if _VERSION.fullmatch(version) else "of another kind"
        raise PlanUnreadableError(
            f"{source}: has plan format {shown}, and this version of Karst reads {FORMAT_MAJOR}.x. "
            "Use a Terraform that Karst supports, or a newer Karst."
        )
    if "planned_values" not in document and "resource_changes" not in document:
        kind = "a state, not a plan" if "values" in document else "no plan"
        raise PlanUnreadableError(f"{source}: holds {kind}. {_HOW_TO_SHOW}")
    if document.get("errored") is True:
        raise PlanUnreadableError(
            f"{source}: planning failed, so the plan is not whole. Repair the error and plan again."
        )
    if "resource_changes" not in document and _has_resources(document.get("planned_values")):
        raise PlanUnreadableError(f"{source}: names resources and no changes; the file was altered. {_HOW_TO_SHOW}")


def _has_resources(planned: JsonValue) -> bool:
    module = planned.get("root_module") if isinstance(planned, dict) else None
    return isinstance(module, dict) and bool(module.get("resources") or module.get("child_modules"))


def _change(entry: JsonValue, where: str) -> ResourceChange:
    if not isinstance(entry, dict) or not isinstance(body := entry.get("change"), dict):
        raise PlanUnreadableError(f"{where}: describes no change; the file was altered or is of another format")
    action, is_create_first = _action(body.get("actions"), where)
    return ResourceChange(
        address=_text(entry, "address", where),
        type=_text(entry, "type", where),
        action=action,
        is_create_first=is_create_first,
        before=_values(body.get("before"), f"{where}.change.before"),
        after=_values(body.get("after"), f"{where}.change.after"),
        deposed_key=_optional_text(entry.get("deposed")),
        previous_address=_optional_text(entry.get("previous_address")),
        is_import=bool(body.get("importing")),
        unknown=_marks(body, "after_unknown", where),
        before_sensitive=_marks(body, "before_sensitive", where),
        after_sensitive=_marks(body, "after_sensitive", where),
    )


def _action(actions: JsonValue, where: str) -> tuple[Action, bool]:
    known = _ACTIONS.get(tuple(str(action) for action in actions)) if isinstance(actions, list) else None
    if known is None:
        raise PlanUnreadableError(
            f"{where}: has actions that this version of Karst does not know. Use a Terraform that Karst supports, or a "
            "newer Karst."
        )
    return known


def _text(entry: dict[str, JsonValue], key: str, where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise PlanUnreadableError(f"{where}: lacks {key}; the file was altered or is of another format")
    return value


def _optional_text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None


def _values(value: JsonValue, where: str) -> Values:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PlanUnreadableError(f"{where}: holds no attributes; the file was altered or is of another format")
    _check_depth(value, where)
    return value


def _marks(body: dict[str, JsonValue], key: str, where: str) -> JsonValue:
    """Which attributes are secret, or not known yet, in the shape of the attributes."""
    marks = body.get(key, False)
    if not isinstance(marks, (bool, dict, list)):
        raise PlanUnreadableError(f"{where}.change.{key}: marks no attributes; the file was altered")
    _check_depth(marks, f"{where}.change.{key}")
    return marks


def _check_depth(value: JsonValue, where: str) -> None:
    """Refuse what nests deeper than anything a provider has, before anybody walks it."""
    level: list[JsonValue] = [value]
    for _ in range(MAX_DEPTH):
        level = [item for one in level for item in _containers(one)]
        if not level:
            return
    raise PlanUnreadableError(f"{where}: nests deeper than {MAX_DEPTH} levels, as no provider does; it was altered")


def _containers(value: JsonValue) -> Iterator[JsonValue]:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (item for item in items if isinstance(item, (dict, list)))


def _prior_values(state: JsonValue) -> Iterator[Values]:
    """The attributes of every managed object in a state, nested modules included."""
    values = state.get("values") if isinstance(state, dict) else None
    module = values.get("root_module") if isinstance(values, dict) else None
    pending = [module]
    while pending:
        module = pending.pop()
        if not isinstance(module, dict):
            continue
        resources, children = module.get("resources"), module.get("child_modules")
        for resource in resources if isinstance(resources, list) else []:
            if isinstance(resource, dict) and isinstance(held := resource.get("values"), dict):
                yield held
        pending.extend(children if isinstance(children, list) else [])
