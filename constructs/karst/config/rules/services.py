"""Rules of services: a deployment chooses among services that exist, and the page that answers all else is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from karst.config.errors import Problem, did_you_mean, show
from karst.config.loader import Environment
from karst.derived.workloads import Catalog

DECLARATION = "service.yaml"
LANDING = "landing"
UPSTREAM = Path(__file__).parents[2] / "upstream"


@dataclass(frozen=True, kw_only=True)
class KnownServices:
    """Names of the services that have a source of ours, and of those that upstream publishes an image of."""

    ours: frozenset[str]
    upstream: frozenset[str]
    catalog: Catalog | None = None
    """What they declare about themselves, where somebody has read it."""


def known_services(sources: Path, catalog: Catalog | None = None) -> KnownServices:
    """What stands in the folder of our sources and in that of upstream's declarations. Reads no file."""
    return KnownServices(ours=_folders(sources), upstream=_folders(UPSTREAM), catalog=catalog)


def problems(environment: Environment, known: KnownServices) -> Iterator[Problem]:
    """Choices that can't be met."""
    for name, choice in environment.deployment.services.items():
        wants_upstream = choice.image is not None and choice.image.source == "upstream"
        wants_ours = choice.image is not None and choice.image.source == "karst"
        if name not in known.ours | known.upstream:
            remedy = did_you_mean(name, known.ours | known.upstream, "Services")
            yield environment.problem(("services", name), f"there is no service {show(name)}", remedy)
        elif wants_upstream and name not in known.upstream:
            message = "upstream publishes no such image"
            yield environment.problem(("services", name, "image"), message, "Write source: karst, or remove image.")
        elif name not in known.ours and (wants_ours or (choice.enabled and not wants_upstream)):
            fallback = environment.deployment.images.fallback == "upstream" and not wants_ours
            if not fallback:
                remedy = "Write image: {source: upstream, version: ...}, images: {fallback: upstream}, or leave it out."
                yield environment.problem(("services", name), "there is no source of ours yet", remedy)
    yield from _landing(environment)


def _landing(environment: Environment) -> Iterator[Problem]:
    choice = environment.deployment.services.get(LANDING)
    if choice is None:
        return
    if choice.enabled is False:
        message = "the landing page answers what no other service does, so it can't be turned off"
        yield environment.problem(("services", LANDING, "enabled"), message, "Remove enabled.")
    if choice.runtime == "gke":
        message = "the landing page runs on Cloud Run, so that something answers while a cluster is replaced"
        yield environment.problem(("services", LANDING, "runtime"), message, "Remove runtime.")


def _folders(root: Path) -> frozenset[str]:
    return frozenset(path.parent.name for path in root.glob(f"*/{DECLARATION}"))
