"""The real providers plan what was imported; what upstream made already is changed in place, never replaced."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from karst.config.addons import Keda
from karst.plan.model import Action
from tests.examples import ExampleStack
from tests.helm_repository import PublishedChart, serve
from tests.planned import Step, plan_step
from tests.terraform import Workshop, open_workshop

pytestmark = [pytest.mark.needs_providers, pytest.mark.slow]

PROJECT = "kelp-lab-cave"
NETWORK = f"projects/{PROJECT}/global/networks/daf-reef-network"
HIGH, LOW = 'attributes.remesh_priority="true"', 'attributes.remesh_priority="false"'
QUEUES = {
    "PCG_HIGH_PRIORITY_REMESH": ("PCG_EDIT", HIGH, 600),
    "PCG_LOW_PRIORITY_REMESH": ("PCG_EDIT", LOW, 600),
    "L2CACHE_HIGH_PRIORITY_TRIGGER": ("PCG_EDIT", HIGH, 600),
    "L2CACHE_LOW_PRIORITY_TRIGGER": ("PCG_EDIT", LOW, 600),
    "L2CACHE_WORKER": ("L2CACHE", "", 60),
    "SKELETON_CACHE_WORKER_HIGH_PRIORITY": ("SKELETON_CACHE_HIGH_PRIORITY", "", 180),
    "SKELETON_CACHE_WORKER_LOW_PRIORITY": ("SKELETON_CACHE_LOW_PRIORITY", "", 180),
    "SKELETON_CACHE_WORKER_DEAD_LETTER": ("SKELETON_CACHE_DEAD_LETTER", "", 180),
}
"""Subscription to topic, filter and deadline, as upstream's scripts make them."""


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, stacks: dict[str, ExampleStack]) -> Workshop:
    wanted: dict[str, Any] = {}
    for stack in stacks.values():
        wanted |= stack.content["terraform"]["required_providers"]
    return open_workshop(tmp_path_factory.mktemp("plans"), tmp_path_factory.mktemp("plugins"), wanted)


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("charts"), PublishedChart(name="keda", version=Keda().version)) as url:
        yield url


def test_every_imported_stack_plans(workshop: Workshop, charts: str, stacks: dict[str, ExampleStack]) -> None:
    with ThreadPoolExecutor(max_workers=2) as pool:
        plans = dict(zip(stacks, pool.map(partial(plan, workshop, charts), stacks.values()), strict=True))
    for name, document in plans.items():
        changes = document.get("resource_changes", [])
        declared = sum(len(bodies) for bodies in stacks[name].content.get("resource", {}).values())
        assert len(changes) == declared, name
        assert {tuple(change["change"]["actions"]) for change in changes} <= {("create",)}, name


def test_import_blocks_are_valid(workshop: Workshop, stacks: dict[str, ExampleStack]) -> None:
    importing = [stack for stack in stacks.values() if "import" in stack.content]
    assert {stack.name for stack in importing} == {"hub", "hub-foundation", "reef", "reef-foundation"}
    for stack in importing:
        folder = workshop.folder / f"{stack.name}-imports"
        folder.mkdir()
        terraform = {key: value for key, value in stack.content["terraform"].items() if key != "backend"}
        (folder / "cdk.tf.json").write_text(json.dumps(stack.content | {"terraform": terraform}), encoding="utf-8")
        workshop.lend_providers(folder)
        workshop.terraform(folder, "validate", "-no-color")


@pytest.mark.parametrize("name", ["reef-foundation", "reef"])
def test_nothing_that_stands_is_replaced(workshop: Workshop, stacks: dict[str, ExampleStack], name: str) -> None:
    stack = stacks[name]
    taken = {block["to"]: block["id"] for block in stack.content["import"]}
    standing = as_upstream_made_it(workshop, name, taken)
    step = plan_step(workshop, f"{name} over upstream's", name, stack.content, standing, stack.path.parent)
    changed = step.changed()
    assert set(taken) & step.addresses(Action.CREATE) == set(), "what stands would be made once more"
    assert {changed[address] for address in taken if address in changed} <= {Action.UPDATE}
    assert step.addresses(Action.DELETE, Action.REPLACE) == set()


def plan(workshop: Workshop, charts: str, stack: ExampleStack) -> dict[str, Any]:
    """Validate and plan one stack from empty state, without its import blocks: they would ask the cloud."""
    folder = workshop.folder / stack.name
    shutil.copytree(stack.path.parent, folder)
    content = {key: value for key, value in stack.content.items() if key != "import"}
    content["terraform"] = {key: value for key, value in content["terraform"].items() if key != "backend"}
    (folder / "cdk.tf.json").write_text(json.dumps(content).replace(Keda().repository, charts), encoding="utf-8")
    workshop.lend_providers(folder)
    workshop.terraform(folder, "validate", "-no-color")
    workshop.terraform(folder, "plan", "-input=false", "-no-color", "-lock=false", "-out=plan")
    document: dict[str, Any] = json.loads(workshop.terraform(folder, "show", "-json", "plan"))
    return document


def as_upstream_made_it(workshop: Workshop, name: str, taken: dict[str, str]) -> Step:
    """The state that importing would leave, with what upstream's scripts and modules set."""
    entries = [
        {
            "mode": "managed",
            "type": address.partition(".")[0],
            "name": address.partition(".")[2],
            "provider": 'provider["registry.terraform.io/hashicorp/google"]',
            "instances": [{"schema_version": 0, "attributes": attributes(address.partition(".")[0], found)}],
        }
        for address, found in taken.items()
    ]
    leaves = {"version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": "upstream", "resources": entries}
    return Step(folder=workshop.folder / name, plan=None, leaves=leaves)  # type: ignore[arg-type]


def attributes(kind: str, id: str) -> dict[str, Any]:
    """What a provider would read of one of upstream's objects, of all that could make it replace one."""
    name = id.rpartition("/")[2]
    base: dict[str, Any] = {"id": id, "name": name, "project": PROJECT}
    match kind:
        case "google_compute_network":
            return base | {"auto_create_subnetworks": False, "routing_mode": "REGIONAL", "mtu": 1460, "self_link": id}
        case "google_compute_subnetwork":
            return base | {
                "network": NETWORK,
                "region": "us-east4",
                "ip_cidr_range": "10.142.0.0/20",
                "purpose": "PRIVATE",
                "private_ip_google_access": False,
                "stack_type": "IPV4_ONLY",
            }
        case "google_sql_database":
            return base | {"instance": "kelp-reef-sql", "charset": "UTF8", "collation": "en_US.UTF8"}
        case "google_pubsub_topic":
            return base
        case "google_pubsub_subscription":
            topic, wanted, deadline_s = QUEUES[name.removeprefix("reef_")]
            return base | {
                "topic": f"projects/{PROJECT}/topics/reef_{topic}",
                "filter": wanted,
                "ack_deadline_seconds": deadline_s,
                "message_retention_duration": "604800s",
                "enable_message_ordering": False,
                "enable_exactly_once_delivery": False,
                "retain_acked_messages": False,
                "expiration_policy": [{"ttl": ""}],
            }
        case "google_service_account":
            account = name.partition("@")[0]
            return {"id": id, "name": id, "project": PROJECT, "account_id": account, "email": name, "disabled": False}
        case "google_dns_record_set":
            host = id.split("/")[-2]
            zone = id.split("/")[3]
            values = {"name": host, "type": "A", "ttl": 300, "rrdatas": ["203.0.113.7"], "managed_zone": zone}
            return {"id": id, "project": PROJECT} | values
        case _:
            raise AssertionError(f"nobody said what upstream makes of a {kind}")
