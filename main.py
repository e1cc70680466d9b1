"""The application: loads deployments and the services' declarations, and declares the stacks of each."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from karst import early_runtimes
from karst.invocation import invocation

if __name__ == "__main__":
    # A synthesis lives for seconds: what it drops, its end frees. Half of what there is to look through are imports.
    gc.disable()
    # Before the first binding is imported.
    early_runtimes.start(invocation(Path(__file__).parent).programs, os.environ)

from cdktn import App

from karst.app import SynthesisError, create_app, plain_errors, synthesize
from karst.blueprint import Blueprint
from karst.config.errors import ConfigError, did_you_mean, show
from karst.config.loader import Environment
from karst.config.rules import load_checked
from karst.config.rules.services import known_services
from karst.config.service import load_services
from karst.config.service_runtime import ImageOrigin
from karst.config.service_templates import load_templates
from karst.derived.workloads import Catalog, workloads
from karst.packaging.bundle import PackagingError, service_bundle
from karst.side_by_side import synthesize_all
from stacks.deployment import declare

ROOT = Path(__file__).parent
SERVICES = ROOT / "services_src"
UNUSABLE_INPUT = 2
UPSTREAM = ROOT / "constructs" / "karst" / "upstream"


def build(environments: Path, outdir: Path, only: Collection[str] = ()) -> App:
    """Declare every deployment below `environments`, or those that `only` names; nothing is written yet.

    Raises `ConfigError`, `PackagingError` or `SynthesisError`, whose text says what to mend.
    """
    return declare_all(load(environments, only), outdir)


def load(environments: Path, only: Collection[str] = ()) -> list[Blueprint]:
    """Check every deployment below `environments`, and join those that `only` names with their services.

    Raises `ConfigError`, `PackagingError` or `SynthesisError`, whose text says what to mend.
    """
    catalog = load_catalog()
    loaded = load_checked(environments, known_services(SERVICES, catalog))
    for name in sorted(set(only) - loaded.keys()):
        raise SynthesisError(f"there is no deployment {show(name)}. {did_you_mean(name, loaded, 'Deployments')}")
    return [blueprint(environment, catalog) for name, environment in loaded.items() if not only or name in only]


def declare_all(blueprints: Iterable[Blueprint], outdir: Path) -> App:
    """Declare these deployments; nothing is written yet. Raises `SynthesisError`."""
    app = create_app(outdir)
    for each in blueprints:
        _declare(app, each)
    return app


def _declare(app: App, blueprint: Blueprint) -> None:
    try:
        with plain_errors():
            declare(app, blueprint)
    except ValueError as error:
        # A construct refused what no rule of the configuration foresaw; its words say what to mend.
        raise SynthesisError(f"{blueprint.deployment.name}: {error}") from error


def load_catalog() -> Catalog:
    """Every service that could run, ours with the tag that its sources give."""
    ours, upstream = load_services(SERVICES), load_services(UPSTREAM)
    templates = {
        ImageOrigin.KARST: load_templates(SERVICES, ours),
        ImageOrigin.UPSTREAM: load_templates(UPSTREAM, upstream),
    }
    tags = {name: service_bundle(SERVICES, name).tag for name in ours}
    return Catalog(ours=ours, tags=tags, upstream=upstream, templates=templates)


def blueprint(environment: Environment, catalog: Catalog) -> Blueprint:
    """A deployment joined with the services that it runs."""
    return Blueprint(
        deployment=environment.deployment,
        datasets=tuple(dataset for _, dataset in sorted(environment.datasets.items())),
        workloads=workloads(environment.deployment, catalog),
    )


def main() -> int:
    """Synthesize for the toolkit's command line, which names the folders by environment variables."""
    told = invocation(ROOT)
    try:
        blueprints = load(told.environments, told.only)
    except (ConfigError, PackagingError, SynthesisError) as error:
        return _unusable(error)
    return synthesize_all(blueprints, told.outdir, _write)


def _write(blueprints: Iterable[Blueprint], outdir: Path) -> int:
    try:
        synthesize(declare_all(blueprints, outdir))
    except SynthesisError as error:
        return _unusable(error)
    return 0


def _unusable(error: Exception) -> int:
    sys.stderr.write(f"{error}\n")
    return UNUSABLE_INPUT


if __name__ == "__main__":
    sys.exit(main())
