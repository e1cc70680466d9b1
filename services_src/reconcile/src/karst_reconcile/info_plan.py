"""What is to be done at info, so that aligned volumes, mirrors and datastacks are as declared."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from karst_reconcile.calls import Calls, path_of, printable
from karst_reconcile.document import Dataset, Document, Stack
from karst_reconcile.faults import Exit, ReconcileError, RefusedError
from karst_reconcile.steps import Step, Verb

_ROWS = "/api/v2/rows"
_API = "/api/v2"
_VOLUMES, _MIRRORS, _STACKS = "alignedvolume", "imagesource", "datastack"
KINDS = {_VOLUMES: "aligned volume", _MIRRORS: "image mirror", _STACKS: "datastack"}
Key = tuple[str, str, str]
"""Kind, aligned volume for a mirror, name."""
Values = Mapping[str, object]
_SHOWN = 120


@dataclass(frozen=True, kw_only=True)
class InfoSeen:
    """Info as it is."""

    calls: Calls
    is_ours: bool
    rows: Mapping[Key, Mapping[str, Any]]


def wanted_rows(document: Document) -> dict[Key, Values]:
    """Everything that is declared: volumes, then what belongs to them. None stands for what nobody declares."""
    found: dict[Key, Values] = {}
    for each in document.datasets:
        found[_VOLUMES, "", each.aligned_volume] = {
            "name": each.aligned_volume,
            "display_name": each.aligned_volume_display_name,
            "description": each.aligned_volume_description or None,
            "image_source": each.image_source,
        }
    for each in document.datasets:
        for mirror in each.image_mirrors:
            found[_MIRRORS, each.aligned_volume, mirror.name] = {
                "name": mirror.name,
                "viewer_layer_name": mirror.layer,
                "aligned_volume": each.aligned_volume,
                "image_source": mirror.source,
                "description": mirror.description or None,
            }
    for each in document.datasets:
        for stack in each.datastacks:
            found[_STACKS, "", stack.name] = _stack(each, stack)
    return {key: {name: _kept(value) for name, value in values.items()} for key, values in found.items()}


def _kept(value: object) -> object:
    """A value as info keeps it: without blanks around a text."""
    return value.replace("\r\n", "\n").strip() or None if isinstance(value, str) else value


async def see_info(calls: Calls, document: Document) -> InfoSeen:
    """Read everything; of upstream's what its API tells, to whoever may view it."""
    is_ours = "+karst." in await calls.text("/version")
    if is_ours:
        lists = await asyncio.gather(*(calls.get(f"{_ROWS}/{kind}") for kind in KINDS))
        rows = {
            (kind, row["aligned_volume"] if kind == _MIRRORS else "", row["name"]): row
            for kind, told in zip(KINDS, lists, strict=True)
            for row in cast("list[dict[str, Any]]", told)
        }
        return InfoSeen(calls=calls, is_ours=True, rows=rows)
    found = await asyncio.gather(*(_upstream(calls, key) for key in wanted_rows(document)))
    return InfoSeen(calls=calls, is_ours=False, rows=dict(each for each in found if each is not None))


class InfoPlan:
    """Makes steps, in the order in which they can be done."""

    def __init__(self, seen: InfoSeen, document: Document, *, adopts: bool) -> None:
        self._seen, self._adopts, self._deployment = seen, adopts, document.deployment
        self._wanted = wanted_rows(document)
        self._blocked: set[object] = set()
        """Volumes in whose place people have one of their own."""

    def making(self) -> Iterator[Step]:
        """What is to be made or changed."""
        for key, values in self._wanted.items():
            if values.get("aligned_volume") not in self._blocked:
                yield self._step(key, values) if self._seen.is_ours else self._by_hand(key, values)

    def pruning(self) -> Iterator[Step]:
        """What was declared once, and no longer is."""
        if not self._seen.is_ours:
            return
        for kind in (_STACKS, _MIRRORS, _VOLUMES):
            for key, row in sorted(self._seen.rows.items()):
                if key[0] == kind and key not in self._wanted and row["declaration"] == self._deployment:
                    yield self._old(key, row)

    def _step(self, key: Key, values: Values) -> Step:
        calls, row = self._seen.calls, self._seen.rows.get(key)
        step = partial(Step, kind=KINDS[key[0]], name=_name(key))
        path = _ROWS + path_of(key[0])
        if row is None:
            return step(verb=Verb.CREATE, do=partial(_done, calls.post, path, values))
        differing = _differing(values, row)
        is_declared = row["declaration"] == self._deployment
        if is_declared and not differing:
            return step(verb=Verb.LEAVE)
        if is_declared or self._adopts:
            change = {name: values[name] for name in differing} or {"name": values["name"]}
            told = _told(differing, row, values) if is_declared else f"taken over; {_told(differing, row, values)}"
            return step(
                verb=Verb.CHANGE, detail=told.strip("; "), do=partial(_done, calls.put, f"{path}/{row['id']}", change)
            )
        if not differing:
            return step(verb=Verb.FOREIGN)
        if key[0] == _VOLUMES:
            self._blocked.add(key[2])
        who = f"the deployment {row['declaration']} declares" if row["declaration"] else "people made"
        detail = f"{who} another one: {_told(differing, row, values)}. Rename one, or --adopt it"
        return step(verb=Verb.CONFLICT, detail=detail)

    def _old(self, key: Key, row: Mapping[str, Any]) -> Step:
        step = partial(Step, kind=KINDS[key[0]], name=_name(key))
        if key[0] == _VOLUMES:
            by_hand = sorted(
                _name(other)
                for other, each in self._seen.rows.items()
                if each.get("aligned_volume") == key[2] and each["declaration"] != self._deployment
            )
            if by_hand:
                return step(
                    verb=Verb.KEEP, detail=f"people let {', '.join(by_hand)} belong to it; take these away first"
                )
        path = _ROWS + path_of(key[0], row["id"])
        return step(verb=Verb.PRUNE, do=partial(_gone, self._seen.calls, path))

    def _by_hand(self, key: Key, values: Values) -> Step:
        """Upstream's info has forms for people, and nothing for programs."""
        row = self._seen.rows.get(key)
        step = partial(Step, kind=KINDS[key[0]], name=_name(key))
        known = {name: value for name, value in values.items() if row is not None and name in row}
        differing = _differing(known, row or {})
        if row is not None and not differing:
            return step(verb=Verb.LEAVE)
        wanted = values if row is None else {name: values[name] for name in differing}
        fields = ", ".join(f"{name}={printable(value)}" for name, value in wanted.items() if value is not None)
        where = f"{self._seen.calls.url}/admin/{key[0]}/" + ("new/" if row is None else "")
        return step(verb=Verb.BY_HAND, detail=f"at {where} enter {fields}")


def _stack(dataset: Dataset, stack: Stack) -> Values:
    x, y, z = stack.viewer_resolution or (None, None, None)
    return {
        "name": stack.name,
        "display_name": stack.display_name,
        "description": stack.description or None,
        "viewer_layer_name": stack.layer,
        "aligned_volume": dataset.aligned_volume,
        "segmentation_source": stack.segmentation_source,
        "skeleton_source": stack.skeleton_source,
        "local_server": stack.local_server,
        # Clients look for its version behind it, and take a viewer without one for an older kind.
        "viewer_site": (stack.viewer_site or "").rstrip("/") or None,
        "viewer_resolution_x": x,
        "viewer_resolution_y": y,
        "viewer_resolution_z": z,
        "base_link_id": stack.base_link,
        "analysis_database": dataset.database,
        "synapse_table": stack.synapse_table,
        "soma_table": stack.soma_table,
        "proofreading_status_table": stack.proofreading_status_table,
        "proofreading_review_table": stack.proofreading_review_table,
        "cell_identification_table": stack.cell_identification_table,
    }


async def _upstream(calls: Calls, key: Key) -> tuple[Key, Mapping[str, Any]] | None:
    try:
        if key[0] == _VOLUMES:
            told = await calls.get(_API + path_of("aligned_volume", key[2]))
            return key, cast("dict[str, Any]", told)
        if key[0] == _STACKS:
            told = cast("dict[str, Any]", await calls.get(_API + path_of("datastack", "full", key[2])))
            return key, {**told, "aligned_volume": (told.get("aligned_volume") or {}).get("name")}
    except RefusedError:
        return None
    except ReconcileError as error:
        if error.code is not Exit.NOT_ALLOWED:
            raise
        return None  # superadmins may view only what a group of theirs may: people look for themselves
    return None


def _differing(values: Values, row: Values) -> list[str]:
    """Declared fields that are otherwise; what nobody declares may be anything."""
    return [name for name, value in values.items() if value is not None and value != row.get(name)]


def _told(differing: list[str], row: Values, values: Values) -> str:
    return "; ".join(f"{name}: {_value(row.get(name))} -> {_value(values[name])}" for name in differing)


def _value(value: object) -> str:
    text = printable("none" if value is None else value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _name(key: Key) -> str:
    return f"{key[1]}/{key[2]}" if key[1] else key[2]


async def _done(call: Any, path: str, values: Values) -> None:  # noqa: ANN401 - post or put
    await call(path, values)


async def _gone(calls: Calls, path: str) -> None:
    await calls.delete(path)
