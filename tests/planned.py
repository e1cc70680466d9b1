"""Plans of real providers on states that earlier plans would have left: a stack's life without a cloud.

What only the cloud gives, such as an id, is invented.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from karst.plan.approvals import read_approvals
from karst.plan.guard import Verdict, judge
from karst.plan.model import Action, Plan
from karst.plan.reader import parse_plan
from tests.attributes import differing
from tests.terraform import Workshop

TODAY = date(2026, 1, 1)

Json = dict[str, Any]

_GIVEN_BY_THE_CLOUD = {
    "google_compute_global_address": ("address",),
    "google_monitoring_notification_channel": ("name",),
    "google_monitoring_uptime_check_config": ("name", "uptime_check_id"),
}
"""Beside `id` and `self_link`."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A planned step: what the guard reads, and the state it would leave."""

    folder: Path
    """Where it was planned; the plan's file there is called `plan`."""
    plan: Plan
    leaves: Json

    def addresses(self, *actions: Action) -> set[str]:
        return {change.address for change in self.plan.changes if change.action in actions}

    def changed(self) -> dict[str, Action]:
        """What the plan would do to each resource that it would touch."""
        return {one.address: one.action for one in self.plan.changes if one.action is not Action.NO_OP}

    def updates(self) -> dict[str, dict[str, tuple[object, object]]]:
        """By address, the attributes that get another value, before and after.

        One that goes from one kind of nothing to another is none, for no provider read this state; nor is an id that
        some providers announce anew with every update.
        """
        updated = [one for one in self.plan.changes if one.action is Action.UPDATE]
        found = {one.address: differing(one.before, one.after) for one in updated}
        counted = {
            address: {path: values for path, values in paths.items() if any(values) and path != "id"}
            for address, paths in found.items()
        }
        return {address: paths for address, paths in counted.items() if paths}

    def verdict(self, approvals: Iterable[Path] = ()) -> Verdict:
        return judge([self.plan], read_approvals(approvals), today=TODAY)


def plan_step(
    workshop: Workshop, place: str, stack: str, content: Json, after: Step | None, assets: Path | None = None
) -> Step:
    """Plan `content` on the state that `after` leaves, in the new folder `place`; `assets` are charts and the like."""
    folder = workshop.folder / place
    if assets is None:
        folder.mkdir()
    else:
        shutil.copytree(assets, folder)
    document = _with_its_state_beside(content)
    (folder / "cdk.tf.json").write_text(json.dumps(document), encoding="utf-8")
    if after is not None:
        (folder / "terraform.tfstate").write_text(json.dumps(after.leaves), encoding="utf-8")
    workshop.lend_providers(folder)
    workshop.terraform(folder, "plan", "-input=false", "-refresh=false", "-lock=false", "-out=plan")
    text = workshop.terraform(folder, "show", "-json", "plan")
    return Step(
        folder=folder,
        plan=parse_plan(text, stack=stack, source=place),
        leaves=_applied(json.loads(text), document),
    )


def _with_its_state_beside(content: Json) -> Json:
    terraform = {key: value for key, value in content["terraform"].items() if key != "backend"}
    return {key: value for key, value in content.items() if key != "import"} | {"terraform": terraform}


def _applied(planned: Json, document: Json) -> Json:
    """The state that a plan would leave, order of destruction included."""
    unknown = {one["address"]: one["change"].get("after_unknown", {}) for one in planned["resource_changes"]}
    needs = _dependencies(planned["configuration"]["root_module"].get("resources", []))
    create_first = _created_first(document, needs)
    entries = [
        {
            "mode": "managed",
            "type": one["type"],
            "name": one["name"],
            "provider": f'provider["{one["provider_name"]}"]',
            "instances": [
                {
                    "schema_version": one["schema_version"],
                    "attributes": _values(one, unknown.get(one["address"], {})),
                    "dependencies": sorted(_all_below(needs, one["address"])),
                    "create_before_destroy": one["address"] in create_first,
                }
            ],
        }
        for one in planned["planned_values"]["root_module"].get("resources", [])
    ]
    return {"version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": "life", "resources": entries}


def _values(one: Json, unknown: Mapping[str, Any]) -> Json:
    invented = f"https://www.googleapis.com/compute/v1/projects/lab/global/{one['name']}"
    keys = ("id", "self_link", *_GIVEN_BY_THE_CLOUD.get(one["type"], ()))
    values: Json = one["values"]
    return values | {key: invented for key in keys if unknown.get(key) is True and not values.get(key)}


def _created_first(document: Json, needs: Mapping[str, set[str]]) -> set[str]:
    """What is created before it is destroyed: it must say so, or something that says so needs it."""
    saying = {
        f"{kind}.{name}"
        for kind, bodies in document.get("resource", {}).items()
        for name, body in bodies.items()
        if body.get("lifecycle", {}).get("create_before_destroy")
    }
    return saying.union(*(_all_below(needs, address) for address in saying))


def _dependencies(resources: Iterable[Json]) -> dict[str, set[str]]:
    """What each resource of a configuration names, by address."""
    named = {one["address"]: {*one.get("depends_on", []), *_references(one["expressions"])} for one in resources}
    return {
        address: {".".join(name.split(".")[:2]) for name in names} & named.keys() - {address}
        for address, names in named.items()
    }


def _references(expression: object) -> Iterator[str]:
    if isinstance(expression, dict):
        yield from expression.get("references", ())
        for value in expression.values():
            yield from _references(value)
    elif isinstance(expression, list):
        for value in expression:
            yield from _references(value)


def _all_below(needs: Mapping[str, set[str]], address: str) -> set[str]:
    found: set[str] = set()
    pending = [address]
    while pending:
        new = needs[pending.pop()] - found
        found |= new
        pending.extend(new)
    return found
