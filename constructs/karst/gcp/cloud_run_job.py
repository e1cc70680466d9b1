"""Work that runs to its end without a cluster: a Cloud Run job, started by a person, a schedule or a deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktn import ITerraformDependable
from cdktn_provider_google.cloud_run_v2_job import (
    CloudRunV2Job,
    CloudRunV2JobTemplate,
    CloudRunV2JobTemplateTemplate,
    CloudRunV2JobTemplateTemplateContainers,
    CloudRunV2JobTemplateTemplateContainersEnv,
    CloudRunV2JobTemplateTemplateContainersEnvValueSource,
    CloudRunV2JobTemplateTemplateContainersEnvValueSourceSecretKeyRef,
    CloudRunV2JobTemplateTemplateContainersResources,
    CloudRunV2JobTemplateTemplateVpcAccess,
    CloudRunV2JobTemplateTemplateVpcAccessNetworkInterfaces,
)
from cdktn_provider_google.cloud_run_v2_job_iam_member import CloudRunV2JobIamMember
from constructs import Construct

from karst.gcp.cloud_run import RunResources, VpcEgress, check_run_name
from karst.gcp.environment import SecretRef, check_image, check_literals, check_names
from karst.gcp.members import Grantee, email_of, grant_id, member_of, needs_of

_LONGEST_TIMEOUT_S = 7 * 86_400


@dataclass(frozen=True, kw_only=True)
class RunJobProps:
    """What runs, as whom, with what settings, and how often it is tried."""

    name: str
    project: str
    location: str
    image: str
    """With a tag that never moves, or a digest."""
    identity: Grantee
    """The job's own account, shared with nothing else."""
    env: Mapping[str, str] = field(default_factory=dict)
    secret_env: Mapping[str, SecretRef] = field(default_factory=dict)
    resources: RunResources = field(default_factory=RunResources)
    timeout_s: int = 600
    """Longest one attempt may take; at most seven days."""
    max_retries: int = 0
    """Further attempts after a failure: only for work that may run twice."""
    tasks: int = 1
    """Copies that share the work; each is told its number."""
    egress: VpcEgress | None = None
    command: Sequence[str] = ()
    args: Sequence[str] = ()


class RunJob(Construct):
    """A job on Cloud Run. Declaring it runs nothing.

    Promises: it runs as its own account, and only those granted `run` may start it.
    Raises `ValueError` for a setting that looks like a secret and for an image by `latest` or without a tag.
    """

    name: str

    def __init__(self, scope: Construct, id: str, props: RunJobProps) -> None:
        super().__init__(scope, id)
        _check(props)
        self.name = props.name
        self._props = props
        self._job: ITerraformDependable = CloudRunV2Job(
            self,
            "job",
            name=props.name,
            project=props.project,
            location=props.location,
            # It holds nothing that deleting could lose, and its own switch would make a removal two deployments.
            deletion_protection=False,
            template=CloudRunV2JobTemplate(
                task_count=props.tasks,
                template=CloudRunV2JobTemplateTemplate(
                    service_account=email_of(props.identity),
                    execution_environment="EXECUTION_ENVIRONMENT_GEN2",
                    timeout=f"{props.timeout_s}s",
                    max_retries=props.max_retries,
                    containers=[_container(props)],
                    vpc_access=_vpc_access(props.egress),
                ),
            ),
            depends_on=needs_of(props.identity),
        )

    def grant_run(self, grantee: Grantee) -> None:
        """Let `grantee` start the job."""
        CloudRunV2JobIamMember(
            self,
            grant_id("run", grantee),
            project=self._props.project,
            location=self._props.location,
            name=self.name,
            role="roles/run.invoker",
            member=member_of(grantee),
            depends_on=[self._job, *needs_of(grantee)],
        )


def _check(props: RunJobProps) -> None:
    check_run_name(props.name)
    check_image(props.name, props.image)
    check_names(props.name, props.env, props.secret_env)
    check_literals(props.name, props.env)
    for what, value, low, high in (
        ("timeout_s", props.timeout_s, 1, _LONGEST_TIMEOUT_S),
        ("max_retries", props.max_retries, 0, 10),
        ("tasks", props.tasks, 1, 10_000),
    ):
        if not low <= value <= high:
            raise ValueError(f"{props.name}: {what} must be from {low} to {high}, not {value}")


def _container(props: RunJobProps) -> CloudRunV2JobTemplateTemplateContainers:
    return CloudRunV2JobTemplateTemplateContainers(
        image=props.image,
        command=list(props.command) or None,
        args=list(props.args) or None,
        env=_env(props),
        resources=CloudRunV2JobTemplateTemplateContainersResources(
            limits={"cpu": props.resources.cpu, "memory": f"{props.resources.memory_mib}Mi"}
        ),
    )


def _env(props: RunJobProps) -> list[CloudRunV2JobTemplateTemplateContainersEnv]:
    variables = {
        name: CloudRunV2JobTemplateTemplateContainersEnv(name=name, value=value) for name, value in props.env.items()
    }
    for name, ref in props.secret_env.items():
        variables[name] = CloudRunV2JobTemplateTemplateContainersEnv(
            name=name,
            value_source=CloudRunV2JobTemplateTemplateContainersEnvValueSource(
                secret_key_ref=CloudRunV2JobTemplateTemplateContainersEnvValueSourceSecretKeyRef(
                    secret=ref.secret, version=ref.version
                )
            ),
        )
    return [variable for _, variable in sorted(variables.items())]


def _vpc_access(egress: VpcEgress | None) -> CloudRunV2JobTemplateTemplateVpcAccess | None:
    if egress is None:
        return None
    interface = CloudRunV2JobTemplateTemplateVpcAccessNetworkInterfaces(
        network=egress.network, subnetwork=egress.subnetwork
    )
    return CloudRunV2JobTemplateTemplateVpcAccess(egress="PRIVATE_RANGES_ONLY", network_interfaces=[interface])
