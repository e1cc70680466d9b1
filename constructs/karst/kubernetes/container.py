"""One program in a pod: its image, what it is told, what it may use, what it may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cdktn_provider_kubernetes.deployment_v1 import (
    DeploymentV1SpecTemplateSpecContainer,
    DeploymentV1SpecTemplateSpecContainerEnv,
    DeploymentV1SpecTemplateSpecContainerEnvValueFrom,
    DeploymentV1SpecTemplateSpecContainerEnvValueFromSecretKeyRef,
    DeploymentV1SpecTemplateSpecContainerLifecycle,
    DeploymentV1SpecTemplateSpecContainerLifecyclePreStop,
    DeploymentV1SpecTemplateSpecContainerLifecyclePreStopExec,
    DeploymentV1SpecTemplateSpecContainerPort,
    DeploymentV1SpecTemplateSpecContainerResources,
    DeploymentV1SpecTemplateSpecContainerSecurityContext,
    DeploymentV1SpecTemplateSpecContainerSecurityContextCapabilities,
    DeploymentV1SpecTemplateSpecContainerSecurityContextSeccompProfile,
    DeploymentV1SpecTemplateSpecContainerVolumeMount,
    DeploymentV1SpecTemplateSpecInitContainer,
)

from karst.gcp.environment import check_image, check_literals
from karst.kubernetes.literal import literal, variable
from karst.kubernetes.privileges import OURS, Privileges
from karst.kubernetes.probes import Probes
from karst.kubernetes.recast import recast

PORT_NAME = "http"


@dataclass(frozen=True, kw_only=True)
class ContainerResources:
    """What one replica gets. There is no limit of processor time: a throttled server answers late."""

    cpu: str
    """Reserved: `250m` is a quarter of a core."""
    memory: str
    """Reserved: `512Mi`."""
    memory_limit: str
    """Killed beyond it."""


@dataclass(frozen=True, kw_only=True)
class SecretVariable:
    """A key of a Kubernetes secret, for programs that read nothing but their environment."""

    secret: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A volume of the pod, or one file of it, at a path of the container."""

    volume: str
    path: str
    file: str | None = None
    """Only this file of the volume. It keeps what it held at the start of the pod, whatever becomes of the volume."""
    is_writable: bool = False


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Where a container answers HTTP, and how it is asked how it is."""

    port: int
    probes: Probes
    pause_s: int = 10
    """Keeps serving so long after it was told to stop, until nobody sends requests any more."""


@dataclass(frozen=True, kw_only=True)
class ContainerProps:
    """One program. Raises `ValueError` for a moving image, and for a setting that looks like a secret."""

    name: str
    image: str
    """With a tag that never moves, or a digest."""
    resources: ContainerResources
    command: tuple[str, ...] = ()
    """Program and arguments; by default what the image starts. `$(NAME)` stands for a variable."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    secret_env: Mapping[str, SecretVariable] = field(default_factory=dict[str, SecretVariable])
    mounts: tuple[Mount, ...] = ()
    listener: Listener | None = None
    privileges: Privileges = OURS

    def __post_init__(self) -> None:
        check_image(self.name, self.image)
        check_literals(self.name, self.env)
        both = sorted(self.env.keys() & self.secret_env.keys())
        if both:
            raise ValueError(f"{self.name}: {', '.join(both)} given both as a setting and as a secret: keep one")
        paths = [mount.path for mount in self.mounts]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            raise ValueError(f"{self.name}: two things are mounted at {twice[0]}: give one of them another path")


def container(props: ContainerProps) -> DeploymentV1SpecTemplateSpecContainer:
    """The program as a container that runs as long as its pod."""
    listener = props.listener
    return DeploymentV1SpecTemplateSpecContainer(
        name=props.name,
        image=props.image,
        command=_command(props),
        env=_env(props),
        port=[DeploymentV1SpecTemplateSpecContainerPort(name=PORT_NAME, container_port=listener.port)]
        if listener
        else None,
        startup_probe=listener.probes.startup_probe(listener.port) if listener else None,
        liveness_probe=listener.probes.liveness_probe(listener.port) if listener else None,
        readiness_probe=listener.probes.readiness_probe(listener.port) if listener else None,
        lifecycle=_pause(listener.pause_s) if listener and listener.pause_s else None,
        resources=DeploymentV1SpecTemplateSpecContainerResources(
            requests=_requests(props.resources), limits=_limits(props.resources)
        ),
        security_context=DeploymentV1SpecTemplateSpecContainerSecurityContext(
            allow_privilege_escalation=False,
            privileged=False,
            read_only_root_filesystem=props.privileges.writable_root_because is None,
            run_as_non_root=props.privileges.user is not None,
            run_as_user=_user(props.privileges),
            run_as_group=_user(props.privileges),
            capabilities=DeploymentV1SpecTemplateSpecContainerSecurityContextCapabilities(
                drop=["ALL"], add=sorted(props.privileges.capabilities) or None
            ),
            seccomp_profile=DeploymentV1SpecTemplateSpecContainerSecurityContextSeccompProfile(type="RuntimeDefault"),
        ),
        volume_mount=[
            DeploymentV1SpecTemplateSpecContainerVolumeMount(
                name=mount.volume, mount_path=mount.path, sub_path=mount.file, read_only=not mount.is_writable
            )
            for mount in props.mounts
        ],
    )


def init_container(props: ContainerProps) -> DeploymentV1SpecTemplateSpecInitContainer:
    """The program as a container that runs once, and ends, before the others of its pod start."""
    if props.listener is not None or props.secret_env:
        raise ValueError(f"{props.name}: what runs before a pod answers nobody and reads secrets from files")
    return recast(container(props), DeploymentV1SpecTemplateSpecInitContainer)


def _command(props: ContainerProps) -> list[str] | None:
    return [literal(word) for word in props.command] or None


def _env(props: ContainerProps) -> list[DeploymentV1SpecTemplateSpecContainerEnv] | None:
    found = {
        name: DeploymentV1SpecTemplateSpecContainerEnv(name=name, value=variable(value))
        for name, value in props.env.items()
    }
    for name, source in props.secret_env.items():
        found[name] = DeploymentV1SpecTemplateSpecContainerEnv(
            name=name,
            value_from=DeploymentV1SpecTemplateSpecContainerEnvValueFrom(
                secret_key_ref=DeploymentV1SpecTemplateSpecContainerEnvValueFromSecretKeyRef(
                    name=source.secret, key=source.key
                )
            ),
        )
    return [one for _, one in sorted(found.items())] or None


def _pause(seconds: int) -> DeploymentV1SpecTemplateSpecContainerLifecycle:
    # A balancer goes on sending for some seconds, and nginx drops what it is in the middle of when told to stop.
    return DeploymentV1SpecTemplateSpecContainerLifecycle(
        pre_stop=[
            DeploymentV1SpecTemplateSpecContainerLifecyclePreStop(
                exec=DeploymentV1SpecTemplateSpecContainerLifecyclePreStopExec(command=["sleep", str(seconds)])
            )
        ]
    )


def _requests(resources: ContainerResources) -> dict[str, str]:
    return {"cpu": resources.cpu, "memory": resources.memory}


def _limits(resources: ContainerResources) -> dict[str, str]:
    return {"memory": resources.memory_limit}


def _user(privileges: Privileges) -> str | None:
    return None if privileges.user is None else str(privileges.user)
