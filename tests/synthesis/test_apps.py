"""What runs in a generation of the cluster, and what its state changes about it."""

from __future__ import annotations

import json
import re

import pytest

from karst.config.dataset import Dataset
from karst.config.types import GenerationState
from karst.derived.processes import processes
from tests.derived.workers import deployment
from tests.examples import ExampleStack
from tests.synthesis.running import UPSTREAM, WEB, WORKER, Body, apps, objects, scalers, workload
from tests.synthesis.test_calls import running

BEAT = {**WORKER, "is_scheduler": True, "scaling": {"min_replicas": 1, "max_replicas": 1}}
QUEUE = {
    **WORKER,
    "command": ["celery", "worker", "-Q", "process"],
    "scaling": {"min_replicas": 0, "max_replicas": 5, "signal": "queue", "target": 2, "queue": "process"},
}
BROKER = {"cache": [{"name": "broker", "access": "write"}]}
NIGHTLY = {**WORKER, "schedule": "0 3 * * *"}
SERVICE = workload(
    "engine",
    processes={"web": WEB, "beat": BEAT, "queue": QUEUE, "nightly": NIGHTLY, "busy": WORKER},
    stores=BROKER,
)
GENERATIONS = {"blue": {"state": "active"}, "green": {"state": "standby"}}


def replicas(stack: ExampleStack) -> dict[str, str | None]:
    return {name: body["spec"].get("replicas") for name, body in objects(stack, "deployment_v1").items()}


def pod_of(stack: ExampleStack, name: str) -> Body:
    found: Body = objects(stack, "deployment_v1")[name]["spec"]["template"]["spec"]
    return found


def in_state(state: str) -> ExampleStack:
    other = "active" if state != "active" else "standby"
    generations = {"blue": {"state": state}, "green": {"state": other}}
    return apps(deployment(generations=generations), [SERVICE])


def test_an_active_generation_runs_everything() -> None:
    stack = in_state("active")
    assert replicas(stack) == {"engine": None, "engine-beat": "1", "engine-queue": None, "engine-busy": None}
    assert objects(stack, "cron_job_v1")["engine-nightly"]["spec"]["suspend"] is False
    assert objects(stack, "horizontal_pod_autoscaler_v2").keys() == {"engine"}
    assert scalers(stack) == {"engine-busy", "engine-queue"}
    assert objects(stack, "pod_disruption_budget_v1").keys() == {"engine"}


@pytest.mark.parametrize("state", ["standby", "draining", "retired"])
def test_elsewhere_servers_serve_and_the_rest_sleeps(state: str) -> None:
    stack = in_state(state)
    assert replicas(stack) == {"engine": None, "engine-beat": "0", "engine-queue": "0", "engine-busy": "0"}
    assert objects(stack, "cron_job_v1")["engine-nightly"]["spec"]["suspend"] is True
    assert objects(stack, "horizontal_pod_autoscaler_v2").keys() == {"engine"}
    assert scalers(stack) == set()
    assert pod_of(stack, "engine-queue")["termination_grace_period_seconds"] == 45


def test_a_removed_generation_keeps_its_providers_and_nothing_else() -> None:
    content = in_state("removed").content
    assert "resource" not in content
    assert content["provider"].keys() == {"google", "helm", "kubernetes"}


def test_protection_is_lifted_by_retiring() -> None:
    policy = {state: in_state(state).content["provider"]["google"][0]["deletion_policy"] for state in GenerationState}
    assert policy == {
        "active": "PREVENT",
        "draining": "PREVENT",
        "removed": "DELETE",
        "retired": "DELETE",
        "standby": "PREVENT",
    }


def test_what_the_cluster_notes_on_services_is_left_alone() -> None:
    (provider,) = in_state("active").content["provider"]["kubernetes"]
    (ignored,) = provider["ignore_annotations"]
    assert re.search(ignored, "cloud.google.com/neg-status")
    assert not re.search(ignored, "cloud.google.com/neg")


def test_what_sleeps_loses_its_scaler_first() -> None:
    found = objects(in_state("draining"), "deployment_v1")["engine-queue"]
    assert "helm_release.apps__ours_custom__release" in found["depends_on"]


def test_requests_are_counted_where_they_arrive() -> None:
    web = {**WEB, "scaling": {"min_replicas": 1, "max_replicas": 9, "signal": "requests", "target": 20}}
    stack = apps(deployment(), [workload("info", processes={"web": web})])
    (release,) = stack.content["resource"]["helm_release"].values()
    (monitoring,) = json.loads(release["values"][0])["monitorings"]
    labels = objects(stack, "deployment_v1")["info"]["spec"]["selector"]["match_labels"]
    assert (monitoring["matchLabels"], monitoring["port"]) == (labels, 8080)
    collectors = {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "gmp-system"}}}
    ingress = objects(stack, "network_policy_v1")["info"]["spec"]["ingress"]
    assert [
        rule["ports"] for rule in ingress if {**collectors, "pod_selector": {"match_labels": {}}} in rule["from"]
    ] == [[{"port": "8080", "protocol": "TCP"}]]
    assert scalers(stack) == {"info"}
    assert replicas(stack) == {"info": None}
    assert objects(stack, "horizontal_pod_autoscaler_v2") == {}


def test_whatever_is_scaled_has_no_number_of_replicas(examples: dict[str, ExampleStack]) -> None:
    """Else each apply would set it back to that number."""
    counted = 0
    for name in ("global-apps-blue", "global-apps-green", "local-apps-blue", "demo-apps-blue"):
        stack = examples[name]
        scaled = objects(stack, "horizontal_pod_autoscaler_v2").keys() | scalers(stack)
        assert {one: count for one, count in replicas(stack).items() if one in scaled and count is not None} == {}
        counted += len(scaled)
    assert counted > 20


def test_memory_decides_where_it_is_declared() -> None:
    web = {**WEB, "scaling": {"min_replicas": 1, "max_replicas": 9, "signal": "memory", "target": 80}}
    stack = apps(deployment(), [workload("info", processes={"web": web})])
    (metric,) = objects(stack, "horizontal_pod_autoscaler_v2")["info"]["spec"]["metric"]
    assert (metric["resource"]["name"], metric["resource"]["target"]["average_utilization"]) == ("memory", 80)


def test_the_scheduler_is_alone_and_stops_while_materialization_is_paused() -> None:
    beat = objects(in_state("active"), "deployment_v1")["engine-beat"]
    assert beat["spec"]["strategy"] == {"type": "Recreate"}
    paused = apps(deployment(generations=GENERATIONS, materialization={"paused": True}), [SERVICE])
    assert replicas(paused)["engine-beat"] == "0"
    assert scalers(paused) == {"engine-busy", "engine-queue"}


def test_a_scheduler_is_never_scaled() -> None:
    beat = workload(
        "beat", processes={"beat": BEAT}, health=None, routes=None, choice={"scaling": {"min": 1, "max": 2}}
    )
    with pytest.raises(ValueError, match=r"services\.beat\.scaling: a scheduler runs exactly once"):
        apps(deployment(), [beat])


def test_ours_run_under_the_strictest_rules_and_upstream_apart() -> None:
    stack = apps(deployment(), [workload("info"), workload("auth", **UPSTREAM)])
    level = "pod-security.kubernetes.io/enforce"
    levels = {name: body["metadata"][0]["labels"][level] for name, body in objects(stack, "namespace_v1").items()}
    assert levels == {"api-blue": "restricted", "api-blue-upstream": "baseline"}
    assert pod_of(stack, "info")["container"][0]["security_context"]["run_as_non_root"] is True
    assert pod_of(stack, "auth")["container"][0]["security_context"]["read_only_root_filesystem"] is False
    assert pod_of(stack, "auth")["container"][0]["security_context"]["capabilities"]["drop"] == ["ALL"]


def test_namespaces_stand_only_where_something_runs() -> None:
    assert objects(apps(deployment(), [workload("info")]), "namespace_v1").keys() == {"api-blue"}
    assert objects(apps(deployment(), []), "namespace_v1") == {}


def test_datasets_are_a_folder_that_follows_changes() -> None:
    stack = apps(deployment(), [workload("info")])
    document = json.loads(objects(stack, "config_map_v1")["datasets"]["data"]["datasets.json"])
    assert document["deployment"] == "api"
    pod = pod_of(stack, "info")
    mount = next(one for one in pod["container"][0]["volume_mount"] if one["name"] == "datasets")
    assert mount == {"mount_path": "/etc/karst", "name": "datasets", "read_only": True}
    template = objects(stack, "deployment_v1")["info"]["spec"]["template"]
    assert "annotations" not in template["metadata"]
    assert {"name": "KARST_DATASETS", "value": "/etc/karst/datasets.json"} in pod["container"][0]["env"]


def test_ours_find_their_secrets_in_a_folder() -> None:
    key = {"KARST_SESSION_KEY": {"description": "Signs sessions", "is_generated": True}}
    pod = pod_of(apps(deployment(), [workload("info", secrets=key)]), "info")
    box = pod["container"][0]
    assert {"name": "KARST_SECRETS", "value": "/run/secrets/karst"} in box["env"]
    assert {"mount_path": "/run/secrets/karst", "name": "secrets", "read_only": True} in box["volume_mount"]
    (volume,) = [one for one in pod["volume"] if "csi" in one]
    assert volume["csi"]["volume_attributes"] == {"secretProviderClass": "info"}


def test_a_migration_runs_on_machines_that_stay() -> None:
    store = {"relational": [{"name": "info", "access": "write"}]}
    migrations = {"command": ["karst-info-migrate"], "database": "info", "timeout_s": 120}
    web = {**WEB, "pool": "mesh"}
    stack = apps(deployment(), [workload("info", stores=store, migrations=migrations, processes={"web": web})])
    (job,) = objects(stack, "job_v1").values()
    pod = job["spec"]["template"]["spec"]
    assert pod["container"][0]["command"] == ["karst-info-migrate"]
    assert pod["node_selector"] == {"cloud.google.com/gke-nodepool": "core"}
    assert pod_of(stack, "info")["node_selector"] == {"cloud.google.com/gke-nodepool": "mesh"}
    assert pod_of(stack, "info")["toleration"][0]["value"] == "mesh"
    assert any(one.startswith("kubernetes_job_v1.") for one in objects(stack, "deployment_v1")["info"]["depends_on"])


def test_a_pool_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"services\.info: there is no pool 'fast'.*core"):
        apps(deployment(), [workload("info", choice={"pool": "fast"})])


def test_every_account_is_its_services_own(examples: dict[str, ExampleStack]) -> None:
    accounts = objects(examples["local-apps-blue"], "service_account_v1")
    assert accounts.keys() == running("local").keys()
    identities = [body["metadata"]["annotations"]["iam.gke.io/gcp-service-account"] for body in accounts.values()]
    assert len(set(identities)) == len(identities)
    for pod in (
        pod_of(examples["local-apps-blue"], name) for name in objects(examples["local-apps-blue"], "deployment_v1")
    ):
        assert pod["service_account_name"] in accounts


def test_reads_of_the_graph_stand_on_machines_that_stay() -> None:
    """A spot pool may lose all its machines at once, and every tool asks the graph."""
    reader = running("local")["pychunkedgraph-read"]
    pools = deployment().gcp.pools
    assert [pools[one.pool].spot for one in processes(reader)] == [False]


def test_secrets_reach_upstream_through_memory_only(examples: dict[str, ExampleStack]) -> None:
    pod = pod_of(examples["local-apps-blue"], "materialize")
    volumes = {one["name"]: one for one in pod["volume"]}
    assert volumes["filled"]["empty_dir"] == {"medium": "Memory", "size_limit": "16Mi"}
    assert [one["name"] for one in pod["init_container"]] == ["fill-secrets"]
    mounted = {one["name"] for one in pod["container"][0]["volume_mount"]}
    assert "filled" in mounted
    assert "secrets" not in mounted
    text = json.dumps(examples["local-apps-blue"].content)
    assert not re.search(r"postgresql(\+\w+)?://[^\s:@/]+:[^\s{\"$]+@", text)


def test_new_datasets_restart_nothing() -> None:
    volume = {"images": "precomputed://gs://lab-em/a", "resolution_nm": [4, 4, 40], "name": "brain"}
    brain = Dataset.model_validate({"name": "brain", "aligned_volume": volume})
    before, after = (apps(deployment(), [SERVICE], datasets=datasets) for datasets in ((), (brain,)))
    assert objects(before, "deployment_v1") == objects(after, "deployment_v1")
    assert "brain" in objects(after, "config_map_v1")["datasets"]["data"]["datasets.json"]
    assert objects(before, "config_map_v1") != objects(after, "config_map_v1")


def test_pods_are_replaced_for_files_of_their_own(examples: dict[str, ExampleStack]) -> None:
    hashes = {
        name: body["spec"]["template"]["metadata"].get("annotations", {}).get("checksum/config")
        for name, body in objects(examples["local-apps-blue"], "deployment_v1").items()
    }
    assert hashes["materialize"]
    assert hashes["swaggerui"] is None


def test_sixty_services_in_one_generation() -> None:
    names = [f"service-{number}" for number in range(60)]
    every = [workload(name, calls=[names[(place + 1) % 60]]) for place, name in enumerate(names)]
    stack = apps(deployment(), every)
    assert objects(stack, "deployment_v1").keys() == set(names)
    assert len(objects(stack, "network_policy_v1")) == 61
