"""Which secrets a deployment needs, who reads each, and where a workload finds its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from karst.config.deployment import Deployment
from karst.derived.workloads import Workload
from karst.naming import Names

LATEST = "latest"


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
    names = Names(deployment)
    own = {
        variable: SecretPlace(secret=names.secret(secret.role or f"{workload.name}-{variable}"))
        for variable, secret in workload.service.secrets.items()
        if secret.is_required or secret.is_generated
    }
    chosen = {variable: parse_reference(reference) for variable, reference in workload.choice.secrets.items()}
    return dict(sorted((own | chosen).items()))


def owned_secrets(deployment: Deployment, workloads: Iterable[Workload]) -> tuple[OwnedSecret, ...]:
    """The secrets that the deployment makes for its workloads, by id. Workloads that name one role share a secret."""
    readers: dict[str, set[str]] = {}
    generated: set[str] = set()
    for workload in workloads:
        for variable, place in places(deployment, workload).items():
            declared = workload.service.secrets.get(variable)
            if variable in workload.choice.secrets or declared is None:
                continue
            readers.setdefault(place.secret, set()).add(workload.name)
            if declared.is_generated:
                generated.add(place.secret)
    return tuple(
        OwnedSecret(secret=secret, is_generated=secret in generated, readers=tuple(sorted(who)))
        for secret, who in sorted(readers.items())
    )


def referenced_secrets(workloads: Iterable[Workload]) -> Mapping[str, tuple[str, ...]]:
    """Secrets that somebody else made to the workloads that read them."""
    readers: dict[str, set[str]] = {}
    for workload in workloads:
        for reference in workload.choice.secrets.values():
            readers.setdefault(parse_reference(reference).secret, set()).add(workload.name)
    return {secret: tuple(sorted(who)) for secret, who in sorted(readers.items())}
