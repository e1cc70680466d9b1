"""The application: one page, the same as JSON, health."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from importlib.resources import files

from fastapi import APIRouter, FastAPI, HTTPException, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, Response

from karst_landing.datasets import Dataset, DatasetsFile
from karst_landing.settings import LandingSettings, ServiceLink
from karst_landing.visitors import Demo, HealthSource
from karst_platform import load_settings, service_app
from karst_platform.app import Frame
from karst_platform.cave.cors import Cors
from karst_platform.cave.paths import Paths
from karst_platform.logs import configure_logging
from karst_platform.pages import kit_file
from karst_platform.permissions import PUBLIC

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SIGN_IN = "/auth_info"


class StaticFile(StrEnum):
    """The files that the page loads."""

    SCRIPT = "landing.js"
    SHARED_SCRIPT = "karst.js"
    STYLE = "landing.css"
    SHARED_STYLE = "karst.css"
    ICON = "icon.svg"


_SHARED = frozenset({StaticFile.SHARED_SCRIPT, StaticFile.SHARED_STYLE, StaticFile.ICON})
_TYPE_OF = {
    StaticFile.SCRIPT: "text/javascript",
    StaticFile.SHARED_SCRIPT: "text/javascript",
    StaticFile.STYLE: "text/css",
    StaticFile.SHARED_STYLE: "text/css",
    StaticFile.ICON: "image/svg+xml",
}


class ServicesAnswer(BaseModel):
    """The services of the deployment."""

    deployment: str
    services: tuple[ServiceLink, ...]


class DatasetsAnswer(BaseModel):
    """The datasets of the deployment."""

    datasets: tuple[Dataset, ...]
    hidden: int = Field(description="How many more there are that are not public.")
    problem: str | None = Field(description="Why the list may be old or empty; null when all is well.")


class SignInAnswer(BaseModel):
    """Where to sign in for what stands on this host."""

    login_url: str = Field(description="Without a slash at its end: viewers add paths to it.")
    supported_datastacks: tuple[str, ...]


class ServiceHealth(BaseModel):
    """How a service fares."""

    name: str
    ready: bool
    missing: str | None = Field(description="What it waits for, in one line; null when it is ready.")


class HealthAnswer(BaseModel):
    """How the services fare, where the deployment asks them here."""

    services: tuple[ServiceHealth, ...]


@dataclass(frozen=True, kw_only=True)
class Landing:
    """What the routes share."""

    settings: LandingSettings
    file: DatasetsFile
    demo: Demo | None
    ask: HealthSource | None

    async def health(self) -> HealthAnswer:
        """Ask every service."""
        answers = await self.ask() if self.ask is not None else {}
        each = (
            ServiceHealth(name=name, ready=answers[name] is None, missing=answers[name]) for name in sorted(answers)
        )
        return HealthAnswer(services=tuple(each))

    def sign_in(self) -> SignInAnswer | None:
        """Say where to sign in; None where nobody signs in."""
        if not self.settings.sticky_auth_url:
            return None
        names = {stack.name for each in self.file.listing().datasets for stack in each.datastacks}
        return SignInAnswer(
            login_url=f"https://{self.settings.sticky_auth_url}", supported_datastacks=tuple(sorted(names))
        )

    def datasets(self) -> DatasetsAnswer:
        """Choose what anybody may see."""
        listing = self.file.listing()
        shown = tuple(each for each in listing.datasets if each.public or self.settings.shows_all_datasets)
        hidden = len(listing.datasets) - len(shown)
        return DatasetsAnswer(datasets=shown, hidden=hidden, problem=listing.problem)


def create_app(settings: LandingSettings, *, demo: Demo | None = None, health: HealthSource | None = None) -> FastAPI:
    """Make the front page's application. It starts, and is ready, whatever becomes of `datasets.json`.

    `demo` and `health` are given by the program that runs all services on one machine; no setting can.
    """
    landing = Landing(settings=settings, file=DatasetsFile(settings.datasets_path), demo=demo, ask=health)
    app = service_app(
        name="landing",
        title="Karst landing page",
        version=version("karst-landing"),
        settings=settings,
        frame=Frame(outside=[Middleware(Cors, paths=(_SIGN_IN,))], inside=[Middleware(Paths, prefixes=("",))]),
    )
    app.include_router(_pages(landing))
    app.include_router(_api(landing))
    app.include_router(_sign_in(landing))
    return app


def application() -> FastAPI:
    """Make the application with the settings of the environment; what the server starts."""
    settings = load_settings(LandingSettings, os.environ)
    configure_logging(settings.log_level)
    return create_app(settings)


def _pages(landing: Landing) -> APIRouter:
    router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])
    environment = Environment(
        loader=PackageLoader("karst_landing"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("landing.html.j2")
    own = files("karst_landing") / "static"
    static = {name: kit_file(name) if name in _SHARED else (own / name).read_bytes() for name in StaticFile}

    @router.get("/")
    async def front_page(request: Request) -> HTMLResponse:
        health = await landing.health()
        listing = await run_in_threadpool(landing.datasets)
        html = page.render(
            root=request.scope.get("root_path", "").rstrip("/"),
            deployment=landing.settings.deployment,
            services=landing.settings.services,
            listing=listing,
            health={each.name: each for each in health.services},
            demo=landing.demo,
        )
        # With a token in it, the page stays out of every cache.
        caching = "no-cache" if landing.demo is None else "no-store"
        return HTMLResponse(html, headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": caching})

    @router.get("/static/{name}")
    async def static_file(name: StaticFile) -> Response:
        return Response(static[name], media_type=_TYPE_OF[name], headers={"Cache-Control": "public, max-age=3600"})

    return router


def _api(landing: Landing) -> APIRouter:
    router = APIRouter(prefix="/api/v1", dependencies=[PUBLIC])

    @router.get("/services")
    async def services() -> ServicesAnswer:
        """List the services that run."""
        return ServicesAnswer(deployment=landing.settings.deployment, services=landing.settings.services)

    @router.get("/health")
    async def health() -> HealthAnswer:
        """Say how the services fare. Empty where nobody asks them here, as in the cloud."""
        return await landing.health()

    @router.get("/datasets")
    def datasets() -> DatasetsAnswer:
        """List the datasets that they serve."""
        return landing.datasets()

    return router


def _sign_in(landing: Landing) -> APIRouter:
    router = APIRouter(dependencies=[PUBLIC])

    @router.get(_SIGN_IN)
    def auth_info() -> SignInAnswer:
        """Say where viewers sign people in for the data of this host. Pages of every origin may read it."""
        found = landing.sign_in()
        if found is None:
            raise HTTPException(404, "Nobody signs in here.")
        return found

    return router
