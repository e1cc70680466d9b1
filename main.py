"""The application: loads deployments and the services' declarations, and declares the stacks of each."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Collection
from pathlib import Path

if __name__ == "__main__":
    # A synthesis lives for seconds: what it drops, its end frees. Half of what there is to look through are imports.
    gc.disable()

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
from stacks.deployment import declare

ROOT = Path(__file__).parent
SERVICES = ROOT / "services_src"
UNUSABLE_INPUT = 2
UPSTREAM = ROOT / "constructs" / "karst" / "upstream"


def build(environments: Path, outdir: Path, only: Collection[str] = ()) -> App:
    """Declare every deployment below `environments`, or those that `only` names; nothing is written yet.

    Raises `ConfigError`, `PackagingError` or `SynthesisError`, whose text says what to mend.
    """
    catalog = load_catalog()
    loaded = load_checked(environments, known_services(SERVICES, catalog))
    for name in sorted(set(only) - loaded.keys()):
        raise SynthesisError(f"there is no deployment {show(name)}. {did_you_mean(name, loaded, 'Deployments')}")
    app = create_app(outdir)
    for name, environment in loaded.items():
        if not only or name in only:
            _declare(app, environment, catalog)
    return app


def _declare(app: App, environment: Environment, catalog: Catalog) -> None:
    try:
        with plain_errors():
            declare(app, blueprint(environment, catalog))
    except ValueError as error:
        # A construct refused what no rule of the configuration foresaw; its words say what to mend.
        raise SynthesisError(f"{environment.name}: {error}") from error


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


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name for name in listed.split(",") if name)


def main() -> int:
    """Synthesize for the toolkit's command line, which names the folders by environment variables."""
    environments = Path(os.environ.get("KARST_ENVIRONMENTS", ROOT / "environments"))
    outdir = Path(os.environ.get("CDKTF_OUTDIR", "cdktf.out"))
    try:
        synthesize(build(environments, outdir, only=_names(os.environ.get("KARST_ONLY", ""))))
    except (ConfigError, PackagingError, SynthesisError) as error:
        sys.stderr.write(f"{error}\n")
        return UNUSABLE_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
