"""The steps of one deployment, in the order in which each finds what it needs."""

from __future__ import annotations

from karst.bootstrap.bucket import BucketWish, StateBucket
from karst.bootstrap.identities import Account, AccountWish, Pool, Provider
from karst.bootstrap.plan_role import PlanRole
from karst.bootstrap.policy import Grants, of_account, of_bucket, of_project
from karst.bootstrap.project import FirstApis, Permissions
from karst.bootstrap.rights import Binding, plan_role, project_bindings, state_bindings, to_bootstrap, to_plan
from karst.bootstrap.step import Step
from karst.config.deployment import Deployment
from karst.derived.workflow_trust import Trust, trusts
from karst.google.client import GoogleApi
from karst.naming import DEPLOY, PLAN, Names
from karst.project_facts import FIRST_APIS

_DOES = {PLAN: "Plans changes, for workflows", DEPLOY: "Deploys what was approved, for workflows"}
_MAY_ACT = "roles/iam.workloadIdentityUser"


def steps_of(api: GoogleApi, deployment: Deployment) -> tuple[Step, ...]:
    """What bootstrap looks after, first things first."""
    gcp = deployment.gcp
    first: tuple[Step, ...] = (
        FirstApis(api, gcp.project, gcp.project_number, FIRST_APIS),
        Permissions(api, gcp.project, to_bootstrap(deployment)),
    )
    return (*first, *_state(api, deployment), *workflow_steps(api, deployment))


def _state(api: GoogleApi, deployment: Deployment) -> tuple[Step, ...]:
    if deployment.state is None:
        return ()
    gcp = deployment.gcp
    wish = BucketWish(
        name=deployment.state.bucket,
        project=gcp.project,
        project_number=gcp.project_number,
        location=gcp.region,
        labels=deployment.labels,
    )
    return (StateBucket(api, wish),)


def workflow_steps(api: GoogleApi, deployment: Deployment) -> tuple[Step, ...]:
    """The identities of workflows, and what they may do; none without a repository."""
    every = trusts(deployment)
    if not every:
        return ()
    project = deployment.gcp.project
    accounts = tuple(step for trust in every for step in _identity(api, deployment, trust))
    role = PlanRole(api, project, plan_role(deployment), to_plan(deployment))
    grants = [Grants(of_project(api, project), project_bindings(deployment), api)]
    if deployment.state is not None:
        grants.append(Grants(of_bucket(api, deployment.state.bucket), state_bindings(deployment), api))
    return (*accounts, role, *grants)


def _identity(api: GoogleApi, deployment: Deployment, trust: Trust) -> tuple[Step, ...]:
    names, project, account = Names(deployment), deployment.gcp.project, trust.account
    email = names.service_account(account)
    wish = AccountWish(account_id=names.service_account_id(account), email=email, project=project, does=_DOES[account])
    return (
        Account(api, wish),
        Pool(api, names.identity_pool_path(account), _DOES[account]),
        Provider(api, names.identity_provider_path(account), trust),
        Grants(of_account(api, project, email), (Binding(role=_MAY_ACT, member=trust.member),), api),
    )
