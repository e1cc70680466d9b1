"""One part of a pod as another class of the bindings, which repeat each class once for each place it may stand."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import TypeVar, cast

Like = TypeVar("Like")


def recast(part: object, kind: type[Like]) -> Like:
    """`part` as `kind`: the pod of a Deployment as that of a job, a container as one that runs before the others.

    What `part` is made of goes along. Raises `TypeError` where `kind` lacks a field that `part` has set, or is no
    class of the bindings.
    """
    module = inspect.getmodule(kind)
    if module is None or not module.__name__.startswith("cdktn_provider_"):
        raise TypeError(f"{kind.__name__} is no class of the bindings")
    return cast("Like", _recast(part, module, type(part).__name__, kind.__name__))


def _recast(part: object, module: ModuleType, old: str, new: str) -> object:
    """`part`, of a class whose name begins with `old`, as the one of `module` whose name begins with `new`."""
    if isinstance(part, list):
        return [_recast(item, module, old, new) for item in cast("list[object]", part)]
    name = type(part).__name__
    if not name.startswith(old):
        return part
    fields = [field for field in inspect.signature(type(part)).parameters if getattr(part, field) is not None]
    like = getattr(module, new + name.removeprefix(old))
    return like(**{field: _recast(getattr(part, field), module, old, new) for field in fields})
