"""As whom workflows of a repository may start programs: the accounts that Google runs something as, no others."""

from __future__ import annotations

from tests.derived.workers import deployment
from tests.synthesis.running import WEB, foundation, workload
from tests.synthesis.support import bodies

ROLE = "roles/iam.serviceAccountUser"


def acted_as(**keys: object) -> dict[str, str]:
    stack = foundation(deployment(**keys), [workload("other", processes={"web": WEB})])
    grants = [body for body in bodies([stack], "google_service_account_iam_member") if body["role"] == ROLE]
    return {str(body["service_account_id"]).rpartition("/")[2].partition("@")[0]: body["member"] for body in grants}


def test_whoever_deploys_acts_as_the_machines_and_the_builder_and_as_no_workload_of_the_cluster() -> None:
    deployer = "serviceAccount:api-deploy@lab-cave.iam.gserviceaccount.com"
    assert acted_as(ci={"repository": "lab/environments"}) == {"api-nodes": deployer, "api-builder": deployer}


def test_nobody_does_without_a_repository() -> None:
    assert acted_as() == {}
