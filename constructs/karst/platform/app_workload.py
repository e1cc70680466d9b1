"""One workload of a deployment, from its declaration to what runs in a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cdktn import ITerraformDependable
from constructs import Construct

from karst.blueprint import Blueprint
from karst.cluster_names import ClusterNames
from karst.config.service_runtime import Health, ImageOrigin
from karst.config.types import GenerationState
from karst.derived.processes import RunningProcess, processes
from karst.derived.settings import environment
from karst.derived.workloads import Workload as Declared
from karst.gcp.node_pool import TAINT_KEY
from karst.kubernetes.container import ContainerProps, ContainerResources, Listener, SecretVariable
from karst.kubernetes.labels import common_labels
from karst.kubernetes.pod import Placement
from karst.kubernetes.privileges import OURS, UPSTREAM_SERVER, UPSTREAM_WORKER, Privileges
from karst.kubernetes.probes import Probes
from karst.kubernetes.workload import MigrationProps, Once, ProcessProps, Replicas, Schedule, Workload, WorkloadProps
from karst.platform.app_files import AppFiles
from karst.platform.app_network import reaches, receives
from karst.platform.app_scale import replicas

_POOL_LABEL = "cloud.google.com/gke-nodepool"
_LONGEST_PAUSE_S = 40
"""So long Google's load balancer may go on sending requests to a pod that is told to stop."""
_ONE_PATH_PATIENCE_S = 300
_ONCE_TIMEOUT_S = 900


@dataclass(frozen=True, kw_only=True)
class AppProps:
    """Which workload, in which generation."""

    blueprint: Blueprint
    generation: str
    declared: Declared
    waits_for: Sequence[ITerraformDependable]
    """The namespace, and the custom resources that pods mount."""
    starts_after: Sequence[ITerraformDependable] = ()
    """Programs that must have ended before its pods start."""


class App(Construct):
    """A declared service in a cluster: identity, files, network, migration, processes."""

    done: tuple[ITerraformDependable, ...]
    """The ends of those of its programs that run once."""
    stands: tuple[ITerraformDependable, ...]
    """Those that run until they are told to stop."""

    def __init__(self, scope: Construct, id: str, props: AppProps) -> None:
        super().__init__(scope, id)
        blueprint, declared = props.blueprint, props.declared
        self._props = props
        self._env = environment(blueprint, props.generation, declared)
        self._names = ClusterNames(of=blueprint.deployment, generation=props.generation)
        self._files = AppFiles(self, "files", blueprint, props.generation, declared, props.waits_for)
        running = processes(declared)
        workload = Workload(
            self,
            "workload",
            WorkloadProps(
                namespace=self._names.namespace(declared),
                name=declared.name,
                identity=blueprint.names.service_account(declared.name),
                labels=common_labels(blueprint.deployment.name),
                processes={one.key: self._process(one) for one in running},
                receives=receives(blueprint, self._names, declared),
                reaches=reaches(blueprint, self._names, declared),
                before=self._files.before,
                volumes=self._files.volumes,
                config_hash=self._files.config_hash,
                migration=self._migration(running),
                waits_for=[*props.waits_for, *self._files.maps],
                starts_after=props.starts_after,
            ),
        )
        self.done, self.stands = workload.done, workload.stands

    def _process(self, one: RunningProcess) -> ProcessProps:
        service = one.workload.service
        state = self._props.blueprint.deployment.generations[self._props.generation].state
        routes = service.routes
        is_routed = routes is not None and (
            one.key == routes.read_process or (one.key == routes.write_process and bool(routes.writes))
        )
        return ProcessProps(
            name=one.name,
            container=self._container(one),
            runs=self._runs(one, state),
            drain_s=one.process.drain_s,
            longest_request_s=service.timeouts.handler_s if one.is_server else 0,
            placement=self._placement(self._lasting(one.pool) if one.process.runs_once else one.pool),
            endpoint_group=self._names.endpoint_group(one.workload, one.key) if is_routed else None,
        )

    def _runs(self, one: RunningProcess, state: GenerationState) -> Replicas | Schedule | Once:
        if one.process.runs_once:
            return Once(timeout_s=_ONCE_TIMEOUT_S)
        if one.process.schedule is not None:
            return Schedule(cron=one.process.schedule, is_suspended=not one.is_awake(state))
        return replicas(self._props.blueprint.deployment, one, state)

    def _container(self, one: RunningProcess) -> ContainerProps:
        return ContainerProps(
            name=one.key,
            image=one.workload.image,
            command=one.process.command,
            resources=ContainerResources(
                cpu=one.resources.cpu,
                memory=one.resources.memory,
                memory_limit=one.resources.memory_limit or one.resources.memory,
            ),
            env={**self._files.env, **self._env},
            secret_env=self._secret_env(),
            mounts=self._files.mounts,
            listener=_listener(one),
            privileges=_privileges(one),
        )

    def _secret_env(self) -> Mapping[str, SecretVariable]:
        secrets = self._files.secrets
        if secrets is None or secrets.sync is None:
            return {}
        return {name: SecretVariable(secret=secrets.sync.name, key=name) for name in secrets.variables}

    def _migration(self, running: Sequence[RunningProcess]) -> MigrationProps | None:
        """It runs as the service's main process would, on machines that stay."""
        migrations = self._props.declared.service.migrations
        if migrations is None:
            return None
        main = next(one for one in running if one.name == self._props.declared.name)
        privileges = OURS if _is_ours(main) else UPSTREAM_WORKER
        container = replace(
            self._container(main),
            name="migrate",
            command=migrations.command,
            listener=None,
            privileges=privileges,
        )
        placement = self._placement(self._lasting(main.pool))
        return MigrationProps(container=container, timeout_s=migrations.timeout_s, placement=placement)

    def _lasting(self, pool: str) -> str:
        """This pool, or one whose machines are not taken away in the middle of a job."""
        pools = self._props.blueprint.deployment.gcp.pools
        lasting = [name for name, settings in sorted(pools.items()) if not settings.spot]
        return pool if not lasting or pool in lasting else lasting[0]

    def _placement(self, pool: str) -> Placement:
        deployment, names = self._props.blueprint.deployment, self._props.blueprint.names
        if pool not in deployment.gcp.pools:
            known = ", ".join(sorted(deployment.gcp.pools))
            raise ValueError(
                f"services.{self._props.declared.name}: there is no pool {pool!r}. Declare it under gcp.pools, or "
                f"write pool: with one of {known}"
            )
        name = names.pool(pool)
        return Placement(
            node_labels={_POOL_LABEL: name},
            tolerations={TAINT_KEY: name} if deployment.gcp.pools[pool].tainted else {},
        )


def _listener(one: RunningProcess) -> Listener | None:
    port, service = one.process.port, one.workload.service
    if port is None:
        return None
    if service.health is None:
        raise ValueError(
            f"services.{service.name}: health is missing in its declaration. Write the paths live and ready"
        )
    pause_s = min(_LONGEST_PAUSE_S, one.process.drain_s - service.timeouts.handler_s)
    return Listener(port=port, probes=_probes(service.health), pause_s=pause_s)


def _probes(health: Health) -> Probes:
    probes = Probes(live=health.live, ready=health.ready, startup=health.startup)
    return replace(probes, live_patience_s=_ONE_PATH_PATIENCE_S) if health.live == health.ready else probes


def _privileges(one: RunningProcess) -> Privileges:
    if _is_ours(one):
        return OURS
    return UPSTREAM_SERVER if one.is_server else UPSTREAM_WORKER


def _is_ours(one: RunningProcess) -> bool:
    return one.workload.service.image.source is ImageOrigin.KARST
