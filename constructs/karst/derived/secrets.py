"""Which secrets a deployment needs, who reads each, and where a workload finds its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from karst.config.deployment import Deployment
from karst.config.running import ExtraSecret
from karst.derived.sql_login import PASSWORD, administrator, needs_password, password_file
from karst.derived.workloads import Workload
from karst.naming import Names

LATEST = "latest"
_GRAPH = "graph"


@dataclass(frozen=True, kw_only=True)
class SecretPlace:
    """Where a value stands in Secret Manager."""

    secret: str
    """Its id, or its full name where it belongs to another project."""
    version: str = LATEST


@dataclass(frozen=True, kw_only=True)
class OwnedSecret:
    """A secret that the deployment makes."""

    secret: str
    is_generated: bool
    readers: tuple[str, ...]
    """Names of workloads."""


def parse_reference(reference: str) -> SecretPlace:
    """`secret:NAME@VERSION` taken apart; the version is the latest where it isn't written."""
    secret, _, version = reference.removeprefix("secret:").partition("@")
    return SecretPlace(secret=secret, version=version or LATEST)


def places(deployment: Deployment, workload: Workload) -> Mapping[str, SecretPlace]:
    """Variable of a workload to the place of its value: what the deployment refers to, or a secret of its own."""
    names, referenced = Names(deployment), _referenced(deployment, workload)
    own = {
        variable: SecretPlace(secret=names.secret(secret.role or f"{workload.name}-{variable}"))
        for variable, secret in workload.service.secrets.items()
        if secret.is_required or secret.is_generated
    }
    return dict(sorted((own | referenced).items()))


def extra_files(deployment: Deployment, workload: Workload) -> Mapping[str, SecretPlace]:
    """Secret files of other projects that a workload reads, by name: those for it, or for all that read graphs."""
    return {one.name: parse_reference(one.secret) for one in deployment.secrets.extra if reads_extra(workload, one)}


def reads_extra(workload: Workload, extra: ExtraSecret) -> bool:
    """Whether a secret file of another project is for this workload."""
    if extra.services:
        return workload.name in extra.services
    return any(use.name == _GRAPH for use in workload.service.stores.tables)


def passwords(deployment: Deployment, workloads: Iterable[Workload]) -> Mapping[str, SecretPlace]:
    """The passwords of all who log in to PostgreSQL with one, by the name of the file for its administrator."""
    return {
        password_file(workload): found[PASSWORD]
        for workload in workloads
        if needs_password(workload) and PASSWORD in (found := places(deployment, workload))
    }


def owned_secrets(deployment: Deployment, workloads: Iterable[Workload]) -> tuple[OwnedSecret, ...]:
    """The secrets that the deployment makes for its workloads, by id. Workloads that name one role share a secret."""
    running = tuple(workloads)
    admin = administrator(running)
    readers: dict[str, set[str]] = {}
    generated: set[str] = set()
    for workload in running:
        for variable, place in places(deployment, workload).items():
            declared = workload.service.secrets.get(variable)
            if variable in _referenced(deployment, workload) or declared is None:
                continue
            readers.setdefault(place.secret, set()).add(workload.name)
            if variable == PASSWORD and admin is not None:
                readers[place.secret].add(admin.name)
            if declared.is_generated:
                generated.add(place.secret)
    return tuple(
        OwnedSecret(secret=secret, is_generated=secret in generated, readers=tuple(sorted(who)))
        for secret, who in sorted(readers.items())
    )


def referenced_secrets(deployment: Deployment, workloads: Iterable[Workload]) -> Mapping[str, tuple[str, ...]]:
    """Secrets that somebody else made to the workloads that read them."""
    running = tuple(workloads)
    admin = administrator(running)
    readers: dict[str, set[str]] = {}
    for workload in running:
        referenced = _referenced(deployment, workload)
        for place in (*referenced.values(), *extra_files(deployment, workload).values()):
            readers.setdefault(place.secret, set()).add(workload.name)
        if PASSWORD in referenced and needs_password(workload) and admin is not None:
            readers[referenced[PASSWORD].secret].add(admin.name)
    return {secret: tuple(sorted(who)) for secret, who in sorted(readers.items())}


def _referenced(deployment: Deployment, workload: Workload) -> dict[str, SecretPlace]:
    """Variables of a workload whose values stand where the deployment says: for this service, or for a role."""
    roles = _references_by_role(deployment)
    by_role = {
        variable: roles[secret.role] for variable, secret in workload.service.secrets.items() if secret.role in roles
    }
    return {variable: parse_reference(text) for variable, text in (by_role | workload.choice.secrets).items()}


def _references_by_role(deployment: Deployment) -> Mapping[str | None, str]:
    slack = deployment.canary.slack
    told = {
        "service-token": deployment.secrets.service_token,
        "oauth-client": deployment.auth.oauth_client,
        "auth-secret-key": deployment.auth.secret_key,
        "slack-token": slack.token if slack else None,
        "neuprint-token": deployment.clio.neuprint,
    }
    return {role: reference for role, reference in told.items() if reference is not None}
