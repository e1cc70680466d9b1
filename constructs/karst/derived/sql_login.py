"""As whom a workload logs in to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable

from karst.config.deployment import Deployment
from karst.derived.workloads import Workload
from karst.naming import SQL_ROLES, Names

PASSWORD = "DATABASE_PASSWORD"  # noqa: S105 - the name of a secret
"""The secret of workloads that know no other way than a password."""


def needs_password(workload: Workload) -> bool:
    """Whether a workload logs in with a password; all others prove who they are by their service account."""
    return PASSWORD in workload.service.secrets


def password_file(workload: Workload) -> str:
    """Name of the file in which the administrator of the databases finds the password of a workload."""
    return f"password-{workload.name}"


def is_administrator(workload: Workload) -> bool:
    """Whether this is the program that makes roles and grants them rights: nothing else may."""
    return workload.name == SQL_ROLES


def administrator(workloads: Iterable[Workload]) -> Workload | None:
    """The one that does, where it runs."""
    return next((workload for workload in workloads if is_administrator(workload)), None)


def sql_login(deployment: Deployment, workload: Workload) -> str:
    """Name of the role in PostgreSQL: the service account's, as Cloud SQL spells it, or its id for a password."""
    names = Names(deployment)
    if needs_password(workload):
        return names.service_account_id(workload.name)
    return names.service_account(workload.name).removesuffix(".gserviceaccount.com")
