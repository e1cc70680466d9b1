"""Holds what was written against everything that `karst validate` checks, beside the deployments that stand there."""

from __future__ import annotations

from pathlib import Path

from karst.config.deployment import Deployment
from karst.config.errors import ConfigError, Problem
from karst.config.loader import Environment, load_environment, load_environments
from karst.config.rules import check_environments
from karst.config.rules.services import UPSTREAM, KnownServices, known_services
from karst.config.service import load_services
from karst.derived.workloads import Catalog


def neighbours(root: Path) -> tuple[Deployment, ...]:
    """Deployments that stand in `root` already; none where they can't be read."""
    return tuple(one.deployment for one in _standing(root).values())


def problems(folder: Path, root: Path, sources: Path) -> tuple[Problem, ...]:
    """What is wrong with the deployment in `folder`, alone and beside those in `root`. Only its own faults are told."""
    try:
        new = load_environment(folder)
    except ConfigError as error:
        return error.problems
    beside = {name: one for name, one in _standing(root).items() if name != new.name}
    known = known_services(sources, _catalog(sources)) if sources.is_dir() else None
    before = _found(beside, known)
    return tuple(sorted(_found({**beside, new.name: new}, known) - before))


def _found(environments: dict[str, Environment], known: KnownServices | None) -> set[Problem]:
    try:
        check_environments(environments, known)
    except ConfigError as error:
        return set(error.problems)
    return set()


def _standing(root: Path) -> dict[str, Environment]:
    try:
        return load_environments(root)
    except ConfigError:
        # They may be wrong or not there at all; what was imported is then checked alone.
        return {}


def _catalog(sources: Path) -> Catalog:
    ours = load_services(sources)
    # Tags name images, on which no check depends.
    return Catalog(ours=ours, tags=dict.fromkeys(ours, ""), upstream=load_services(UPSTREAM))
