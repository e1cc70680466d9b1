"""Which permissions and roles a deployment's planners and deployers need, from what its stacks declare."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from karst.bootstrap.rights_table import ALSO_DEPLOYS, ALSO_WRITES, RIGHTS, Right, each
from karst.config.deployment import Deployment
from karst.config.types import Kind
from karst.naming import DEPLOY, PLAN, Names, sql_transfer_role
from karst.project_facts import ProjectRole

_IAM_ADMIN = "roles/resourcemanager.projectIamAdmin"
_READ_OBJECTS = "roles/storage.objectViewer"

FIRST = (
    *each("serviceusage.services", "get", "list", "enable"),
    *each("resourcemanager.projects", "get", "getIamPolicy", "setIamPolicy"),
    *each("storage.buckets", "create", "get", "update", "getIamPolicy", "setIamPolicy"),
    "storage.objects.list",
)
"""What `karst bootstrap` needs itself, always."""

FIRST_WITH_CI = (
    *each("iam.serviceAccounts", "create", "get", "getIamPolicy", "setIamPolicy"),
    *each("iam.roles", "create", "get", "update"),
    *each("iam.workloadIdentityPools", "create", "get"),
    *each("iam.workloadIdentityPoolProviders", "create", "get", "update"),
)
"""And with identities for workflows."""


@dataclass(frozen=True, kw_only=True, order=True)
class Binding:
    """One member's hold on one role, perhaps under a condition."""

    role: str
    member: str
    title: str = ""
    """Of the condition; empty without one."""
    expression: str = ""

    def __str__(self) -> str:
        return f"{self.role}{f' ({self.title})' if self.title else ''}"


def rights_of(kinds: Iterable[Kind]) -> tuple[Right, ...]:
    """What deployments of these kinds declare."""
    chosen = frozenset(kinds)
    return tuple(right for right in RIGHTS if right.kinds & chosen)


def to_plan(deployment: Deployment) -> tuple[str, ...]:
    """Permissions in the project that a plan needs; none of them reads what people keep."""
    return _unique(one for right in rights_of(deployment.kinds) for one in right.reads)


def to_deploy(deployment: Deployment) -> tuple[str, ...]:
    """Permissions in the project that a deployment needs."""
    writes = (one for right in rights_of(deployment.kinds) for one in right.writes)
    return _unique((*to_plan(deployment), *writes, *ALSO_WRITES))


def to_bootstrap(deployment: Deployment) -> tuple[str, ...]:
    """Permissions in the project that `karst bootstrap` needs."""
    return _unique((*FIRST, *(FIRST_WITH_CI if deployment.ci else ())))


def role_with(permission: str) -> str:
    """One of Google's roles that has a permission, of those that deploying takes."""
    found = next((one for one in RIGHTS if permission in (*one.reads, *one.writes)), None)
    if found is not None:
        return found.role
    if permission in ALSO_WRITES:
        return "roles/cloudbuild.builds.editor"
    return "roles/iam.workloadIdentityPoolAdmin" if "workloadIdentity" in permission else "roles/iam.roleAdmin"


def granted_roles(deployment: Deployment) -> tuple[str, ...]:
    """The only roles in the project that a deployment grants to its own accounts."""
    names = Names(deployment)
    own = f"projects/{deployment.gcp.project}/roles/{sql_transfer_role(names.sql_instance)}"
    return (*sorted(role.value for role in ProjectRole), *((own,) if Kind.LOCAL in deployment.kinds else ()))


def plan_role(deployment: Deployment) -> str:
    """Id of the project's own role for planning."""
    return f"karst_plan_{deployment.name}".replace("-", "_")


def project_bindings(deployment: Deployment) -> tuple[Binding, ...]:
    """What the accounts of workflows hold in the project."""
    names, project = Names(deployment), deployment.gcp.project
    planner = f"serviceAccount:{names.service_account(PLAN)}"
    deployer = f"serviceAccount:{names.service_account(DEPLOY)}"
    roles = {right.role for right in rights_of(deployment.kinds)} - {_IAM_ADMIN}
    roles |= {role for role, kinds in ALSO_DEPLOYS.items() if kinds & deployment.kinds}
    bucket = names.bucket("config")
    return (
        Binding(role=f"projects/{project}/roles/{plan_role(deployment)}", member=planner),
        Binding(
            role=_READ_OBJECTS,
            member=planner,
            title="only the configuration of services",
            expression=f"resource.name == 'projects/_/buckets/{bucket}' || "
            f"resource.name.startsWith('projects/_/buckets/{bucket}/objects/')",
        ),
        *(Binding(role=role, member=deployer) for role in sorted(roles)),
        Binding(
            role=_IAM_ADMIN,
            member=deployer,
            title="only roles that stacks grant",
            expression="api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(["
            + ", ".join(f"'{role}'" for role in granted_roles(deployment))
            + "])",
        ),
    )


def state_bindings(deployment: Deployment) -> tuple[Binding, ...]:
    """What they hold on the bucket of states."""
    names = Names(deployment)
    return (
        Binding(role=_READ_OBJECTS, member=f"serviceAccount:{names.service_account(PLAN)}"),
        Binding(role="roles/storage.objectUser", member=f"serviceAccount:{names.service_account(DEPLOY)}"),
    )


def _unique(permissions: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(permissions)))
