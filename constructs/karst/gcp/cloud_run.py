"""A service that runs without a cluster: Cloud Run starts as many instances of an image as requests need."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktn import ITerraformDependable
from cdktn_provider_google.cloud_run_v2_service import (
    CloudRunV2Service,
    CloudRunV2ServiceTemplate,
    CloudRunV2ServiceTemplateContainers,
    CloudRunV2ServiceTemplateContainersEnv,
    CloudRunV2ServiceTemplateContainersEnvValueSource,
    CloudRunV2ServiceTemplateContainersEnvValueSourceSecretKeyRef,
    CloudRunV2ServiceTemplateContainersLivenessProbe,
    CloudRunV2ServiceTemplateContainersLivenessProbeHttpGet,
    CloudRunV2ServiceTemplateContainersPorts,
    CloudRunV2ServiceTemplateContainersResources,
    CloudRunV2ServiceTemplateContainersStartupProbe,
    CloudRunV2ServiceTemplateContainersStartupProbeHttpGet,
    CloudRunV2ServiceTemplateContainersVolumeMounts,
    CloudRunV2ServiceTemplateScaling,
    CloudRunV2ServiceTemplateVolumes,
    CloudRunV2ServiceTemplateVolumesGcs,
    CloudRunV2ServiceTemplateVolumesSecret,
    CloudRunV2ServiceTemplateVolumesSecretItems,
    CloudRunV2ServiceTemplateVpcAccess,
    CloudRunV2ServiceTemplateVpcAccessNetworkInterfaces,
)
from cdktn_provider_google.cloud_run_v2_service_iam_member import CloudRunV2ServiceIamMember
from constructs import Construct

from karst.gcp.environment import SecretFile, SecretRef, check_image, check_literals, check_names
from karst.gcp.members import Grantee, email_of, grant_id, member_of, needs_of
from karst.gcp.reasons import require_reason

_RUN_NAME = re.compile(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class PublicIngress:
    """Requests reach the service without a Google identity; it asks for its own tokens."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class VpcEgress:
    """The network that requests to private addresses leave through; others go straight to the internet."""

    network: str
    subnetwork: str


@dataclass(frozen=True, kw_only=True)
class MountedBucket:
    """A bucket whose objects the program reads as files below `directory`; it sees changes within a minute."""

    bucket: str
    directory: str


@dataclass(frozen=True, kw_only=True)
class RunResources:
    """What one container may use."""

    cpu: str = "1"
    """Whole CPUs for more than one request at a time: `1`, `2`, `4` or `8`."""
    memory_mib: int = 512


@dataclass(frozen=True, kw_only=True)
class RunHealth:
    """Paths that answer 200 without a token, and how long a start may take."""

    startup_path: str = "/health/ready"
    liveness_path: str = "/health/live"
    startup_s: int = 60
    """An instance that is not ready by then is given up; at most 240."""


@dataclass(frozen=True, kw_only=True)
class RunServiceProps:
    """What runs, as whom, with what settings, and how much of it."""

    name: str
    project: str
    location: str
    image: str
    """With a tag that never moves, or a digest."""
    identity: Grantee
    """The service's own account, shared with nothing else."""
    env: Mapping[str, str] = field(default_factory=dict)
    secret_env: Mapping[str, SecretRef] = field(default_factory=dict)
    secret_files: Mapping[str, SecretFile] = field(default_factory=dict)
    """By a short stable name, which names the volume."""
    buckets: Mapping[str, MountedBucket] = field(default_factory=dict)
    """By a short stable name, which names the volume. Read only."""
    resources: RunResources = field(default_factory=RunResources)
    health: RunHealth = field(default_factory=RunHealth)
    port: int = 8080
    min_instances: int = 0
    """Kept warm, and paid for, when nobody asks."""
    max_instances: int = 10
    concurrency: int = 80
    """Requests one instance handles at a time; 1 to 1000."""
    timeout_s: int = 300
    """Longest a request may take, streaming included; at most 3600."""
    egress: VpcEgress | None = None
    public_ingress: PublicIngress | None = None
    command: Sequence[str] = ()
    args: Sequence[str] = ()
    waits_for: Sequence[ITerraformDependable] = ()
    """What the first start needs and the same stack makes, such as an object in a mounted bucket."""


class RunService(Construct):
    """One service on Cloud Run.

    Promises: reached only through the deployment's load balancer and from inside the project, never by the address that
    Cloud Run would give it; runs as its own account; HTTP/2 in clear text from end to end, so answers of more than 32
    MiB pass; an instance gets requests only once it says that it is ready, and is replaced when it no longer answers.
    Raises `ValueError` for a setting that looks like a secret and for an image by `latest` or without a tag.
    """

    name: str

    def __init__(self, scope: Construct, id: str, props: RunServiceProps) -> None:
        super().__init__(scope, id)
        _check(props)
        self.name = props.name
        self._props = props
        self._service: ITerraformDependable = CloudRunV2Service(
            self,
            "service",
            name=props.name,
            project=props.project,
            location=props.location,
            ingress="INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            default_uri_disabled=True,
            # It holds nothing that deleting could lose, and its own switch would make a removal two deployments.
            deletion_protection=False,
            template=CloudRunV2ServiceTemplate(
                service_account=email_of(props.identity),
                execution_environment="EXECUTION_ENVIRONMENT_GEN2",
                timeout=f"{props.timeout_s}s",
                max_instance_request_concurrency=props.concurrency,
                scaling=CloudRunV2ServiceTemplateScaling(
                    min_instance_count=props.min_instances, max_instance_count=props.max_instances
                ),
                containers=[_container(props)],
                volumes=[*_volumes(props.secret_files), *_bucket_volumes(props.buckets)],
                vpc_access=_vpc_access(props.egress),
            ),
            depends_on=[*props.waits_for, *needs_of(props.identity)],
        )
        if props.public_ingress is not None:
            self._grant("public", "allUsers", [])

    def grant_invoke(self, grantee: Grantee) -> None:
        """Let `grantee` call the service with an identity token."""
        self._grant(grant_id("invoke", grantee), member_of(grantee), needs_of(grantee))

    def _grant(self, id: str, member: str, needs: list[ITerraformDependable]) -> None:
        CloudRunV2ServiceIamMember(
            self,
            id,
            project=self._props.project,
            location=self._props.location,
            name=self.name,
            role="roles/run.invoker",
            member=member,
            depends_on=[self._service, *needs],
        )


def check_run_name(name: str) -> None:
    """Refuse what Cloud Run would not take as the name of a service or a job."""
    if not _RUN_NAME.fullmatch(name):
        raise ValueError(
            f"Cloud Run name {name!r} must have 1-49 lower-case letters, digits and hyphens, begin with a letter and "
            "not end with a hyphen"
        )


def _check(props: RunServiceProps) -> None:
    check_run_name(props.name)
    check_image(props.name, props.image)
    check_names(props.name, props.env, props.secret_env)
    check_literals(props.name, props.env)
    if props.public_ingress is not None:
        require_reason(f"public ingress of {props.name!r}", props.public_ingress.reason)
    for what, value, low, high in (
        ("concurrency", props.concurrency, 1, 1000),
        ("timeout_s", props.timeout_s, 1, 3600),
        ("startup_s", props.health.startup_s, 5, 240),
        ("max_instances", props.max_instances, 1, 1000),
        ("min_instances", props.min_instances, 0, props.max_instances),
    ):
        if not low <= value <= high:
            raise ValueError(f"{props.name}: {what} must be from {low} to {high}, not {value}")


def _container(props: RunServiceProps) -> CloudRunV2ServiceTemplateContainers:
    return CloudRunV2ServiceTemplateContainers(
        image=props.image,
        command=list(props.command) or None,
        args=list(props.args) or None,
        # The name is what asks Cloud Run for HTTP/2 all the way into the container.
        ports=CloudRunV2ServiceTemplateContainersPorts(name="h2c", container_port=props.port),
        env=_env(props),
        resources=CloudRunV2ServiceTemplateContainersResources(
            limits={"cpu": props.resources.cpu, "memory": f"{props.resources.memory_mib}Mi"},
            cpu_idle=True,
            startup_cpu_boost=True,
        ),
        startup_probe=CloudRunV2ServiceTemplateContainersStartupProbe(
            http_get=CloudRunV2ServiceTemplateContainersStartupProbeHttpGet(
                path=props.health.startup_path, port=props.port
            ),
            period_seconds=5,
            timeout_seconds=4,
            failure_threshold=-(-props.health.startup_s // 5),
        ),
        liveness_probe=CloudRunV2ServiceTemplateContainersLivenessProbe(
            http_get=CloudRunV2ServiceTemplateContainersLivenessProbeHttpGet(
                path=props.health.liveness_path, port=props.port
            ),
            period_seconds=15,
            timeout_seconds=5,
            failure_threshold=4,
        ),
        volume_mounts=[
            CloudRunV2ServiceTemplateContainersVolumeMounts(name=name, mount_path=file.directory)
            for name, file in sorted(props.secret_files.items())
        ]
        + [
            CloudRunV2ServiceTemplateContainersVolumeMounts(name=name, mount_path=mount.directory)
            for name, mount in sorted(props.buckets.items())
        ],
    )


def _env(props: RunServiceProps) -> list[CloudRunV2ServiceTemplateContainersEnv]:
    variables = {
        name: CloudRunV2ServiceTemplateContainersEnv(name=name, value=value) for name, value in props.env.items()
    }
    for name, ref in props.secret_env.items():
        variables[name] = CloudRunV2ServiceTemplateContainersEnv(
            name=name,
            value_source=CloudRunV2ServiceTemplateContainersEnvValueSource(
                secret_key_ref=CloudRunV2ServiceTemplateContainersEnvValueSourceSecretKeyRef(
                    secret=ref.secret, version=ref.version
                )
            ),
        )
    return [variable for _, variable in sorted(variables.items())]


def _volumes(files: Mapping[str, SecretFile]) -> list[CloudRunV2ServiceTemplateVolumes]:
    return [
        CloudRunV2ServiceTemplateVolumes(
            name=name,
            secret=CloudRunV2ServiceTemplateVolumesSecret(
                secret=file.ref.secret,
                items=[CloudRunV2ServiceTemplateVolumesSecretItems(path=file.file_name, version=file.ref.version)],
            ),
        )
        for name, file in sorted(files.items())
    ]


def _bucket_volumes(buckets: Mapping[str, MountedBucket]) -> list[CloudRunV2ServiceTemplateVolumes]:
    return [
        CloudRunV2ServiceTemplateVolumes(
            name=name, gcs=CloudRunV2ServiceTemplateVolumesGcs(bucket=mount.bucket, read_only=True)
        )
        for name, mount in sorted(buckets.items())
    ]


def _vpc_access(egress: VpcEgress | None) -> CloudRunV2ServiceTemplateVpcAccess | None:
    if egress is None:
        return None
    interface = CloudRunV2ServiceTemplateVpcAccessNetworkInterfaces(
        network=egress.network, subnetwork=egress.subnetwork
    )
    return CloudRunV2ServiceTemplateVpcAccess(egress="PRIVATE_RANGES_ONLY", network_interfaces=[interface])
