"""A deployment's project: its APIs, who may do what in it, whether it has room, whether identities are as they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from karst.bootstrap.by_hand import grants_elsewhere
from karst.bootstrap.project import WrongProjectError, apis_off, grant_commands, permissions_lacking
from karst.bootstrap.rights import to_deploy, to_plan
from karst.bootstrap.step import Standing
from karst.bootstrap.steps import workflow_steps
from karst.config.deployment import Deployment
from karst.config.loader import Environment
from karst.config.machines import QuotaMetric
from karst.config.rules.quotas import needed
from karst.doctor.finding import Finding, error, ok, unchecked, warning
from karst.google.client import GoogleApi, listed, quoted
from karst.google.errors import RefusedError
from karst.project_facts import CAVE_AND_CLIO, FIRST_APIS


def apis(api: GoogleApi, deployment: Deployment) -> Iterator[Finding]:
    """Which APIs are off. Before the first deployment only the first have to be on."""
    project, number = deployment.gcp.project, deployment.gcp.project_number
    try:
        off = apis_off(api, project, number, CAVE_AND_CLIO | FIRST_APIS)
    except WrongProjectError as wrong:
        yield error("project", f"{wrong}.", "Correct gcp.project or gcp.project_number in deployment.yaml.")
        return
    yield ok("project", f"{project} has the number {number}")
    first = [name for name in off if name in FIRST_APIS]
    others = [name for name in off if name not in FIRST_APIS]
    if first:
        yield error("APIs", f"Off: {', '.join(first)}.", f"karst bootstrap {deployment.name}")
    if others:
        remedy = f"cdktf deploy {deployment.name}"
        if deployment.gcp.manage != "create":
            remedy = f"gcloud services enable {' '.join(f'{one}.googleapis.com' for one in others)} --project={project}"
        yield warning("APIs", f"Off: {', '.join(others)}.", f"The next deployment switches them on: {remedy}")
    if not off:
        yield ok("APIs", f"{len(CAVE_AND_CLIO | FIRST_APIS)} are on")


def permissions(api: GoogleApi, deployment: Deployment) -> Iterator[Finding]:
    """What whoever is signed in lacks to plan and to deploy."""
    project = deployment.gcp.project
    needs = to_deploy(deployment)
    lacking = permissions_lacking(api, project, needs)
    reading = [one for one in lacking if one in to_plan(deployment)]
    elsewhere = grants_elsewhere(deployment)
    if lacking:
        remedy = "\n".join(grant_commands(project, lacking))
        what = "to plan" if reading else "to deploy; planning works"
        shown = ", ".join(lacking[:8]) + (f" and {len(lacking) - 8} more" if len(lacking) > 8 else "")
        yield (error if reading else warning)("permissions", f"You lack {len(lacking)} {what}: {shown}.", remedy)
    else:
        yield ok("permissions", f"you hold all {len(needs)} that deploying needs")
    if elsewhere:
        yield unchecked("permissions elsewhere", elsewhere[0], "\n".join(elsewhere[1:]))


def workflows(api: GoogleApi, deployment: Deployment) -> Iterator[Finding]:
    """Whether the identities of workflows are as bootstrap makes them."""
    check, remedy = "workflows", f"karst bootstrap {deployment.name}"
    if deployment.ci is None:
        yield ok(check, "none: deployment.yaml names no repository under ci")
        return
    amiss = 0
    for step in workflow_steps(api, deployment):
        try:
            look = step.look()
        except RefusedError as refused:
            yield unchecked(check, f"{step.name}: {refused}")
            amiss += 1
            continue
        if look.standing is not Standing.READY:
            amiss += 1
            yield error(check, f"{step.name}: {'; '.join(look.details)}.", look.remedy or remedy)
    if not amiss:
        yield ok(check, f"{deployment.ci.repository} may plan and deploy")


def quotas(api: GoogleApi, of: Environment, environments: Mapping[str, Environment]) -> Iterator[Finding]:
    """Whether what the node pools may grow to fits what Google lets the project use in the region."""
    gcp = of.deployment.gcp
    path = f"compute/v1/projects/{quoted(gcp.project)}/regions/{quoted(gcp.region)}"
    answer = api.ask("GET", "compute", path, f"read the quotas of {gcp.project} in {gcp.region}")
    limits = {str(one.get("metric")): one.get("limit") for one in listed(answer, "quotas")}
    here = [one for one in environments.values() if _place(one) == _place(of)]
    spot = limits.get(QuotaMetric.PREEMPTIBLE_CPUS)
    needs = needed(here, has_spot_quota=isinstance(spot, int | float) and spot > 0)
    amiss = False
    for metric, each in sorted(needs.items()):
        wanted, limit = sum(need.amount for need in each), limits.get(metric)
        if isinstance(limit, int | float) and wanted > limit:
            amiss = True
            yield warning(
                "quotas",
                f"{metric} in {gcp.region} is {limit:.0f}, and the node pools may grow to {wanted}.",
                f"Ask for more: https://console.cloud.google.com/iam-admin/quotas?project={gcp.project}, or lower "
                "max_nodes in gcp.pools.",
            )
    for metric, declared in sorted(gcp.quotas.items()):
        limit = limits.get(metric)
        if isinstance(limit, int | float) and declared > limit:
            amiss = True
            message = f"deployment.yaml says {metric} is {declared}, and Google says {limit:.0f}."
            yield warning("quotas", message, f"Write gcp.quotas.{metric}: {limit:.0f}, or ask for more.")
    if not amiss:
        yield ok("quotas", f"the node pools fit into {gcp.region}")


def _place(environment: Environment) -> tuple[str, str]:
    return environment.deployment.gcp.project, environment.deployment.gcp.region
