"""What a workload is told at its start: declared defaults, what the deployment knows, what it chooses to override."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from karst.config.deployment import Deployment
from karst.derived.workloads import Workload
from karst.naming import Names

CONFIG_FOLDER = "/etc/karst"
"""Where `datasets.json` is mounted."""
DATASETS_FILE = "datasets.json"


def settings(deployment: Deployment, workloads: Iterable[Workload], workload: Workload) -> dict[str, str]:
    """Environment of a workload by variable. Only variables that it declares are derived for it."""
    known = _known(deployment, workloads)
    declared = workload.service.settings
    found = {name: setting.default for name, setting in declared.items() if setting.default is not None}
    found |= {name: known[name] for name in declared.keys() & known.keys()}
    if workload.choice.log_level is not None and "KARST_LOG_LEVEL" in declared:
        found["KARST_LOG_LEVEL"] = workload.choice.log_level
    return dict(sorted((found | workload.choice.env).items()))


def missing_settings(found: Mapping[str, str], workload: Workload) -> tuple[str, ...]:
    """Variables without which the workload refuses to start and for which nobody gave a value."""
    return tuple(
        sorted(name for name, one in workload.service.settings.items() if one.is_required and name not in found)
    )


def _known(deployment: Deployment, workloads: Iterable[Workload]) -> dict[str, str]:
    names = Names(deployment)
    global_host = deployment.global_host or deployment.host
    return {
        "KARST_DEPLOYMENT": deployment.name,
        "KARST_DATASETS": f"{CONFIG_FOLDER}/{DATASETS_FILE}",
        "KARST_SERVICES": json.dumps(list(_listed(deployment, workloads)), ensure_ascii=False, sort_keys=True),
        "KARST_HOST": deployment.host,
        "KARST_GLOBAL_HOST": global_host,
        "AUTH_URI": f"{global_host}/auth",
        "AUTH_URL": f"{global_host}/auth",
        "STICKY_AUTH_URL": f"{global_host}/sticky_auth",
        "INFO_URL": f"{global_host}/info",
        "GOOGLE_CLOUD_PROJECT": deployment.gcp.project,
        "BIGTABLE_PROJECT": names.bigtable_project,
        "BIGTABLE_INSTANCE": deployment.bigtable.instance,
    }


def _listed(deployment: Deployment, workloads: Iterable[Workload]) -> Iterable[dict[str, str]]:
    """Services with an address of their own, for the landing page."""
    for workload in sorted(workloads, key=lambda one: one.name):
        routes = workload.service.routes
        if routes is not None and routes.prefix != "/":
            yield {
                "name": workload.name,
                "description": workload.service.description,
                "url": f"https://{deployment.host}{routes.prefix}/",
            }
