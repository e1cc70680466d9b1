"""A service in a cluster, whole: who it is, what it runs, who reaches it and whom it reaches.

What makes a workload fit to run is no option here: without probes, requests and limits, an identity and named
connections none can be built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktn import ITerraformDependable
from constructs import Construct

from karst.kubernetes.autoscaler import Autoscaler, AutoscalerProps, ReplicaRange
from karst.kubernetes.container import ContainerProps
from karst.kubernetes.cron_job import CronJob, CronJobProps
from karst.kubernetes.deployment import Deployment, DeploymentProps
from karst.kubernetes.disruption_budget import LEAST_REPLICAS, DisruptionBudget, DisruptionBudgetProps
from karst.kubernetes.job import Job, JobProps
from karst.kubernetes.labels import process_labels, service_labels
from karst.kubernetes.network_policy import Allowed, NetworkPolicy, NetworkPolicyProps
from karst.kubernetes.pod import Placement, PodProps, Volume
from karst.kubernetes.service import Service, ServiceProps
from karst.kubernetes.service_account import ServiceAccount, ServiceAccountProps

MIGRATION = "migrate"
"""What the migration's pods are called among those of their service."""


@dataclass(frozen=True, kw_only=True)
class Replicas:
    """How many run: as many as written, or as many as an autoscaler finds. Raises `ValueError` for both at once."""

    count: int | None
    """None leaves the number to an autoscaler, from the first day on."""
    least: int
    """How many always run."""
    range: ReplicaRange | None = None
    """By processor or memory; what else decides stands beside the workload, as a custom resource."""
    is_singleton: bool = False

    def __post_init__(self) -> None:
        if self.count is not None and self.range is not None:
            raise ValueError(
                f"{self.count} replicas are written down and an autoscaler is to find how many: every apply would undo "
                "what it did. Leave one of the two out"
            )


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a run begins, in the words of cron and in UTC."""

    cron: str
    is_suspended: bool


@dataclass(frozen=True, kw_only=True)
class Once:
    """It runs once, and again where its image, command, settings or files change; an apply waits for its end."""

    timeout_s: int


@dataclass(frozen=True, kw_only=True)
class ProcessProps:
    """One kind of pod. Raises `ValueError` where it is stopped before it can finish a request."""

    name: str
    """Of its Deployment, Service or CronJob."""
    container: ContainerProps
    runs: Replicas | Schedule | Once
    drain_s: int
    """Seconds to finish its work before a pod is killed."""
    longest_request_s: int = 0
    placement: Placement = field(default_factory=Placement)
    endpoint_group: str | None = None
    """Load balancers reach its pods by this."""

    def __post_init__(self) -> None:
        listener = self.container.listener
        if self.endpoint_group is not None and listener is None:
            raise ValueError(f"{self.name}: load balancers reach what listens only. Give it a listener with probes")
        if not isinstance(self.runs, Replicas) and listener is not None:
            raise ValueError(f"{self.name}: a job that ends answers nobody. Take its listener or its schedule away")
        if listener is not None and not self.longest_request_s + listener.pause_s <= self.drain_s:
            raise ValueError(
                f"{self.name}: killed after {self.drain_s} s, with requests of {self.longest_request_s} s that may "
                f"begin {listener.pause_s} s after it was told to stop. Raise drain_s"
            )


@dataclass(frozen=True, kw_only=True)
class MigrationProps:
    """Brings a store to the shape that the code expects, before any new pod starts."""

    container: ContainerProps
    timeout_s: int
    placement: Placement = field(default_factory=Placement)


@dataclass(frozen=True, kw_only=True)
class WorkloadProps:
    """One service. Its pods share identity, files and network; each process has its own scale."""

    namespace: str
    name: str
    identity: str
    """E-mail of its own Google service account."""
    processes: Mapping[str, ProcessProps]
    receives: Sequence[Allowed]
    """Who may connect to it; nobody else can."""
    reaches: Sequence[Allowed]
    """Where it may connect to; nowhere else."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    before: tuple[ContainerProps, ...] = ()
    """Run in each pod, to their end, before its program starts."""
    volumes: Mapping[str, Volume] = field(default_factory=dict[str, Volume])
    config_hash: str | None = None
    """Of the files that pods read once, at their start: a new one replaces them."""
    migration: MigrationProps | None = None
    waits_for: Sequence[ITerraformDependable] = ()
    starts_after: Sequence[ITerraformDependable] = ()
    """What only its pods wait for, and its migration."""


class Workload(Construct):
    """Account, network policy, migration, and for each process a Deployment or CronJob with what belongs to it.

    A failing migration fails the apply before any pod is replaced.
    """

    done: tuple[ITerraformDependable, ...]
    """The ends of its processes that run once."""
    stands: tuple[ITerraformDependable, ...]
    """Its processes that run until they are told to stop."""

    def __init__(self, scope: Construct, id: str, props: WorkloadProps) -> None:
        super().__init__(scope, id)
        self._props = props
        account = ServiceAccount(
            self,
            "identity",
            ServiceAccountProps(
                namespace=props.namespace,
                name=props.name,
                identity=props.identity,
                labels=props.labels,
                waits_for=props.waits_for,
            ),
        )
        network = NetworkPolicy(
            self,
            "network",
            NetworkPolicyProps(
                namespace=props.namespace,
                name=props.name,
                labels=service_labels(props.name),
                ingress=props.receives,
                egress=props.reaches,
                waits_for=props.waits_for,
            ),
        )
        self._needs: list[ITerraformDependable] = [
            *props.waits_for,
            *props.starts_after,
            account.account,
            network.policy,
        ]
        done: list[ITerraformDependable] = []
        stands: list[ITerraformDependable] = []
        if props.migration is not None:
            self._needs.append(self._migrate(props.migration))
        for key, process in sorted(props.processes.items()):
            if isinstance(process.runs, Schedule):
                self._add_cron_job(key, process, process.runs)
            elif isinstance(process.runs, Once):
                done.append(self._run_once(key, process, process.runs))
            else:
                stands.append(self._add_deployment(key, process, process.runs))
        self.done, self.stands = tuple(done), tuple(stands)

    def _migrate(self, migration: MigrationProps) -> ITerraformDependable:
        props = self._props
        job = Job(
            self,
            MIGRATION,
            JobProps(
                namespace=props.namespace,
                name=f"{props.name}-{MIGRATION}",
                pod=self._pod(MIGRATION, migration.container, migration.placement, drain_s=30),
                timeout_s=migration.timeout_s,
                reruns_on={"config": props.config_hash} if props.config_hash else {},
                waits_for=self._needs,
            ),
        )
        return job.done

    def _run_once(self, key: str, process: ProcessProps, once: Once) -> ITerraformDependable:
        props = self._props
        job = Job(
            self,
            key,
            JobProps(
                namespace=props.namespace,
                name=process.name,
                pod=self._pod(key, process.container, process.placement, drain_s=process.drain_s),
                timeout_s=once.timeout_s,
                reruns_on={"config": props.config_hash} if props.config_hash else {},
                waits_for=self._needs,
            ),
        )
        return job.done

    def _add_deployment(self, key: str, process: ProcessProps, replicas: Replicas) -> ITerraformDependable:
        props, labels = self._props, process_labels(self._props.name, key)
        deployment = Deployment(
            self,
            key,
            DeploymentProps(
                namespace=props.namespace,
                name=process.name,
                pod=self._pod(key, process.container, process.placement, drain_s=process.drain_s),
                replicas=replicas.count,
                labels=props.labels,
                annotations={"checksum/config": props.config_hash} if props.config_hash else {},
                is_singleton=replicas.is_singleton,
                waits_for=self._needs,
            ),
        )
        listener = process.container.listener
        if listener is not None:
            Service(
                self,
                f"{key}-service",
                ServiceProps(
                    namespace=props.namespace,
                    name=process.name,
                    labels=labels,
                    port=listener.port,
                    endpoint_group=process.endpoint_group,
                    waits_for=props.waits_for,
                ),
            )
        stands = (deployment.deployment,)
        if replicas.range is not None:
            Autoscaler(
                self,
                f"{key}-autoscaler",
                AutoscalerProps(
                    namespace=props.namespace, name=process.name, replicas=replicas.range, waits_for=stands
                ),
            )
        if replicas.least >= LEAST_REPLICAS:
            DisruptionBudget(
                self,
                f"{key}-budget",
                DisruptionBudgetProps(
                    namespace=props.namespace,
                    name=process.name,
                    labels=labels,
                    least_replicas=replicas.least,
                    waits_for=stands,
                ),
            )
        return deployment.deployment

    def _add_cron_job(self, key: str, process: ProcessProps, schedule: Schedule) -> None:
        CronJob(
            self,
            key,
            CronJobProps(
                namespace=self._props.namespace,
                name=process.name,
                pod=self._pod(key, process.container, process.placement, drain_s=process.drain_s),
                schedule=schedule.cron,
                is_suspended=schedule.is_suspended,
                labels=self._props.labels,
                waits_for=self._needs,
            ),
        )

    def _pod(self, key: str, container: ContainerProps, placement: Placement, *, drain_s: int) -> PodProps:
        props = self._props
        return PodProps(
            service_account=props.name,
            labels=process_labels(props.name, key),
            container=container,
            before=props.before,
            volumes=props.volumes,
            placement=placement,
            drain_s=drain_s,
        )
