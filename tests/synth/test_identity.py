"""What identities promise."""

from __future__ import annotations

import pytest
from cdktn import TerraformStack

from karst.gcp.bucket import ExistingBucket
from karst.gcp.identity import (
    ProjectRole,
    WorkloadIdentity,
    WorkloadIdentityBinding,
    WorkloadIdentityBindingProps,
    WorkloadIdentityProps,
)
from tests.synth.support import only, resources, synth

EMAIL = "lab-info@lab-project.iam.gserviceaccount.com"


def identity(
    stack: TerraformStack, account_id: str = "lab-info", roles: tuple[ProjectRole, ...] = ()
) -> WorkloadIdentity:
    props = WorkloadIdentityProps(
        account_id=account_id, project="lab-project", description="Serves datastacks", project_roles=roles
    )
    return WorkloadIdentity(stack, "info", props)


def test_account_has_its_roles_and_no_key() -> None:
    document = synth(lambda stack: identity(stack, roles=(ProjectRole.CLOUD_SQL_CLIENT, ProjectRole.CLOUD_SQL_CLIENT)))
    account = only(document, "google_service_account")
    assert (account["account_id"], account["description"]) == ("lab-info", "Serves datastacks")
    member = only(document, "google_project_iam_member")
    assert (member["role"], member["member"]) == ("roles/cloudsql.client", f"serviceAccount:{EMAIL}")
    assert member["depends_on"] == ["google_service_account.info__account"]
    assert "google_service_account_key" not in document["resource"]


def test_address_is_known_before_anything_exists() -> None:
    emails: list[str] = []
    synth(lambda stack: emails.append(identity(stack).email))
    assert emails == [EMAIL]


def test_grants_in_the_same_stack_wait_for_the_account() -> None:
    document = synth(lambda stack: ExistingBucket(stack, "images", "lab-images").grant_read(identity(stack)))
    assert only(document, "google_storage_bucket_iam_member")["depends_on"] == ["google_service_account.info__account"]


def test_signing_reaches_the_account_itself_only() -> None:
    document = synth(lambda stack: identity(stack).grant_signing())
    member = only(document, "google_service_account_iam_member")
    assert member["service_account_id"] == f"projects/lab-project/serviceAccounts/{EMAIL}"
    assert (member["role"], member["member"]) == ("roles/iam.serviceAccountTokenCreator", f"serviceAccount:{EMAIL}")


def test_a_deployer_may_act_as_this_account_only() -> None:
    deployer = "deployer@lab-project.iam.gserviceaccount.com"
    document = synth(lambda stack: identity(stack).grant_act_as(deployer))
    member = only(document, "google_service_account_iam_member")
    assert (member["role"], member["member"]) == ("roles/iam.serviceAccountUser", f"serviceAccount:{deployer}")
    assert resources(document, "google_project_iam_member") == {}


def test_pods_act_as_the_account_by_their_own() -> None:
    def build(stack: TerraformStack) -> None:
        WorkloadIdentityBinding(
            stack,
            "info",
            WorkloadIdentityBindingProps(
                account_email=EMAIL,
                project="lab-project",
                cluster_project="cluster-project",
                namespace="karst",
                kubernetes_service_account="info",
            ),
        )

    member = only(synth(build), "google_service_account_iam_member")
    assert member == {
        "service_account_id": f"projects/lab-project/serviceAccounts/{EMAIL}",
        "role": "roles/iam.workloadIdentityUser",
        "member": "serviceAccount:cluster-project.svc.id.goog[karst/info]",
    }


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ("roles/editor", "^roles/editor opens the whole project: grant what is needed on the resource itself instead$"),
        ("roles/cloudsql.admin", "^roles/cloudsql.admin administers the whole project: no workload may hold it$"),
        ("roles/storage.objectAdmin", "^roles/storage.objectAdmin administers the whole project"),
        ("roles/storage.objectUser", "^roles/storage.objectUser is not granted on whole projects: use a grant_"),
    ],
)
def test_roles_outside_the_list_are_refused(role: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ProjectRole(role)


@pytest.mark.parametrize("role", list(ProjectRole))
def test_no_listed_role_administers(role: ProjectRole) -> None:
    assert "admin" not in role.value.lower()
    assert role.value not in {"roles/owner", "roles/editor", "roles/viewer"}


@pytest.mark.parametrize("account_id", ["x-pcg", "a" * 31, "Lab-info", "lab-info-", "1lab-info"])
def test_ids_the_cloud_refuses(account_id: str) -> None:
    with pytest.raises(ValueError, match="must have 6-30 lower-case letters"):
        synth(lambda stack: identity(stack, account_id))
