"""What runs together on one node, described once for Deployments, Jobs and CronJobs, which `recast` it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cdktn_provider_kubernetes.deployment_v1 import (
    DeploymentV1SpecTemplateSpec,
    DeploymentV1SpecTemplateSpecSecurityContext,
    DeploymentV1SpecTemplateSpecSecurityContextSeccompProfile,
    DeploymentV1SpecTemplateSpecToleration,
    DeploymentV1SpecTemplateSpecTopologySpreadConstraint,
    DeploymentV1SpecTemplateSpecTopologySpreadConstraintLabelSelector,
    DeploymentV1SpecTemplateSpecVolume,
    DeploymentV1SpecTemplateSpecVolumeConfigMap,
    DeploymentV1SpecTemplateSpecVolumeCsi,
    DeploymentV1SpecTemplateSpecVolumeEmptyDir,
)

from karst.derived.secret_classes import CSI_DRIVER
from karst.kubernetes.container import ContainerProps, container, init_container

_ZONE, _HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


@dataclass(frozen=True, kw_only=True)
class ConfigVolume:
    """Files of a ConfigMap."""

    config_map: str


@dataclass(frozen=True, kw_only=True)
class SecretVolume:
    """Files with the values of a SecretProviderClass, fetched when the pod starts and again when they rotate."""

    provider_class: str


@dataclass(frozen=True, kw_only=True)
class ScratchVolume:
    """A folder that is empty when the pod starts and gone when it ends."""

    limit: str = "1Gi"
    is_memory: bool = False
    """Kept off every disk, as secrets must be; it counts as memory of the pod."""


Volume = ConfigVolume | SecretVolume | ScratchVolume


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The machines that a pod may run on."""

    node_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    tolerations: Mapping[str, str] = field(default_factory=dict[str, str])
    """Key of a taint to its value."""


@dataclass(frozen=True, kw_only=True)
class PodProps:
    """The containers of a pod and what they share. Raises `ValueError` for a mount of a volume that isn't there."""

    service_account: str
    labels: Mapping[str, str]
    """Select the pod; replicas with the same ones are spread over zones and nodes."""
    container: ContainerProps
    before: tuple[ContainerProps, ...] = ()
    """Run one after the other, to their end, before the container starts."""
    volumes: Mapping[str, Volume] = field(default_factory=dict[str, Volume])
    placement: Placement = field(default_factory=Placement)
    drain_s: int = 30
    """Seconds from the request to stop until it is killed."""

    def __post_init__(self) -> None:
        for one in (self.container, *self.before):
            unknown = sorted({mount.volume for mount in one.mounts} - self.volumes.keys())
            if unknown:
                raise ValueError(f"{one.name} mounts {unknown[0]!r}, which is no volume of its pod: declare it")


def pod_spec(props: PodProps, *, restarts: bool = True) -> DeploymentV1SpecTemplateSpec:
    """The pod. One that does not restart ends with its container, as jobs do, and needs no spreading."""
    user = props.container.privileges.user
    return DeploymentV1SpecTemplateSpec(
        service_account_name=props.service_account,
        # Workload identity needs no token of the cluster's, and nothing here speaks to the cluster.
        automount_service_account_token=False,
        enable_service_links=False,
        restart_policy="Always" if restarts else "Never",
        termination_grace_period_seconds=props.drain_s,
        init_container=[init_container(one) for one in props.before] or None,
        container=[container(props.container)],
        volume=[_volume(name, volume) for name, volume in sorted(props.volumes.items())] or None,
        node_selector=dict(sorted(props.placement.node_labels.items())) or None,
        toleration=[
            DeploymentV1SpecTemplateSpecToleration(key=key, operator="Equal", value=value, effect="NoSchedule")
            for key, value in sorted(props.placement.tolerations.items())
        ]
        or None,
        topology_spread_constraint=[_spread(key, props.labels) for key in (_ZONE, _HOST)] if restarts else None,
        security_context=DeploymentV1SpecTemplateSpecSecurityContext(
            run_as_non_root=user is not None,
            run_as_user=None if user is None else str(user),
            run_as_group=None if user is None else str(user),
            fs_group=None if user is None else str(user),
            seccomp_profile=DeploymentV1SpecTemplateSpecSecurityContextSeccompProfile(type="RuntimeDefault"),
        ),
    )


def _volume(name: str, volume: Volume) -> DeploymentV1SpecTemplateSpecVolume:
    match volume:
        case ConfigVolume():
            source = DeploymentV1SpecTemplateSpecVolumeConfigMap(name=volume.config_map)
            return DeploymentV1SpecTemplateSpecVolume(name=name, config_map=source)
        case SecretVolume():
            secrets = DeploymentV1SpecTemplateSpecVolumeCsi(
                driver=CSI_DRIVER,
                read_only=True,
                volume_attributes={"secretProviderClass": volume.provider_class},
            )
            return DeploymentV1SpecTemplateSpecVolume(name=name, csi=secrets)
        case ScratchVolume():
            scratch = DeploymentV1SpecTemplateSpecVolumeEmptyDir(
                medium="Memory" if volume.is_memory else None, size_limit=volume.limit
            )
            return DeploymentV1SpecTemplateSpecVolume(name=name, empty_dir=scratch)


def _spread(key: str, labels: Mapping[str, str]) -> DeploymentV1SpecTemplateSpecTopologySpreadConstraint:
    return DeploymentV1SpecTemplateSpecTopologySpreadConstraint(
        max_skew=1,
        topology_key=key,
        # A pool of one zone, or with one node left, must still run everything.
        when_unsatisfiable="ScheduleAnyway",
        label_selector=[
            DeploymentV1SpecTemplateSpecTopologySpreadConstraintLabelSelector(match_labels=dict(sorted(labels.items())))
        ],
    )
