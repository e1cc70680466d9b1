from __future__ import annotations

import pytest

from karst.config.types import GenerationState
from karst.derived.monitoring import monitoring
from karst.derived.processes import RunningProcess
from karst.derived.scaling import (
    Scaler,
    SecretParameter,
    UnknownQueueError,
    logins,
    needs_keda,
    reads_broker,
    scaler,
)
from karst.derived.workloads import Workload
from tests.derived.workers import blue, deployment, only_process, service

ACTIVE = GenerationState.ACTIVE
PROMETHEUS = "https://monitoring.googleapis.com/v1/projects/lab-cave/location/global/prometheus"


def subscriber(queue: str = "remesh-high", drain_s: int = 20, declared: str | None = "remesh-high") -> Workload:
    uses = [] if declared is None else [{"topic": "edits", "direction": "subscribe", "subscription": declared}]
    scaling = {"min_replicas": 0, "max_replicas": 10, "signal": "queue", "target": 3, "queue": queue}
    process = {"scaling": scaling, "drain_s": drain_s, "is_generation_bound": True}
    return service("meshworker", process, stores={"messages": uses})


def celery(*words: str, queue: str = "process") -> Workload:
    scaling = {"min_replicas": 0, "max_replicas": 50, "signal": "queue", "target": 2, "queue": queue}
    process = {"command": ["celery", "worker", *words], "scaling": scaling, "is_generation_bound": True}
    return service("consumer", process, stores={"cache": [{"name": "broker", "access": "write"}]})


def server(least: int = 2) -> Workload:
    scaling = {"min_replicas": least, "max_replicas": 4, "signal": "requests", "target": 80}
    process = {"port": 8080, "scaling": scaling}
    return service("web", process, health={"live": "/live", "ready": "/ready"}, timeouts={"handler_s": 5})


def scaled(workload: Workload, state: GenerationState = ACTIVE) -> Scaler:
    found = scaler(blue(), only_process(workload), state)
    assert found is not None
    return found


def test_processor_and_memory_are_left_to_kubernetes() -> None:
    for signal in ("cpu", "memory"):
        plain = service("api", {"scaling": {"signal": signal, "target": 60}})
        assert scaler(blue(), only_process(plain), ACTIVE) is None
        assert not needs_keda([plain])


@pytest.mark.parametrize(
    ("signal", "metric", "more"),
    [("cpu", "container_cpu", ""), ("memory", "container_memory", ',memory_type="non-evictable"')],
)
def test_what_sleeps_is_woken_by_keda_which_measures_use_too(signal: str, metric: str, more: str) -> None:
    scaling = {"signal": signal, "target": 25, "min_replicas": 0, "max_replicas": 2}
    worker = service("guidebook-worker", {"scaling": scaling, "is_generation_bound": True})
    found = scaled(worker)
    assert needs_keda([worker])
    assert (found.min_replicas, found.max_replicas, found.fallback_replicas) == (1, 2, 1)
    where = (
        'project_id="lab-cave",cluster_name="api-blue",namespace_name="api-blue",'
        f'pod_name=~"guidebook-worker-[a-z0-9]+-[a-z0-9]+",container_name="worker"{more}'
    )
    assert found.trigger.metadata["query"] == f"100 * sum(kubernetes_io:{metric}_request_utilization{{{where}}})"
    assert found.trigger.metadata["threshold"] == "25"
    assert scaler(blue(), only_process(worker), GenerationState.STANDBY) is None


def test_one_that_sleeps_and_is_never_two_needs_no_autoscaler() -> None:
    canary = service("canary", {"scaling": {"max_replicas": 1}, "is_generation_bound": True})
    assert scaler(blue(), only_process(canary), ACTIVE) is None


def test_a_deployment_that_chooses_a_processor_target_takes_the_queue_away() -> None:
    scaling = {"signal": "queue", "queue": "remesh-high"}
    chosen = service("meshworker", {"scaling": scaling}, choice={"scaling": {"min": 1, "max": 2, "target_cpu": 80}})
    assert scaler(blue(), only_process(chosen), ACTIVE) is None


def test_a_subscription_is_measured_by_its_full_name_in_its_own_project() -> None:
    found = scaled(subscriber())
    assert (found.name, found.min_replicas, found.max_replicas) == ("meshworker", 0, 10)
    assert (found.polling_s, found.cooldown_s) == (30, 60)
    assert (found.fallback_replicas, found.failures_before_fallback) == (1, 3)
    metric = "pubsub_googleapis_com:subscription_num_undelivered_messages"
    where = '{project_id="lab-cave",subscription_id="api_PCG_HIGH_PRIORITY_REMESH"}'
    assert found.trigger.type == "prometheus"
    assert found.trigger.metadata == {
        "ignoreNullValues": "true",
        "query": f"sum({metric}{where})",
        "serverAddress": PROMETHEUS,
        "threshold": "3",
    }
    assert [(login.name, login.secrets) for login in logins([found])] == [("google-monitoring", ())]


def test_a_queue_of_celery_is_read_from_the_broker_over_tls_with_its_password() -> None:
    found = scaled(celery("-Q", "process"))
    assert found.trigger.type == "redis"
    assert found.trigger.metadata == {
        "address": "redis-broker.api.karst.internal:6378",
        "databaseIndex": "0",
        "enableTLS": "true",
        "listLength": "2",
        "listName": "process",
        "unsafeSsl": "true",
    }
    (login,) = logins([found, found])
    assert login.secrets == (SecretParameter(parameter="password", secret="api-redis-broker-auth", version="latest"),)


@pytest.mark.parametrize(
    ("auth", "password"),
    [
        (None, None),
        ("secret:old-broker@3", ("old-broker", "3")),
        ("secret:projects/lab-cave/secrets/old-broker", ("old-broker", "latest")),
    ],
)
def test_an_existing_broker_is_read_plainly(auth: str | None, password: tuple[str, str] | None) -> None:
    existing = {"broker": {"manage": "existing", **({"auth": auth} if auth else {})}}
    found = scaler(blue(deployment(redis=existing)), only_process(celery("-Q", "process")), ACTIVE)
    assert found is not None
    metadata = found.trigger.metadata
    assert metadata["address"] == "redis-broker.api.karst.internal:6379"
    assert metadata["enableTLS"] == "false"
    assert "unsafeSsl" not in metadata
    secrets = [(one.secret, one.version) for login in logins([found]) for one in login.secrets]
    assert secrets == ([password] if password else [])


def test_a_password_of_another_project_is_refused_with_a_way_out() -> None:
    existing = {"broker": {"manage": "existing", "auth": "secret:projects/other-lab/secrets/broker"}}
    with pytest.raises(ValueError, match=r"redis\.broker\.auth: .*Copy the password into lab-cave"):
        scaler(blue(deployment(redis=existing)), only_process(celery("-Q", "process")), ACTIVE)


@pytest.mark.parametrize(
    ("workload", "message"),
    [
        (celery("-Q", "other"), r"processes\.worker\.scaling\.queue: 'process' is neither .* or add -Q process to its"),
        (subscriber(queue="remesh-hihg"), r"'remesh-hihg' is neither .* Write one of l2cache, .*remesh-high"),
        (subscriber(declared=None), r"\{topic: edits, direction: subscribe, subscription: remesh-high\}"),
        (subscriber(declared="remesh-low"), r"doesn't read the subscription 'remesh-high'"),
    ],
)
@pytest.mark.parametrize("state", GenerationState)
def test_a_queue_that_nobody_reads_is_refused_in_every_state(
    workload: Workload, message: str, state: GenerationState
) -> None:
    with pytest.raises(UnknownQueueError, match=message):
        scaler(blue(), only_process(workload), state)


def test_requests_are_counted_by_the_pods_of_one_generation_and_one_always_runs() -> None:
    found = scaled(server(least=0))
    assert (found.min_replicas, found.max_replicas) == (1, 4)
    where = '{cluster="api-blue",namespace="api-blue",job="web"}'
    assert found.trigger.metadata["query"] == f"sum(http_server_active_requests{where})"
    assert found.trigger.metadata["ignoreNullValues"] == "false"
    watched = monitoring(only_process(server()), {"app": "web"}, ACTIVE)
    assert watched is not None
    assert (watched.name, watched.port, watched.path) == ("web", 8080, "/metrics")
    assert monitoring(only_process(celery("-Q", "process")), {"app": "x"}, ACTIVE) is None


@pytest.mark.parametrize(("drain_s", "cooldown_s"), [(1, 60), (60, 60), (300, 300), (6000, 600)])
def test_long_tasks_give_workers_longer(drain_s: int, cooldown_s: int) -> None:
    assert scaled(subscriber(drain_s=drain_s)).cooldown_s == cooldown_s


@pytest.mark.parametrize("state", [one for one in GenerationState if one is not ACTIVE])
def test_what_sleeps_has_no_scaler_and_what_serves_keeps_it(state: GenerationState) -> None:
    assert scaler(blue(), only_process(subscriber()), state) is None
    assert scaled(server(), state).name == "web"


def test_a_job_that_runs_at_times_is_not_scaled() -> None:
    scaling = {"signal": "queue", "queue": "remesh-high"}
    nightly = service("nightly", {"scaling": scaling, "schedule": "0 3 * * *"})
    process: RunningProcess = only_process(nightly)
    assert scaler(blue(), process, ACTIVE) is None
    assert not needs_keda([nightly])


def test_the_broker_is_asked_only_where_celery_scales() -> None:
    assert needs_keda([subscriber()])
    assert not reads_broker([subscriber(), server()])
    assert reads_broker([subscriber(), celery("-Q", "process")])
