"""Who may plan and deploy: tokens of GitHub's jobs against the conditions that Google holds them to."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from karst.config.ci import Ci
from karst.derived.workflow_trust import Trust, trusts
from karst.naming import DEPLOY, PLAN
from tests.derived.workers import deployment

REPOSITORY = "lab/karst-environments"
CI = {"repository": REPOSITORY, "repository_id": "412345678", "environment": "production"}
PUSH = {
    "repository": REPOSITORY,
    "repository_id": "412345678",
    "ref": "refs/heads/main",
    "event_name": "push",
    "base_ref": "",
}
DEPLOYING = {**PUSH, "environment": "production"}
PULL = {**PUSH, "ref": "refs/pull/7/merge", "event_name": "pull_request", "base_ref": "main"}


def of(account: str, **ci: object) -> Trust:
    (found,) = (one for one in trusts(deployment(ci={**CI, **ci})) if one.account == account)
    return found


def lets_in(trust: Trust, claims: dict[str, str]) -> bool:
    """Evaluate a condition as Google does: what names a claim that is absent is an error, and lets nobody in."""
    code = re.sub(r"assertion\.(\w+)", r"claims['\1']", trust.condition).replace("&&", "and").replace("||", "or")
    assert not re.search(r"[^\w\s()\[\]'=,./-]", code), code
    try:
        return bool(eval(code, {"claims": claims}))
    except KeyError:
        return False


@pytest.mark.parametrize(
    ("claims", "may"),
    [
        (DEPLOYING, {PLAN, DEPLOY}),
        ({**DEPLOYING, "event_name": "workflow_dispatch"}, {PLAN, DEPLOY}),
        (PUSH, {PLAN}),
        ({**PUSH, "event_name": "schedule"}, {PLAN}),
        (PULL, {PLAN}),
        ({**PULL, "environment": "production"}, {PLAN}),
        ({**PULL, "base_ref": "other"}, set()),
        ({**DEPLOYING, "ref": "refs/heads/other"}, set()),
        ({**DEPLOYING, "ref": "refs/tags/main"}, set()),
        ({**DEPLOYING, "environment": "staging"}, {PLAN}),
        ({**DEPLOYING, "event_name": "pull_request_target"}, set()),
        ({**DEPLOYING, "event_name": "workflow_run"}, set()),
        ({**DEPLOYING, "repository": "somebody/karst-environments"}, set()),
        ({**DEPLOYING, "repository_id": "9"}, set()),
        ({**PULL, "repository": "lab/karst-environments2"}, set()),
        ({}, set()),
    ],
)
def test_only_the_repository_gets_in_and_deploys_only_from_its_branch_and_environment(
    claims: dict[str, str], may: set[str]
) -> None:
    assert {account for account in (PLAN, DEPLOY) if lets_in(of(account), claims)} == may


def test_each_account_has_a_pool_of_its_own() -> None:
    place = "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools"
    assert of(PLAN).member == f"{place}/api-plan/attribute.repository/{REPOSITORY}"
    assert of(DEPLOY).member == f"{place}/api-deploy/attribute.environment/production"


def test_the_environment_is_called_like_the_deployment_unless_it_says_otherwise() -> None:
    assert "assertion.environment == 'api'" in of(DEPLOY, environment=None).condition
    assert "repository_id" not in of(DEPLOY, repository_id=None).condition


def test_nobody_is_trusted_without_a_repository() -> None:
    assert trusts(deployment()) == ()


@pytest.mark.parametrize(
    "bad",
    [
        {"repository": "lab"},
        {"repository": "lab/x' || true || '"},
        {"repository": "*/*"},
        {"repository": "lab/karst/environments"},
        {"repository": "-lab/x"},
        {"branch": "main' || assertion.ref != '"},
        {"branch": "refs/heads/*"},
        {"branch": "refs/heads/main"},
        {"environment": "prod'"},
        {"environment": ""},
        {"repository_id": "0"},
        {"repository_id": "1 || true"},
        {"repository": f"lab/{'r' * 90}", "environment": "e" * 50},
    ],
)
def test_nothing_that_could_widen_a_condition_is_taken(bad: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Ci.model_validate({**CI, **bad})
