"""What every pod of ours promises, row by row of the security baseline, and what upstream's may do beyond it."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from karst.kubernetes import privileges
from karst.kubernetes.container import (
    ContainerProps,
    ContainerResources,
    Listener,
    Mount,
    SecretVariable,
    init_container,
)
from karst.kubernetes.cron_job import CronJob, CronJobProps
from karst.kubernetes.deployment import Deployment, DeploymentProps
from karst.kubernetes.job import Job, JobProps
from karst.kubernetes.literal import literal, variable
from karst.kubernetes.pod import ConfigVolume, PodProps, ScratchVolume
from karst.kubernetes.privileges import OURS, UPSTREAM_SERVER, UPSTREAM_WORKER, PodSecurity, Privileges
from karst.kubernetes.probes import Probes
from tests.synth.kubernetes import CONTAINER, IMAGE, LISTENER, POD, RESOURCES, in_cluster
from tests.synth.support import only

Body = dict[str, Any]
BASELINE_ADDS = {"CHOWN", "DAC_OVERRIDE", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"}
DEPLOYMENT = DeploymentProps(namespace="lab-blue", name="info", pod=POD, replicas=2)


def deployment(props: DeploymentProps = DEPLOYMENT) -> Body:
    return only(in_cluster(lambda stack: Deployment(stack, "web", props)), "kubernetes_deployment_v1")


def pod(props: PodProps = POD) -> Body:
    found: Body = deployment(replace(DEPLOYMENT, pod=props))["spec"]["template"]["spec"]
    return found


def box(props: ContainerProps = CONTAINER) -> Body:
    found: Body = pod(replace(POD, container=props))["container"][0]
    return found


def test_probes_ask_three_questions() -> None:  # CKV_K8S_8, 9
    found = box()
    assert found["startup_probe"]["http_get"] == {"path": "/health/live", "port": "8080"}
    assert found["startup_probe"]["period_seconds"] * found["startup_probe"]["failure_threshold"] == 300
    assert found["liveness_probe"]["http_get"] == {"path": "/health/live", "port": "8080"}
    assert found["liveness_probe"]["period_seconds"] * found["liveness_probe"]["failure_threshold"] == 120
    assert found["readiness_probe"]["http_get"] == {"path": "/health/ready", "port": "8080"}
    assert found["readiness_probe"]["period_seconds"] <= 10
    assert all(found[f"{kind}_probe"]["timeout_seconds"] > 1 for kind in ("startup", "liveness", "readiness"))


def test_room_is_asked_for_and_memory_bounded() -> None:  # CKV_K8S_10, 11, 12, 13
    assert box()["resources"] == {
        "requests": {"cpu": "250m", "memory": "256Mi"},
        "limits": {"memory": "512Mi"},
    }


def test_unprivileged_unwritable_and_without_capabilities() -> None:  # CKV_K8S_16, 20, 22, 23, 25, 28, 30, 31, 37, 40
    assert box()["security_context"] == {
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "read_only_root_filesystem": True,
        "run_as_group": "10001",
        "run_as_non_root": True,
        "run_as_user": "10001",
        "seccomp_profile": {"type": "RuntimeDefault"},
    }
    assert pod()["security_context"] == {
        "fs_group": "10001",
        "run_as_group": "10001",
        "run_as_non_root": True,
        "run_as_user": "10001",
        "seccomp_profile": {"type": "RuntimeDefault"},
    }


def test_stays_out_of_its_node() -> None:  # CKV_K8S_17, 18, 19, 26, 27
    assert not {"host_network", "host_pid", "host_ipc"} & pod().keys()
    assert box()["port"] == [{"container_port": 8080, "name": "http"}]
    assert {kind for volume in pod()["volume"] for kind in volume} == {"name", "csi", "empty_dir"}


def test_secrets_are_files() -> None:  # CKV_K8S_35
    csi = next(volume["csi"] for volume in pod()["volume"] if "csi" in volume)
    assert csi == {
        "driver": "secrets-store-gke.csi.k8s.io",
        "read_only": True,
        "volume_attributes": {"secretProviderClass": "info"},
    }
    assert {"mount_path": "/run/secrets/karst", "name": "secrets", "read_only": True} in box()["volume_mount"]


def test_no_token_of_the_cluster() -> None:  # CKV_K8S_38, 41, 42
    found = pod()
    assert found["service_account_name"] == "info"
    assert found["automount_service_account_token"] is False
    assert found["enable_service_links"] is False


@pytest.mark.parametrize("image", ["example.org/info", "example.org/info:latest", "example.org:5000/info"])
def test_moving_images_are_refused(image: str) -> None:  # CKV_K8S_14, 43
    with pytest.raises(ValueError, match="may change under its name"):
        replace(CONTAINER, image=image)


def test_replicas_are_spread_and_finish_their_work() -> None:
    found = pod(replace(POD, drain_s=45))
    assert found["termination_grace_period_seconds"] == 45
    assert [one["topology_key"] for one in found["topology_spread_constraint"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert {one["label_selector"][0]["match_labels"]["app"] for one in found["topology_spread_constraint"]} == {"info"}
    assert box()["lifecycle"] == {"pre_stop": [{"exec": {"command": ["sleep", "10"]}}]}


def test_new_versions_take_over_without_a_gap() -> None:
    found = deployment()
    assert found["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rolling_update": {"max_surge": "25%", "max_unavailable": "0"},
    }
    assert (found["spec"]["replicas"], found["wait_for_rollout"]) == ("2", False)


def test_a_singleton_stops_before_the_next_starts() -> None:
    found = deployment(replace(DEPLOYMENT, replicas=1, is_singleton=True))
    assert found["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize("replicas", [2, None])
def test_two_singletons_are_refused(replicas: int | None) -> None:
    with pytest.raises(ValueError, match="info may run once only"):
        deployment(replace(DEPLOYMENT, replicas=replicas, is_singleton=True))


def test_an_autoscaler_keeps_its_number() -> None:
    assert "replicas" not in deployment(replace(DEPLOYMENT, replicas=None))["spec"]


def test_long_work_is_not_moved_and_deletion_waits_for_it() -> None:
    found = deployment(replace(DEPLOYMENT, pod=replace(POD, drain_s=6000)))
    annotations = found["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
    assert found["timeouts"] == {"delete": "6600s"}


@pytest.mark.parametrize("kind", ["job", "cron"])
def test_jobs_hold_the_same_pod(kind: str) -> None:
    still = replace(POD, container=replace(CONTAINER, listener=None))
    if kind == "job":
        props = JobProps(namespace="lab-blue", name="info", pod=still, timeout_s=60)
        found = only(in_cluster(lambda stack: Job(stack, "job", props)), "kubernetes_job_v1")
    else:
        cron = CronJobProps(namespace="lab-blue", name="info", pod=still, schedule="0 0 * * *", is_suspended=False)
        job = only(in_cluster(lambda stack: CronJob(stack, "job", cron)), "kubernetes_cron_job_v1")
        found = job["spec"]["job_template"]
    held, always = found["spec"]["template"]["spec"], pod(still)
    assert held["restart_policy"] == "Never"
    same = always.keys() - {"restart_policy", "topology_spread_constraint"}
    assert {key: held[key] for key in same} == {key: always[key] for key in same}
    assert held.keys() == same | {"restart_policy"}


def test_the_bindings_repeat_every_class_of_a_pod() -> None:
    def classes(module: str, prefix: str) -> set[str]:
        names = vars(import_module(f"cdktn_provider_kubernetes.{module}"))
        return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}

    used = classes("deployment_v1", "DeploymentV1SpecTemplateSpec")
    assert "Container" in used
    assert classes("job_v1", "JobV1SpecTemplateSpec") == used
    assert classes("cron_job_v1", "CronJobV1SpecJobTemplateSpecTemplateSpec") == used


def test_text_arrives_as_it_is() -> None:
    assert literal("${a} %{b} $c") == "$${a} %%{b} $c"
    assert variable("${a} $(b)") == "$${a} $$(b)"
    environment = box(replace(CONTAINER, env={"A": "$(HOME) ${x}"}, command=("run", "$(A)")))
    assert environment["env"] == [{"name": "A", "value": "$$(HOME) $${x}"}]
    assert environment["command"] == ["run", "$(A)"]


def test_a_variable_may_come_from_a_synchronized_secret() -> None:
    found = box(replace(CONTAINER, secret_env={"KEY": SecretVariable(secret="info-variables", key="KEY")}))
    reference = {"secret_key_ref": {"key": "KEY", "name": "info-variables"}}
    assert {"name": "KEY", "value_from": reference} in found["env"]


def test_refusals_of_containers() -> None:
    with pytest.raises(ValueError, match="the setting DB_PASSWORD is named like a secret"):
        replace(CONTAINER, env={"DB_PASSWORD": "correct horse"})
    with pytest.raises(ValueError, match="web: the setting MODE holds a NUL character, at which it would end"):
        replace(CONTAINER, env={"MODE": "plain\0 text"})
    with pytest.raises(ValueError, match="MODE given both as a setting and as a secret"):
        replace(CONTAINER, secret_env={"MODE": SecretVariable(secret="s", key="k")})
    with pytest.raises(ValueError, match="two things are mounted at /tmp"):
        replace(CONTAINER, mounts=(*CONTAINER.mounts, Mount(volume="secrets", path="/tmp")))
    with pytest.raises(ValueError, match="'secrets', which is no volume of its pod"):
        replace(POD, volumes={"tmp": ScratchVolume()})
    with pytest.raises(ValueError, match="answers nobody and reads secrets from files"):
        init_container(CONTAINER)
    with pytest.raises(TypeError, match="memory_limit"):
        ContainerResources(cpu="1", memory="1Gi")  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="probes"):
        Listener(port=8080)  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="resources"):
        ContainerProps(name="web", image=IMAGE)  # pyright: ignore[reportCallIssue]


def test_refusals_of_probes() -> None:
    with pytest.raises(ValueError, match="the path ready 'ready' does not begin with '/'"):
        Probes(live="/live", ready="ready")
    with pytest.raises(ValueError, match="live_patience_s 20 restarts busy replicas"):
        replace(LISTENER.probes, live_patience_s=20)
    with pytest.raises(ValueError, match="startup_s 1 ends before the first question"):
        replace(LISTENER.probes, startup_s=1)


def test_exceptions_of_upstream_are_listed_with_reasons() -> None:
    """A new exception, or a wider one, must be added here too."""
    exceptions = {
        name: one for name, one in vars(privileges).items() if isinstance(one, Privileges) and one is not OURS
    }
    assert exceptions == {"UPSTREAM_SERVER": UPSTREAM_SERVER, "UPSTREAM_WORKER": UPSTREAM_WORKER}
    assert UPSTREAM_SERVER.capabilities.keys() == BASELINE_ADDS
    assert UPSTREAM_WORKER.capabilities.keys() == {"DAC_OVERRIDE"}
    assert OURS.level is PodSecurity.RESTRICTED
    for one in exceptions.values():
        assert one.level is PodSecurity.BASELINE
        assert all(reason.strip() for reason in (one.root_because, one.writable_root_because) if reason is not None)
        assert all(len(reason) > 10 for reason in one.capabilities.values())


def test_upstream_runs_as_root_without_power() -> None:
    found = box(replace(CONTAINER, privileges=UPSTREAM_SERVER))["security_context"]
    assert found == {
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"], "add": sorted(BASELINE_ADDS)},
        "privileged": False,
        "read_only_root_filesystem": False,
        "run_as_non_root": False,
        "seccomp_profile": {"type": "RuntimeDefault"},
    }


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        ({"user": None}, "as root for a reason"),
        ({"root_because": "it likes to be root"}, "as root for a reason"),
        ({"user": None, "root_because": "so"}, "running as root needs a reason"),
        ({"writable_root_because": "x"}, "a root file system that can be written needs a reason"),
        ({"capabilities": {"CHOWN": ""}}, "the capability CHOWN needs a reason"),
        ({"capabilities": {"SYS_ADMIN": "it mounts file systems"}}, "SYS_ADMIN reaches beyond the container"),
    ],
)
def test_exceptions_without_a_good_reason_are_refused(exception: Body, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Privileges(**exception)


def test_files_of_a_config_map_are_mounted_one_by_one() -> None:
    props = replace(
        POD,
        volumes={**POD.volumes, "config": ConfigVolume(config_map="info-config")},
        container=replace(CONTAINER, mounts=(Mount(volume="config", path="/app/config.cfg", file="app-config.cfg"),)),
        before=(ContainerProps(name="first", image=IMAGE, resources=RESOURCES),),
    )
    found = pod(props)
    assert found["container"][0]["volume_mount"] == [
        {"mount_path": "/app/config.cfg", "name": "config", "read_only": True, "sub_path": "app-config.cfg"}
    ]
    assert {"name": "config", "config_map": {"name": "info-config"}} in found["volume"]
    first = found["init_container"][0]
    assert first["security_context"] == box()["security_context"]
    assert first["resources"] == box()["resources"]
