"""What a whole service in a cluster promises: identity, network, scale, budget, migration, schedule."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from karst.kubernetes.autoscaler import Measure, ReplicaRange
from karst.kubernetes.container import ContainerProps
from karst.kubernetes.disruption_budget import DisruptionBudget, DisruptionBudgetProps
from karst.kubernetes.job import JobProps, job_name
from karst.kubernetes.workload import ProcessProps, Replicas, Schedule, WorkloadProps
from tests.synth.kubernetes import CONTAINER, EMAIL, IMAGE, INFO, LISTENER, POD, WEB, in_cluster, synth_workload
from tests.synth.support import only, resources

LABELS = {"app.kubernetes.io/component": "web", "app.kubernetes.io/name": "info"}
WORKER = replace(WEB, container=replace(CONTAINER, listener=None), endpoint_group=None)


def having(process: ProcessProps) -> WorkloadProps:
    return replace(INFO, processes={"web": process})


def test_the_account_stands_for_one_of_googles_and_has_no_token() -> None:
    found = only(synth_workload(), "kubernetes_service_account_v1")
    assert found["metadata"] == {
        "annotations": {"iam.gke.io/gcp-service-account": EMAIL},
        "name": "info",
        "namespace": "lab-blue",
    }
    assert found["automount_service_account_token"] is False


def test_the_account_must_be_a_service_account() -> None:
    with pytest.raises(ValueError, match="is not the address of a service account"):
        synth_workload(replace(INFO, identity="somebody@example.org"))


def test_only_named_connections_pass() -> None:
    spec = only(synth_workload(), "kubernetes_network_policy_v1")["spec"]
    assert spec["policy_types"] == ["Ingress", "Egress"]
    assert spec["pod_selector"] == {"match_labels": {"app.kubernetes.io/name": "info"}}
    balancers = [{"ip_block": {"cidr": "130.211.0.0/22"}}, {"ip_block": {"cidr": "35.191.0.0/16"}}]
    caller = {
        "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "lab-blue"}},
        "pod_selector": {"match_labels": {"app": "schema"}},
    }
    port = [{"port": "8080", "protocol": "TCP"}]
    assert spec["ingress"] == [{"from": balancers, "ports": port}, {"from": [caller], "ports": port}]
    assert [{one["port"] for one in rule["ports"]} for rule in spec["egress"]] == [{"53"}]


def test_reached_by_name_and_by_the_balancers_group() -> None:
    found = only(synth_workload(), "kubernetes_service_v1")
    assert found["spec"]["type"] == "ClusterIP"
    assert found["spec"]["selector"] == LABELS
    assert found["spec"]["port"] == [{"name": "http", "port": 80, "target_port": "8080"}]
    groups = json.loads(found["metadata"]["annotations"]["cloud.google.com/neg"])
    assert groups == {"exposed_ports": {"80": {"name": "lab-blue-info"}}}


def test_what_is_not_routed_has_no_group_and_what_listens_nowhere_no_service() -> None:
    inner = only(synth_workload(having(replace(WEB, endpoint_group=None))), "kubernetes_service_v1")
    assert "annotations" not in inner["metadata"]
    assert resources(synth_workload(having(WORKER)), "kubernetes_service_v1") == {}


def test_scale_follows_the_processor_quickly_up_and_slowly_down() -> None:
    document = synth_workload()
    spec = only(document, "kubernetes_horizontal_pod_autoscaler_v2")["spec"]
    assert (spec["min_replicas"], spec["max_replicas"]) == (2, 6)
    assert spec["scale_target_ref"] == {"api_version": "apps/v1", "kind": "Deployment", "name": "info"}
    assert spec["metric"] == [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"average_utilization": 70, "type": "Utilization"}}}
    ]
    behavior = spec["behavior"]
    assert behavior["scale_up"][0]["stabilization_window_seconds"] == 0
    assert behavior["scale_down"][0]["stabilization_window_seconds"] == 300
    assert "replicas" not in only(document, "kubernetes_deployment_v1")["spec"]


@pytest.mark.parametrize(("least", "most"), [(0, 3), (2, 2), (3, 2)])
def test_ranges_that_are_none_are_refused(least: int, most: int) -> None:
    with pytest.raises(ValueError, match="is no range for an autoscaler"):
        ReplicaRange(min_replicas=least, max_replicas=most, measure=Measure.MEMORY, target_percent=80)


def test_a_number_and_an_autoscaler_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="every apply would undo what it did"):
        replace(WEB.runs, count=2)


def test_a_budget_from_two_replicas_on() -> None:
    found = only(synth_workload(), "kubernetes_pod_disruption_budget_v1")
    assert found["spec"] == {"max_unavailable": "1", "selector": {"match_labels": LABELS}}
    from_one = ReplicaRange(min_replicas=1, max_replicas=6, measure=Measure.CPU, target_percent=70)
    for runs in (Replicas(count=1, least=1), Replicas(count=None, least=1, range=from_one)):
        alone = synth_workload(having(replace(WEB, runs=runs)))
        assert resources(alone, "kubernetes_pod_disruption_budget_v1") == {}


def test_a_budget_of_one_replica_is_refused() -> None:
    props = DisruptionBudgetProps(namespace="n", name="info", labels={}, least_replicas=1)
    with pytest.raises(ValueError, match="info: a budget protects two replicas or more, and 1 always run"):
        in_cluster(lambda stack: DisruptionBudget(stack, "budget", props))


def test_asleep_means_no_replica_no_autoscaler_no_budget() -> None:
    document = synth_workload(having(replace(WORKER, runs=Replicas(count=0, least=0))))
    assert only(document, "kubernetes_deployment_v1")["spec"]["replicas"] == "0"
    assert resources(document, "kubernetes_horizontal_pod_autoscaler_v2") == {}
    assert resources(document, "kubernetes_pod_disruption_budget_v1") == {}


def test_a_migration_ends_before_pods_change() -> None:
    document = synth_workload()
    job = only(document, "kubernetes_job_v1")
    assert job["wait_for_completion"] is True
    assert job["timeouts"]["create"] == "1500s"
    assert (job["spec"]["active_deadline_seconds"], job["spec"]["backoff_limit"]) == (900, 2)
    assert job["spec"]["template"]["spec"]["restart_policy"] == "Never"
    assert "ttl_seconds_after_finished" not in job["spec"]
    assert job["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"] == "info"
    needs = only(document, "kubernetes_deployment_v1")["depends_on"]
    assert "kubernetes_job_v1.info__migrate__job" in needs
    assert "kubernetes_service_account_v1.info__identity__account" in job["depends_on"]
    assert "kubernetes_network_policy_v1.info__network__policy" in job["depends_on"]


def test_a_migration_runs_again_when_what_it_runs_changes() -> None:
    def name(container: ContainerProps) -> str:
        pod = replace(POD, container=container)
        return job_name(JobProps(namespace="n", name="info-migrate", pod=pod, timeout_s=60))

    first = name(CONTAINER)
    assert first.startswith("info-migrate-")
    assert first == name(replace(CONTAINER, resources=replace(CONTAINER.resources, cpu="1")))
    changed = {
        name(replace(CONTAINER, image=f"{IMAGE}1")),
        name(replace(CONTAINER, command=("other",))),
        name(replace(CONTAINER, env={"MODE": "other"})),
    }
    assert len(changed | {first}) == 4
    with pytest.raises(ValueError, match="longer than 50"):
        job_name(JobProps(namespace="n", name="x" * 51, pod=POD, timeout_s=60))


@pytest.mark.parametrize("is_suspended", [True, False])
def test_scheduled_runs_never_overlap(is_suspended: bool) -> None:
    runs = Schedule(cron="0 17 * * *", is_suspended=is_suspended)
    spec = only(synth_workload(having(replace(WORKER, runs=runs))), "kubernetes_cron_job_v1")["spec"]
    assert (spec["schedule"], spec["timezone"], spec["suspend"]) == ("0 17 * * *", "Etc/UTC", is_suspended)
    assert (spec["concurrency_policy"], spec["starting_deadline_seconds"]) == ("Forbid", 600)


def test_changed_files_replace_the_pods() -> None:
    template = only(synth_workload(), "kubernetes_deployment_v1")["spec"]["template"]
    assert template["metadata"]["annotations"] == {"checksum/config": "0123456789abcdef"}


def test_runs_where_it_is_wanted() -> None:
    pod = only(synth_workload(), "kubernetes_deployment_v1")["spec"]["template"]["spec"]
    assert pod["node_selector"] == {"pool": "core"}
    assert pod["toleration"] == [{"effect": "NoSchedule", "key": "pool", "operator": "Equal", "value": "core"}]


def test_refusals_of_processes() -> None:
    with pytest.raises(ValueError, match="killed after 39 s, with requests of 30 s"):
        replace(WEB, drain_s=39)
    with pytest.raises(ValueError, match="load balancers reach what listens only"):
        replace(WEB, container=replace(CONTAINER, listener=None))
    with pytest.raises(ValueError, match="a job that ends answers nobody"):
        replace(WEB, runs=Schedule(cron="0 0 * * *", is_suspended=False))
    replace(WEB, container=replace(CONTAINER, listener=replace(LISTENER, pause_s=9)), drain_s=39)
