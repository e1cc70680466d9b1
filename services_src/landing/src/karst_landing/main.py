"""The application: one page, the same as JSON, health."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, Response

from karst_landing.datasets import Dataset, DatasetsFile
from karst_landing.settings import LandingSettings, ServiceLink
from karst_platform import load_settings, service_app
from karst_platform.logs import configure_logging

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class StaticFile(StrEnum):
    """The files that the page loads."""

    STYLE = "landing.css"
    ICON = "icon.svg"


_TYPE_OF = {StaticFile.STYLE: "text/css", StaticFile.ICON: "image/svg+xml"}


class ServicesAnswer(BaseModel):
    """The services of the deployment."""

    deployment: str
    services: tuple[ServiceLink, ...]


class DatasetsAnswer(BaseModel):
    """The datasets of the deployment."""

    datasets: tuple[Dataset, ...]
    hidden: int = Field(description="How many more there are that are not public.")
    problem: str | None = Field(description="Why the list may be old or empty; null when all is well.")


@dataclass(frozen=True, kw_only=True)
class Landing:
    """What the routes share."""

    settings: LandingSettings
    file: DatasetsFile

    def datasets(self) -> DatasetsAnswer:
        """Choose what anybody may see."""
        listing = self.file.listing()
        shown = tuple(each for each in listing.datasets if each.public or self.settings.shows_all_datasets)
        hidden = len(listing.datasets) - len(shown)
        return DatasetsAnswer(datasets=shown, hidden=hidden, problem=listing.problem)


def create_app(settings: LandingSettings) -> FastAPI:
    """Make the front page's application. It starts, and is ready, whatever becomes of `datasets.json`."""
    landing = Landing(settings=settings, file=DatasetsFile(settings.datasets_path))
    app = service_app(title="Karst landing page", version=version("karst-landing"), settings=settings)
    app.include_router(_pages(landing))
    app.include_router(_api(landing))
    return app


def application() -> FastAPI:
    """Make the application with the settings of the environment; what the server starts."""
    settings = load_settings(LandingSettings, os.environ)
    configure_logging(settings.log_level)
    return create_app(settings)


def _pages(landing: Landing) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    environment = Environment(
        loader=PackageLoader("karst_landing"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("landing.html.j2")
    static = {name: (files("karst_landing") / "static" / name).read_bytes() for name in StaticFile}

    @router.get("/")
    def front_page(request: Request) -> HTMLResponse:
        html = page.render(
            root=request.scope.get("root_path", "").rstrip("/"),
            deployment=landing.settings.deployment,
            services=landing.settings.services,
            listing=landing.datasets(),
        )
        return HTMLResponse(html, headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"})

    @router.get("/static/{name}")
    async def static_file(name: StaticFile) -> Response:
        return Response(static[name], media_type=_TYPE_OF[name], headers={"Cache-Control": "public, max-age=3600"})

    return router


def _api(landing: Landing) -> APIRouter:
    router = APIRouter(prefix="/api/v1")

    @router.get("/services")
    async def services() -> ServicesAnswer:
        """List the services that run."""
        return ServicesAnswer(deployment=landing.settings.deployment, services=landing.settings.services)

    @router.get("/datasets")
    def datasets() -> DatasetsAnswer:
        """List the datasets that they serve."""
        return landing.datasets()

    return router
