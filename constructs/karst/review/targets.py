"""Which deployments a repository's workflows plan and deploy, and as whom: all of it follows from the configuration."""

from __future__ import annotations

import json
from collections.abc import Iterable

from karst.config.loader import Environment
from karst.naming import DEPLOY, PLAN, Names


def targets_json(environments: Iterable[Environment]) -> str:
    """One line of JSON, as a matrix of jobs takes it; deployments without `ci` are left out."""
    found: list[dict[str, str]] = []
    for environment in environments:
        deployment, names = environment.deployment, Names(environment.deployment)
        if deployment.ci is None or deployment.state is None:
            continue
        found.append(
            {
                "name": deployment.name,
                "url": f"https://{deployment.host}",
                "environment": deployment.ci.environment or deployment.name,
                "plan_provider": names.identity_provider_path(PLAN),
                "plan_account": names.service_account(PLAN),
                "deploy_provider": names.identity_provider_path(DEPLOY),
                "deploy_account": names.service_account(DEPLOY),
            }
        )
    return json.dumps(found, separators=(",", ":"))
