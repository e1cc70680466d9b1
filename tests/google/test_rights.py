"""Permissions and roles are those of what the stacks declare: no type is forgotten, none is left over."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest

from karst.bootstrap.rights import (
    FIRST,
    FIRST_WITH_CI,
    granted_roles,
    project_bindings,
    rights_of,
    to_bootstrap,
    to_deploy,
    to_plan,
)
from karst.bootstrap.rights_table import RIGHTS
from karst.config.loader import load_environments
from karst.naming import DEPLOY, PLAN, Names
from tests.examples import ENVIRONMENTS, ExampleStack
from tests.google.support import deployment

EXAMPLES = load_environments(ENVIRONMENTS)
NOT_IN_A_PROJECT = {"billing_budget"}
"""Belongs to the bill, whose owner grants the right to it: the first step by hand."""
NO_CLOUD = {"terraform_data"}


def declared(examples: dict[str, ExampleStack], name: str) -> set[str]:
    """Types that a deployment's stacks declare, without `google_`."""
    mine = [stack for stack in examples.values() if stack.name == name or stack.name.startswith(f"{name}-")]
    kinds = {kind for stack in mine for kind in stack.content.get("resource", {})}
    return {kind.removeprefix("google_") for kind in kinds} - NO_CLOUD - NOT_IN_A_PROJECT


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_type_that_a_deployment_declares_has_its_rights(name: str, examples: dict[str, ExampleStack]) -> None:
    patterns = [pattern for right in rights_of(EXAMPLES[name].deployment.kinds) for pattern in right.types]
    kinds = declared(examples, name)
    assert kinds
    assert {kind for kind in kinds if not any(fnmatchcase(kind, pattern) for pattern in patterns)} == set()


def test_no_right_is_for_what_nothing_declares(examples: dict[str, ExampleStack]) -> None:
    for right in RIGHTS:
        users = [name for name, one in EXAMPLES.items() if one.deployment.kinds & right.kinds]
        kinds = set[str]().union(*(declared(examples, name) for name in users))
        unused = [pattern for pattern in right.types if not any(fnmatchcase(kind, pattern) for kind in kinds)]
        assert unused == [], right.role


def test_permissions_are_well_formed_and_stand_in_one_place() -> None:
    every = [one for right in RIGHTS for one in (*right.reads, *right.writes)]
    assert all(re.fullmatch(r"[a-z]+\.[A-Za-z]+(\.[A-Za-z]+)?", one) for one in (*every, *FIRST, *FIRST_WITH_CI))
    twice = {one for one in every if sum(one in right.writes for right in RIGHTS) > 1}
    assert twice == set()


def test_planning_reads_no_data_and_changes_nothing() -> None:
    verbs = {one.rpartition(".")[2] for one in to_plan(deployment())}
    assert verbs <= {"get", "list", "use", "getIamPolicy", "getMetadata", "getAuthString"}
    data = ("storage.objects", "bigquery.tables.getData", "datastore.entities", "bigtable.tables.readRows")
    assert [one for one in to_plan(deployment()) if one.startswith(data) or one.endswith("versions.access")] == []
    assert "serviceusage.services.use" in to_plan(deployment())


def test_deploying_is_planning_and_more() -> None:
    assert set(to_plan(deployment())) < set(to_deploy(deployment()))


def test_clio_alone_needs_no_rights_over_clusters() -> None:
    clio = deployment(kinds=["clio"])
    assert not [one for one in to_deploy(clio) if one.startswith(("container.", "cloudsql.", "redis.", "bigtable."))]
    roles = {one.role for one in project_bindings(clio)}
    assert not [role for role in roles if "container" in role or "gkehub" in role]


def test_no_account_of_workflows_holds_a_basic_role_or_may_become_others() -> None:
    for one in project_bindings(deployment()):
        assert one.role not in {"roles/owner", "roles/editor", "roles/viewer"}
        assert "serviceAccountUser" not in one.role
        assert "serviceAccountTokenCreator" not in one.role
        assert "serviceAccountKeyAdmin" not in one.role


def test_whoever_plans_holds_one_role_of_reading_and_sees_one_bucket() -> None:
    planner = f"serviceAccount:{Names(deployment()).service_account(PLAN)}"
    own, objects = [one for one in project_bindings(deployment()) if one.member == planner]
    assert own.role == "projects/lab-cave/roles/karst_plan_api"
    assert "projects/_/buckets/lab-cave-api-config" in objects.expression


def test_whoever_deploys_grants_only_what_stacks_grant(examples: dict[str, ExampleStack]) -> None:
    deployer = f"serviceAccount:{Names(deployment()).service_account(DEPLOY)}"
    (found,) = [one for one in project_bindings(deployment()) if one.role.endswith("projectIamAdmin")]
    assert found.member == deployer
    assert found.expression.startswith("api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly([")
    listed = set(re.findall(r"'(roles/[\w.]+|projects/[\w/.-]+)'", found.expression))
    assert listed == set(granted_roles(deployment()))
    assert len(listed) <= 10, "Google takes ten"
    granted = {
        body["role"]
        for stack in examples.values()
        for body in stack.content.get("resource", {}).get("google_project_iam_member", {}).values()
        if not body["role"].startswith("${")
    }
    assert granted <= listed


def test_bootstrap_asks_for_less_without_a_repository() -> None:
    assert set(to_bootstrap(deployment(ci=None))) == set(FIRST)
    assert set(to_bootstrap(deployment())) == {*FIRST, *FIRST_WITH_CI}
