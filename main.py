"""The application: loads deployments and the services' declarations, and declares the stacks of each."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cdktn import App

from karst.app import SynthesisError, create_app, plain_errors, synthesize
from karst.blueprint import Blueprint
from karst.config.dataset import Dataset
from karst.config.errors import ConfigError
from karst.config.loader import Environment
from karst.config.rules import load_checked
from karst.config.service import load_services
from karst.derived.workloads import Catalog, UnknownServiceError, workloads
from karst.packaging.bundle import PackagingError, service_bundle
from stacks.deployment import declare

ROOT = Path(__file__).parent
SERVICES = ROOT / "services_src"
UPSTREAM = ROOT / "constructs" / "karst" / "upstream"


def build(environments: Path, outdir: Path, only: str | None = None) -> App:
    """Declare every deployment below `environments`, or the one called `only`; nothing is written yet.

    Raises `ConfigError`, `PackagingError` or `SynthesisError`, whose text says what to mend.
    """
    catalog = load_catalog()
    app = create_app(outdir)
    for name, environment in load_checked(environments).items():
        if only in (None, name):
            with plain_errors():
                declare(app, blueprint(environment, catalog))
    return app


def load_catalog() -> Catalog:
    """Every service that could run, ours with the tag that its sources give."""
    ours = load_services(SERVICES)
    tags = {name: service_bundle(SERVICES, name).tag for name in ours}
    return Catalog(ours=ours, tags=tags, upstream=load_services(UPSTREAM))


def blueprint(environment: Environment, catalog: Catalog) -> Blueprint:
    """A deployment joined with the services that it runs."""
    return Blueprint(
        deployment=environment.deployment,
        datasets=_sorted(environment),
        workloads=workloads(environment.deployment, catalog),
    )


def _sorted(environment: Environment) -> tuple[Dataset, ...]:
    return tuple(dataset for _, dataset in sorted(environment.datasets.items()))


def main() -> int:
    """Synthesize for the toolkit's command line, which names the folders by environment variables."""
    environments = Path(os.environ.get("KARST_ENVIRONMENTS", ROOT / "environments"))
    outdir = Path(os.environ.get("CDKTF_OUTDIR", "cdktf.out"))
    try:
        synthesize(build(environments, outdir, only=os.environ.get("KARST_ONLY")))
    except (ConfigError, PackagingError, SynthesisError, UnknownServiceError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
