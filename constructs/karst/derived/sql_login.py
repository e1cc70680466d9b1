"""As whom a workload logs in to PostgreSQL."""

from __future__ import annotations

from karst.config.deployment import Deployment
from karst.derived.workloads import Workload
from karst.naming import Names

PASSWORD = "DATABASE_PASSWORD"  # noqa: S105 - the name of a secret
"""The secret of workloads that know no other way than a password."""


def needs_password(workload: Workload) -> bool:
    """Whether a workload logs in with a password; all others prove who they are by their service account."""
    return PASSWORD in workload.service.secrets


def sql_login(deployment: Deployment, workload: Workload) -> str:
    """Name of the role in PostgreSQL: the service account's, as Cloud SQL spells it, or its id for a password."""
    names = Names(deployment)
    if needs_password(workload):
        return names.service_account_id(workload.name)
    return names.service_account(workload.name).removesuffix(".gserviceaccount.com")
