"""What decides how many replicas of a process run where Kubernetes' own autoscaler can't.

That is for queues and requests, and for processor and memory of what sleeps in some generations.
Google's metrics and our own are asked for in one language (PromQL, through Cloud Monitoring); only the length of a
Celery queue is read from Redis itself. KEDA's own scaler for Pub/Sub is announced as going away, for the query
language that it speaks is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from karst.cluster_names import ClusterNames
from karst.config.service_checks import celery_queues, subscriptions
from karst.config.service_runtime import ScalingSignal
from karst.config.types import GenerationState
from karst.derived.messages import SUBSCRIPTIONS
from karst.derived.processes import RunningProcess, cluster_workloads, processes
from karst.derived.redis import redis_access
from karst.derived.workloads import Workload
from karst.naming import Names

REQUESTS_METRIC = "http_server_active_requests"
"""Requests in flight, as OpenTelemetry names them."""
BROKER = "broker"

_MONITORING = "google-monitoring"
_BROKER_LOGIN = "redis-broker"
_POLLING_S = 30
_SHORTEST_COOLDOWN_S = 60
_LONGEST_COOLDOWN_S = 600
_FAILURES_BEFORE_FALLBACK = 3


@dataclass(frozen=True, kw_only=True)
class SecretParameter:
    """A setting of a scaler that stands in Secret Manager."""

    parameter: str
    secret: str
    """Its id; KEDA reads secrets of its own project only."""
    version: str


@dataclass(frozen=True, kw_only=True)
class ScalerLogin:
    """How KEDA proves who it is: always by its own account, with which it may read further secrets."""

    name: str
    secrets: tuple[SecretParameter, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """What is measured."""

    type: str
    """Kind of scaler in KEDA's words: `prometheus`, `redis`."""
    login: ScalerLogin | None
    metadata: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Scaler:
    """The autoscaler of one process; KEDA makes and keeps the Kubernetes one."""

    name: str
    """Name of the process's Deployment, too."""
    min_replicas: int
    max_replicas: int
    polling_s: int
    cooldown_s: int
    """How long the queue must be empty before the last replica goes, and how slowly fewer follow many."""
    fallback_replicas: int
    """Replicas while the metric can't be read, unless more are running."""
    failures_before_fallback: int
    trigger: Trigger


class UnknownQueueError(ValueError):
    """A process scales by a queue that it doesn't read."""


def needs_keda(workloads: Iterable[Workload]) -> bool:
    """Whether any process of these workloads scales by more than processor and memory, in whatever generation."""
    return any(
        scales_by_metric(process) for workload in cluster_workloads(workloads) for process in processes(workload)
    )


def reads_broker(workloads: Iterable[Workload]) -> bool:
    """Whether KEDA asks the Redis of the workflows how long its queues are."""
    return any(
        process.scaling.signal is ScalingSignal.QUEUE and process.scaling.queue not in SUBSCRIPTIONS
        for workload in cluster_workloads(workloads)
        for process in processes(workload)
    )


def scaler(names: ClusterNames, process: RunningProcess, state: GenerationState) -> Scaler | None:
    """The autoscaler of a process in a generation of this state.

    None for what Kubernetes' own autoscaler decides, and for what sleeps in such a generation. Raises
    `UnknownQueueError` for a queue that the process doesn't read, in every state.
    """
    if not scales_by_metric(process):
        return None
    scaling = process.scaling
    trigger = _trigger(names, process)
    if not process.is_awake(state):
        return None
    # Requests and use are counted where they arise: of no replica there is no metric that could bring the first one.
    least = scaling.min_replicas if scaling.signal is ScalingSignal.QUEUE else max(1, scaling.min_replicas)
    return Scaler(
        name=process.name,
        min_replicas=least,
        max_replicas=scaling.max_replicas,
        polling_s=_POLLING_S,
        # A task in hand doesn't count as waiting; the longer tasks may take, the longer their workers are left alone.
        cooldown_s=min(max(_SHORTEST_COOLDOWN_S, process.process.drain_s), _LONGEST_COOLDOWN_S),
        fallback_replicas=max(1, least),
        failures_before_fallback=_FAILURES_BEFORE_FALLBACK,
        trigger=trigger,
    )


def logins(scalers: Iterable[Scaler]) -> tuple[ScalerLogin, ...]:
    """The logins that these scalers name, each once, by name."""
    found = {one.trigger.login.name: one.trigger.login for one in scalers if one.trigger.login is not None}
    return tuple(found[name] for name in sorted(found))


def scales_by_metric(process: RunningProcess) -> bool:
    """Whether KEDA decides how many replicas run.

    Kubernetes' own autoscaler leaves a Deployment without replicas alone, so it wakes nothing that has slept; and a
    number written down to wake it would undo at each apply what the autoscaler did.
    """
    if process.is_scheduled:
        return False
    scaling = process.scaling
    if scaling.signal in (ScalingSignal.QUEUE, ScalingSignal.REQUESTS):
        return True
    sleeps = process.process.is_generation_bound and not process.process.is_scheduler
    return sleeps and max(1, scaling.min_replicas) < scaling.max_replicas


def _trigger(names: ClusterNames, process: RunningProcess) -> Trigger:
    match process.scaling.signal:
        case ScalingSignal.QUEUE:
            return _queue_trigger(names, process)
        case ScalingSignal.REQUESTS:
            return _requests_trigger(names, process)
        case ScalingSignal.CPU:
            return _use_trigger(names, process, "kubernetes_io:container_cpu_request_utilization", "")
        case ScalingSignal.MEMORY:
            metric = "kubernetes_io:container_memory_request_utilization"
            return _use_trigger(names, process, metric, ',memory_type="non-evictable"')


def _use_trigger(names: ClusterNames, process: RunningProcess, metric: str, more: str) -> Trigger:
    """Percent of what the replicas of a process reserve, all together: a target for one divides it."""
    pods = f"{process.name}-[a-z0-9]+-[a-z0-9]+"
    where = (
        f'project_id="{names.of.gcp.project}",cluster_name="{names.cluster}",'
        f'namespace_name="{names.namespace(process.workload)}",pod_name=~"{pods}",container_name="{process.key}"{more}'
    )
    return _prometheus(names, f"100 * sum({metric}{{{where}}})", process, is_missing_zero=False)


def _requests_trigger(names: ClusterNames, process: RunningProcess) -> Trigger:
    where = f'cluster="{names.cluster}",namespace="{names.namespace(process.workload)}",job="{process.name}"'
    # No answer is no zero: replicas that can't be measured may be busy.
    return _prometheus(names, f"sum({REQUESTS_METRIC}{{{where}}})", process, is_missing_zero=False)


def _queue_trigger(names: ClusterNames, process: RunningProcess) -> Trigger:
    queue = process.scaling.queue or ""
    if queue in SUBSCRIPTIONS:
        _check_subscribes(process, queue)
        subscription = Names(names.of).topic(SUBSCRIPTIONS[queue].suffix)
        metric = "pubsub_googleapis_com:subscription_num_undelivered_messages"
        where = f'project_id="{names.of.gcp.project}",subscription_id="{subscription}"'
        return _prometheus(names, f"sum({metric}{{{where}}})", process, is_missing_zero=True)
    if queue not in celery_queues(process.process):
        raise UnknownQueueError(
            f"{_place(process)}.scaling.queue: {queue!r} is neither a subscription nor a Celery queue that the process "
            f"reads. Write one of {', '.join(sorted(SUBSCRIPTIONS))}, or add -Q {queue} to its command"
        )
    return _redis(names, process, queue)


def _check_subscribes(process: RunningProcess, queue: str) -> None:
    if queue not in subscriptions(process.workload.service):
        topic = SUBSCRIPTIONS[queue].topic
        raise UnknownQueueError(
            f"{_place(process)}.scaling.queue: the service doesn't read the subscription {queue!r}. Add to "
            f"stores.messages {{topic: {topic}, direction: subscribe, subscription: {queue}}}"
        )


def _prometheus(names: ClusterNames, query: str, process: RunningProcess, *, is_missing_zero: bool) -> Trigger:
    return Trigger(
        type="prometheus",
        login=ScalerLogin(name=_MONITORING),
        metadata={
            "ignoreNullValues": str(is_missing_zero).lower(),
            "query": query,
            "serverAddress": (
                f"https://monitoring.googleapis.com/v1/projects/{names.of.gcp.project}/location/global/prometheus"
            ),
            "threshold": str(process.scaling.target),
        },
    )


def _redis(names: ClusterNames, process: RunningProcess, queue: str) -> Trigger:
    access = redis_access(names.of, BROKER)
    metadata = {
        "address": f"{access.host}:{access.port}",
        "databaseIndex": "0",
        "enableTLS": str(access.is_encrypted).lower(),
        "listLength": str(process.scaling.target),
        "listName": queue,
    }
    if access.is_encrypted:
        # The certificate of a managed Redis names no host, and KEDA checks name and signature together or neither.
        # Whoever could answer in its place would have to stand in the private network and own its private zone.
        metadata["unsafeSsl"] = "true"
    if access.password is None:
        return Trigger(type="redis", login=None, metadata=metadata)
    password = SecretParameter(
        parameter="password", secret=_own_secret(names, access.password.secret), version=access.password.version
    )
    return Trigger(type="redis", login=ScalerLogin(name=_BROKER_LOGIN, secrets=(password,)), metadata=metadata)


def _own_secret(names: ClusterNames, secret: str) -> str:
    """Id of a secret, which must stand in the deployment's project."""
    project, _, name = secret.removeprefix("projects/").rpartition("/secrets/")
    if project not in ("", names.of.gcp.project):
        raise ValueError(
            f"redis.{BROKER}.auth: KEDA reads secrets of the deployment's own project only. Copy the password into "
            f"{names.of.gcp.project} and write secret:NAME"
        )
    return name or secret


def _place(process: RunningProcess) -> str:
    return f"services.{process.workload.name}: processes.{process.key}"
