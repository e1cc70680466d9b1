"""Who a running program is to the cloud: one service account a workload, with no key that could leak."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cdktn import ITerraformDependable
from cdktn_provider_google.project_iam_member import ProjectIamMember
from cdktn_provider_google.service_account import ServiceAccount
from cdktn_provider_google.service_account_iam_member import ServiceAccountIamMember
from constructs import Construct

from karst.gcp.members import Grantee, email_of, grant_id, member_of, needs_of
from karst.project_facts import ProjectRole

_ACCOUNT_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")


@dataclass(frozen=True, kw_only=True)
class WorkloadIdentityProps:
    """The account of one workload."""

    account_id: str
    """6-30 lower-case letters, digits and hyphens, beginning with a letter; a new id is a new account."""
    project: str
    description: str
    """What the workload does, for whoever reads an audit log."""
    project_roles: Sequence[ProjectRole] = ()


class WorkloadIdentity(Construct):
    """The service account of one workload, and the few permissions that no single resource can give.

    Promises: no key, no basic or administrative role. The address is known before anything exists, so other stacks
    write it down instead of asking for it.
    """

    email: str
    dependable: ITerraformDependable

    def __init__(self, scope: Construct, id: str, props: WorkloadIdentityProps) -> None:
        super().__init__(scope, id)
        if not _ACCOUNT_ID.fullmatch(props.account_id):
            raise ValueError(
                f"service account id {props.account_id!r} must have 6-30 lower-case letters, digits and hyphens, begin "
                "with a letter and not end with a hyphen"
            )
        self.email = account_email(props.account_id, props.project)
        self._resource_name = account_resource_name(self.email, props.project)
        account = ServiceAccount(
            self,
            "account",
            account_id=props.account_id,
            project=props.project,
            display_name=props.account_id,
            description=props.description,
        )
        self.dependable = account
        for role in sorted({ProjectRole(role) for role in props.project_roles}):
            ProjectIamMember(
                self,
                f"project-{role.name.lower().replace('_', '-')}",
                project=props.project,
                role=role.value,
                member=member_of(self),
                depends_on=[account],
            )

    def grant_signing(self) -> None:
        """Let the workload sign as itself, which signed upload and download addresses need where there is no key."""
        self._grant("sign", self, "roles/iam.serviceAccountTokenCreator")

    def grant_act_as(self, grantee: Grantee) -> None:
        """Let `grantee`, a deployer, start programs that run as this account."""
        self._grant("act-as", grantee, "roles/iam.serviceAccountUser")

    def _grant(self, permission: str, grantee: Grantee, role: str) -> None:
        ServiceAccountIamMember(
            self,
            grant_id(permission, grantee),
            service_account_id=self._resource_name,
            role=role,
            member=member_of(grantee),
            depends_on=[self.dependable, *needs_of(grantee)],
        )


@dataclass(frozen=True, kw_only=True)
class WorkloadIdentityBindingProps:
    """Which Kubernetes service account becomes which service account of the cloud."""

    account_email: str
    project: str
    cluster_project: str
    """Its identity pool exists only once a first cluster with workload identity does."""
    namespace: str
    kubernetes_service_account: str
    wait_for: Sequence[ITerraformDependable] = ()
    """The cluster, where it stands in the same stack: without a first one there is no identity pool."""


class WorkloadIdentityBinding(Construct):
    """Lets the pods of one Kubernetes service account act as one service account of the cloud, without a key."""

    def __init__(self, scope: Construct, id: str, props: WorkloadIdentityBindingProps) -> None:
        super().__init__(scope, id)
        pod_identity = f"{props.namespace}/{props.kubernetes_service_account}"
        ServiceAccountIamMember(
            self,
            "member",
            service_account_id=account_resource_name(email_of(props.account_email), props.project),
            role="roles/iam.workloadIdentityUser",
            member=f"serviceAccount:{props.cluster_project}.svc.id.goog[{pod_identity}]",
            depends_on=list(props.wait_for) or None,
        )


def account_email(account_id: str, project: str) -> str:
    """Return the address of the account `account_id` of `project`, known before it exists."""
    return f"{account_id}@{project}.iam.gserviceaccount.com"


def account_resource_name(email: str, project: str) -> str:
    """Return the full name of an account, which its own access policy is written on."""
    return f"projects/{project}/serviceAccounts/{email}"
