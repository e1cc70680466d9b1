"""What each step of an upgrade changes in the stacks as they are written: this, and nothing else anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

import main
from karst.config.service_runtime import ScalingSignal
from karst.derived.processes import RunningProcess, cluster_workloads, processes
from karst_cli.stack_graph import deploy_order, read_stacks, with_dependencies
from tests.examples import ExampleStack
from tests.generations.conftest import Life
from tests.generations.differences import Difference, Json, differences, parts
from tests.synthesis.running import objects

URL_MAP = "google_compute_url_map.front__balancer__urls__map"
BLUE = ("local-addons-blue", "local-apps-blue", "local-cluster-blue")
GREEN = ("local-addons-green", "local-apps-green", "local-cluster-green")
MIGRATION = re.compile(r"-migrate-[0-9a-f]{8}")
UNPROTECTED = {"google[0].deletion_policy": ("PREVENT", "DELETE")}


@pytest.fixture(scope="module")
def sleepers(output: Path) -> list[RunningProcess]:
    """What runs in the active generation alone."""
    catalog = main.load_catalog()
    environment = main.load_checked(output / "environments", main.known_services(main.SERVICES, catalog))["local"]
    running = cluster_workloads(main.blueprint(environment, catalog).workloads)
    return [one for each in running for one in processes(each) if one.process.is_generation_bound or one.is_scheduled]


def is_scaled(one: RunningProcess) -> bool:
    """Whether an autoscaler finds how many of a sleeper run."""
    bounds = max(1, one.scaling.min_replicas), one.scaling.max_replicas
    return not one.is_scheduled and (one.scaling.signal is ScalingSignal.QUEUE or bounds[0] < bounds[1])


def names(stack: ExampleStack, kind: str, addresses: Iterable[str]) -> set[str]:
    """Names in Kubernetes of those objects of a kind that stand at `addresses`."""
    body_of = parts(stack.content)
    wanted = {id(body_of[address]) for address in addresses if address.startswith(f"kubernetes_{kind}.")}
    return {name for name, body in objects(stack, kind).items() if id(body) in wanted}


def values(stack: ExampleStack) -> dict[str, Json]:
    """What the charts of custom resources are told, by address."""
    releases = stack.content["resource"]["helm_release"]
    return {f"helm_release.{name}": json.loads(body["values"][0]) for name, body in releases.items()}


def as_green(stack: ExampleStack) -> Json:
    """The stack under the other generation's name; names of migrations hold a hash of what they run with."""
    text = json.dumps(stack.content).replace("blue", "green")
    content: Json = json.loads(MIGRATION.sub("-migrate-", text))
    return content


def test_the_deployment_has_every_kind_of_sleeper(sleepers: list[RunningProcess]) -> None:
    signals = {one.scaling.signal for one in sleepers if not one.is_scheduled and not one.process.is_scheduler}
    assert signals == {ScalingSignal.CPU, ScalingSignal.QUEUE}
    assert any(one.is_scheduled for one in sleepers)
    assert any(one.process.is_scheduler for one in sleepers)
    assert any(one.scaling.min_replicas > 1 for one in sleepers)


@pytest.mark.parametrize(("before", "after", "blue", "green"), [("trial", "tenth", 90, 10), ("tenth", "moved", 0, 100)])
def test_moving_traffic_changes_weights_of_the_one_table(
    life: Life, before: str, after: str, blue: int, green: int
) -> None:
    changed = differences(life[before], life[after])
    assert changed.keys() == {"local"}
    edge = changed["local"]
    assert not edge.added | edge.removed
    assert edge.changed.keys() == {URL_MAP}
    paths = edge.changed[URL_MAP]
    assert {path.rpartition(".route_action.")[2] for path in paths} == {
        "weighted_backend_services[0].weight",
        "weighted_backend_services[1].weight",
    }
    assert {new for path, (_, new) in paths.items() if "[0].weight" in path} == {blue}
    assert {new for path, (_, new) in paths.items() if "[1].weight" in path} == {green}


def test_swapping_touches_the_two_stacks_of_applications(life: Life) -> None:
    assert differences(life["moved"], life["swapped"]).keys() == {"local-apps-blue", "local-apps-green"}


def test_what_slept_wakes_in_the_generation_that_becomes_active(life: Life, sleepers: list[RunningProcess]) -> None:
    before, after = (life[step]["local-apps-green"] for step in ("moved", "swapped"))
    woken = differences(life["moved"], life["swapped"])["local-apps-green"]
    _holds_sleepers(woken, sleepers, before, after)
    scaled = {one.name for one in sleepers if is_scaled(one)}
    old, new = values(before), values(after)
    changed = {address for address in new if old[address] != new[address]}
    assert {address for address in woken.changed if address.startswith("helm_release.")} == changed
    assert not [one for told in old.values() for one in told["scalers"]]
    assert {one["name"] for told in new.values() for one in told["scalers"]} == scaled
    for address in changed:
        assert woken.changed[address].keys() == {"values[0]"}
        told = new[address]
        # A store without a password needs no login.
        logins = {one["trigger"]["login"] for one in told["scalers"]} - {""}
        assert {one["name"] for one in told["scalerLogins"]} == logins
        assert {key for key in told if old[address][key] != told[key]} <= {"scalers", "scalerLogins"}


def _holds_sleepers(
    woken: Difference, sleepers: list[RunningProcess], before: ExampleStack, after: ExampleStack
) -> None:
    lasting = [one for one in sleepers if not one.is_scheduled]
    spare = {one.name for one in lasting if one.scaling.min_replicas > 1}
    assert not woken.removed
    assert names(after, "pod_disruption_budget_v1", woken.added) == spare
    assert len(woken.added) == len(spare)

    assert names(after, "deployment_v1", woken.changed) == {one.name for one in lasting}
    assert names(after, "cron_job_v1", woken.changed) == {one.name for one in sleepers if one.is_scheduled}
    releases = [address for address in woken.changed if address.startswith("helm_release.")]
    assert len(woken.changed) == len(sleepers) + len(releases)
    for address, changed in woken.changed.items():
        if address.startswith("kubernetes_cron_job_v1."):
            assert changed == {"spec.suspend": (True, False)}
        elif address.startswith("kubernetes_deployment_v1."):
            assert changed.keys() == {"spec.replicas"}
            assert changed["spec.replicas"][0] == "0"
    counts = {name: body["spec"].get("replicas") for name, body in objects(after, "deployment_v1").items()}
    # Whoever is scaled begins with none, so the number is left to the autoscaler.
    least = {one.name: None if is_scaled(one) else str(one.scaling.min_replicas) for one in lasting}
    assert {name: counts[name] for name in least} == least
    assert {objects(before, "deployment_v1")[name]["spec"]["replicas"] for name in least} == {"0"}


def test_a_generation_that_is_drained_declares_what_one_on_standby_does(life: Life) -> None:
    blue, green = "local-apps-blue", "local-apps-green"
    assert as_green(life["swapped"][blue]) == as_green(life["trial"][green])
    assert as_green(life["trial"][blue]) == as_green(life["swapped"][green])


def test_retiring_lifts_protection_and_takes_the_generation_out_of_the_edge(life: Life) -> None:
    changed = differences(life["swapped"], life["retired"])
    edge = changed.pop("local")
    unprotected = {"provider": UNPROTECTED}
    opened = {"google_container_cluster.cluster__gke__cluster": {"deletion_protection": (True, False)}}
    assert changed == {
        "local-addons-blue": Difference(added=frozenset(), removed=frozenset(), changed=unprotected),
        "local-apps-blue": Difference(added=frozenset(), removed=frozenset(), changed=unprotected),
        "local-cluster-blue": Difference(added=frozenset(), removed=frozenset(), changed=unprotected | opened),
    }
    before, after = (life[step]["local"].content["resource"] for step in ("swapped", "retired"))
    of_blue = {name for name in before["google_compute_backend_service"] if "__backend_blue_" in name}
    assert len(of_blue) > 1
    assert not edge.added
    assert edge.removed == {f"google_compute_backend_service.{name}" for name in of_blue}
    assert edge.changed.keys() == {URL_MAP}
    assert "-blue-" not in json.dumps(after)


def test_removing_empties_the_three_stacks_but_for_their_providers(life: Life) -> None:
    changed = differences(life["retired"], life["removed"])
    assert changed.keys() == set(BLUE)
    for name in BLUE:
        before, after = life["retired"][name].content, life["removed"][name].content
        assert "resource" not in after
        assert {key: body for key, body in before.items() if key != "resource"} == after
        assert changed[name].removed == parts(before).keys() - parts(after).keys()


def test_forgetting_takes_the_empty_stacks_away(life: Life) -> None:
    assert life["removed"].keys() - life["forgotten"].keys() == set(BLUE)
    assert life["forgotten"].keys() < life["removed"].keys()
    assert differences(life["removed"], life["forgotten"], common=True) == {}


def test_nothing_refers_to_a_generation_that_is_removed(life: Life) -> None:
    assert not [name for name, one in life["removed"].items() if name not in BLUE and "blue" in json.dumps(one.content)]


def test_a_removed_generation_goes_after_everything_else_and_backwards(output: Path) -> None:
    stacks = read_stacks(output / "removed")
    waits = deploy_order(stacks, with_dependencies(stacks, ["local"]))
    order = list(waits)
    assert set(order) == set(stacks)
    assert order[-3:] == ["local-apps-blue", "local-addons-blue", "local-cluster-blue"]
    assert order[-4] == "local"
    for place, name in enumerate(order[-3:], start=len(order) - 3):
        assert waits[name] == set(order[:place])


@pytest.mark.parametrize("step", ["trial", "swapped", "retired"])
def test_a_generation_that_stands_is_made_before_the_edge(output: Path, step: str) -> None:
    stacks = read_stacks(output / step)
    order = list(deploy_order(stacks, with_dependencies(stacks, ["local"])))
    for addons, apps, cluster in (BLUE, GREEN):
        places = [order.index(name) for name in ("local-foundation", cluster, addons, apps, "local")]
        assert places == sorted(places)
