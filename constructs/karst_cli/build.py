"""`karst build`: builds the images that a deployment lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

FAILED = 1
UNUSABLE_INPUT = 2


def build(
    service: Annotated[str | None, typer.Argument(help="One service; by default all in --sources.")] = None,
    environment: Annotated[
        str, typer.Option("--environment", envvar="DEPLOYMENT", help="The deployment whose registry gets the image.")
    ] = "",
    environments: Annotated[Path, typer.Option(help="Folder of the deployments.")] = Path("environments"),
    sources: Annotated[Path, typer.Option(help="Folder of the services.")] = Path("services_src"),
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the images and ask no cloud.")] = False,
) -> None:
    """Build images whose source has changed, with Cloud Build.

    Prints one image a line on standard output, progress on standard error.
    Exit status: 0 all images are there, 1 a build failed, 2 the input cannot be used.
    """
    import time

    from karst.config.errors import ConfigError, choices, show, show_path
    from karst.config.loader import load_environments
    from karst.config.service import load_services
    from karst.config.service_runtime import ImageOrigin
    from karst.packaging import PackagingError, service_bundle
    from karst.packaging.build import BuildError, build_image
    from karst.packaging.target import build_target

    try:
        ours = [name for name, each in load_services(sources).items() if each.image.source is ImageOrigin.KARST]
        if service is not None and service not in ours:
            known = choices(ours, "and")
            _fail(f"There is no service {show(service)} in {show_path(sources)}. Services: {known}.", UNUSABLE_INPUT)
        if not environment:
            _fail("Which deployment? Write --environment NAME, or set DEPLOYMENT.", UNUSABLE_INPUT)
        target = build_target(load_environments(environments, [environment])[environment].deployment)
        bundles = [service_bundle(sources, name) for name in ours if service in (None, name)]
    except (ConfigError, PackagingError) as error:
        _fail(str(error), UNUSABLE_INPUT)
    if dry_run:
        for bundle in bundles:
            typer.echo(target.image(bundle.service, bundle.tag))
        return
    from karst.packaging.google_builder import GoogleBuilder, default_credentials

    try:
        builder = GoogleBuilder(default_credentials())
        for bundle in bundles:
            outcome = build_image(builder, target, bundle, report=_progress, sleep=time.sleep)
            typer.echo(outcome.image)
    except BuildError as error:
        _fail(str(error), FAILED)


def _progress(line: str) -> None:
    typer.echo(line, err=True)


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(status)
