"""An edit of a good stack that a rule must object to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One edit of a stack's Terraform JSON, and the rule that must see it."""

    rule: str
    stack: str
    name: str
    edit: Callable[[Body], None]


def put(rule: str, stack: str, kind: str, path: str, value: object) -> Plant:
    """Set `path` in the first resource of `kind`."""

    def edit(document: Body) -> None:
        declared = document["resource"][kind]
        body = declared.get("storage__config__bucket") or next(iter(declared.values()))
        *blocks, last = path.split(".")
        for block in blocks:
            body = body[block][0] if isinstance(body[block], list) else body[block]
        body[last] = value

    return Plant(rule=rule, stack=stack, name=f"{kind}.{path}={value!r}", edit=edit)


def add(rule: str, kind: str, stack: str = "demo-foundation", /, **body: object) -> Plant:
    """Declare one more resource."""

    def edit(document: Body) -> None:
        document["resource"].setdefault(kind, {})["planted"] = body

    return Plant(rule=rule, stack=stack, name=f"{kind} {body}", edit=edit)


def change(rule: str, stack: str, name: str, edit: Callable[[Body], object]) -> Plant:
    """Do anything else."""
    return Plant(rule=rule, stack=stack, name=name, edit=lambda document: (edit(document), None)[1])
