"""Which jobs on GitHub may act for a deployment: what Google asks of the token that GitHub gives each job.

A pool has one way in and one condition, so nobody who comes in by the weaker one can become the stronger account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from karst.config.ci import Ci
from karst.config.deployment import Deployment
from karst.naming import DEPLOY, PLAN, Names

ISSUER = "https://token.actions.githubusercontent.com"
_OF_THE_BRANCH = "assertion.event_name in ['push', 'schedule', 'workflow_dispatch']"
"""Not `pull_request_target`, which runs on the branch for whoever opens a pull request."""


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Who comes in, and as whom."""

    account: str
    """`PLAN` or `DEPLOY`."""
    condition: str
    """In the Common Expression Language. A token that lacks one of these claims is refused."""
    mapping: Mapping[str, str]
    """What Google keeps of the token."""
    member: str
    """Whom the account lets act as itself."""


def trusts(deployment: Deployment) -> tuple[Trust, ...]:
    """Give both, for planning and for deploying; none without a repository."""
    if deployment.ci is None:
        return ()
    ci, names = deployment.ci, Names(deployment)
    environment = ci.environment or deployment.name
    of_the_branch = f"assertion.ref == 'refs/heads/{ci.branch}' && {_OF_THE_BRANCH}"
    of_a_change = f"assertion.event_name == 'pull_request' && assertion.base_ref == '{ci.branch}'"
    return (
        Trust(
            account=PLAN,
            condition=f"{_of_the_repository(ci)} && (({of_a_change}) || ({of_the_branch}))",
            mapping={"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"},
            member=f"{_everybody_of(names, PLAN)}/attribute.repository/{ci.repository}",
        ),
        Trust(
            account=DEPLOY,
            condition=f"{_of_the_repository(ci)} && assertion.environment == '{environment}' && {of_the_branch}",
            mapping={"google.subject": "assertion.sub", "attribute.environment": "assertion.environment"},
            member=f"{_everybody_of(names, DEPLOY)}/attribute.environment/{environment}",
        ),
    )


def _of_the_repository(ci: Ci) -> str:
    named = f"assertion.repository == '{ci.repository}'"
    return f"{named} && assertion.repository_id == '{ci.repository_id}'" if ci.repository_id else named


def _everybody_of(names: Names, account: str) -> str:
    return f"principalSet://iam.googleapis.com/{names.identity_pool_path(account)}"
