"""Which services a deployment runs, where, and from which image: declarations joined with the deployment's choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from karst.config.deployment import Deployment
from karst.config.running import ServiceChoice
from karst.config.service import Service
from karst.config.service_runtime import ImageOrigin, Runtime
from karst.config.service_templates import Templates
from karst.naming import AUTH, RECONCILE, SQL_ROLES, Names


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Every service that could run: ours by name with the tag of its image, and upstream's."""

    ours: Mapping[str, Service]
    tags: Mapping[str, str]
    """Service of ours to the content hash of its bundle."""
    upstream: Mapping[str, Service]
    templates: Mapping[ImageOrigin, Mapping[str, Templates]] = field(default_factory=dict)
    """Whose service, and its name, to the templates of its configuration files."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A service as one deployment runs it."""

    service: Service
    image: str
    """Full reference, with an immutable tag."""
    runtime: Runtime
    choice: ServiceChoice
    templates: Templates = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The service's name; its account, pods and Cloud Run service are named after it."""
        return self.service.name


class UnknownServiceError(ValueError):
    """A deployment names a service, or an image of it, that does not exist."""


def workloads(deployment: Deployment, catalog: Catalog) -> tuple[Workload, ...]:
    """What the deployment runs, by name.

    A service runs when its kinds are among the deployment's and it has a source of ours; upstream's image stands in
    where the deployment chooses it, unless a service that runs answers for it. Nobody grants roles where nothing uses
    a database, and nobody makes declared datasets where auth isn't ours, which knows the token. Raises
    `UnknownServiceError` where a choice can't be met.
    """
    known = catalog.ours.keys() | catalog.upstream.keys()
    for name in sorted(deployment.services.keys() - known):
        raise UnknownServiceError(f"services.{name}: there is no such service. Known: {', '.join(sorted(known))}")
    found = [_workload(deployment, catalog, name) for name in sorted(known)]
    running = _without_replaced([workload for workload in found if workload is not None])
    needless: set[str] = set()
    if not any(workload.service.stores.relational for workload in running):
        needless.add(SQL_ROLES)
    if not any(workload.name == AUTH and workload.service.image.source is ImageOrigin.KARST for workload in running):
        needless.add(RECONCILE)
    return tuple(workload for workload in running if workload.name not in needless)


def _without_replaced(running: list[Workload]) -> list[Workload]:
    replaced = {name for workload in running for name in workload.service.replaces}
    return [
        workload
        for workload in running
        if workload.name not in replaced or workload.service.image.source is ImageOrigin.KARST
    ]


def _workload(deployment: Deployment, catalog: Catalog, name: str) -> Workload | None:
    choice = deployment.services.get(name, ServiceChoice())
    service = _declaration(deployment, catalog, name, choice)
    if service is None or choice.enabled is False:
        return None
    if choice.enabled is None and not (service.is_enabled and service.kinds & deployment.kinds):
        return None
    return Workload(
        service=service,
        image=_image(deployment, catalog, service, choice),
        runtime=Runtime(choice.runtime) if choice.runtime else service.runtime,
        choice=choice,
        templates=catalog.templates.get(service.image.source, {}).get(name, {}),
    )


def _declaration(deployment: Deployment, catalog: Catalog, name: str, choice: ServiceChoice) -> Service | None:
    """The declaration that the choice of an image leads to, or None for a service that has no source of ours."""
    wants_upstream = choice.image is not None and choice.image.source == "upstream"
    if wants_upstream:
        if name not in catalog.upstream:
            raise UnknownServiceError(f"services.{name}.image: upstream has no such image. Write source: karst")
        return catalog.upstream[name]
    if name in catalog.ours:
        return catalog.ours[name]
    if choice.image is None and deployment.images.fallback == "upstream":
        return catalog.upstream[name]
    if choice.enabled or choice.image is not None:
        raise UnknownServiceError(
            f"services.{name}: there is no source of ours yet. Write image: {{source: upstream, version: ...}}, "
            "or enabled: false"
        )
    return None


def _image(deployment: Deployment, catalog: Catalog, service: Service, choice: ServiceChoice) -> str:
    if service.image.source is ImageOrigin.KARST:
        return f"{Names(deployment).registry_url}/{service.name}:{catalog.tags[service.name]}"
    version = choice.image.version if choice.image and choice.image.version else service.image.version
    repository = service.image.repository or service.name
    if "/" not in repository:
        repository = f"{deployment.images.registry}/{repository}"
    return f"{repository}:{version}"
