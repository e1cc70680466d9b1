"""The declarations of our services, held against the code: routes, settings, commands."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route

from karst.config.service import Service, load_services
from karst.config.service_runtime import ImageOrigin
from karst.derived.monitoring import METRICS_PATH
from karst.derived.scaling import REQUESTS_METRIC
from karst_platform import metrics
from karst_platform.permissions import declared, undeclared
from karst_platform.server import serve
from karst_platform.settings import JobSettings, Settings, is_secret, variables
from karst_platform.settings_page import models

SERVICES = Path(__file__).parents[2] / "services_src"
DECLARED = load_services(SERVICES)
OURS = [service for service in DECLARED.values() if service.image.source is ImageOrigin.KARST]
_FRAMEWORKS_OWN = frozenset({"/openapi.json", "/api/openapi.json"})
SERVERS = [service for service in OURS if service.listening]


MODELS = models(SERVICES)


def module(service: Service, name: str) -> ModuleType:
    return importlib.import_module(f"{(service.package or '').replace('-', '_')}.{name}")


def settings_of(service: Service) -> type[JobSettings]:
    return MODELS[service.name]


def application(service: Service) -> FastAPI:
    return module(service, "main").create_app(settings_of(service)())


def application_routes(service: Service) -> set[tuple[str, str]]:
    return _walk(application(service).router.routes)


def _plain(path: str) -> str:
    """Declarations don't say which variables of a path are numbers."""
    return path.replace(":int}", "}")


def _walk(routes: list[BaseRoute], prefix: str = "") -> set[tuple[str, str]]:
    """Paths and methods, inside included routers too: FastAPI keeps these as they are and adds their prefix late."""
    found: set[tuple[str, str]] = set()
    for route in routes:
        if isinstance(route, Route | APIRoute):
            path = _plain(prefix + route.path)
            found |= {(path, method) for method in (route.methods or ()) if method != "HEAD"}
        else:
            inner = getattr(route, "original_router")  # noqa: B009 - the class is private
            found |= _walk(inner.routes, prefix + getattr(getattr(route, "include_context"), "prefix"))  # noqa: B009
    return found


def test_there_are_services() -> None:
    assert {"landing", "sql-roles"} <= DECLARED.keys()


@pytest.mark.parametrize("service", SERVERS, ids=lambda service: service.name)
def test_routes_are_those_of_the_application(service: Service) -> None:
    assert service.routes is not None
    assert service.health is not None
    declared = {
        (route.path, str(method))
        for route in (*service.routes.reads, *service.routes.writes)
        for method in route.methods
    }
    health = {service.health.live, service.health.ready, service.health.startup or service.health.live}
    assert application_routes(service) == declared | {(path, "GET") for path in health}


@pytest.mark.parametrize("service", OURS, ids=lambda service: service.name)
def test_settings_are_those_of_the_application(service: Service) -> None:
    assert set(variables(settings_of(service))) == set(service.settings) | set(service.secrets)


@pytest.mark.parametrize("service", OURS, ids=lambda service: service.name)
def test_secrets_are_those_of_the_application(service: Service) -> None:
    fields = settings_of(service).model_fields.values()
    assert {str(field.validation_alias) for field in fields if is_secret(field)} == set(service.secrets)


@pytest.mark.parametrize("service", SERVERS, ids=lambda service: service.name)
def test_every_route_declares_what_it_needs(service: Service) -> None:
    app = application(service)
    assert undeclared(app) == []
    assert {_plain(str(route)) for route in declared(app)} == {
        f"{method} {path}" for path, method in application_routes(service) if path not in _FRAMEWORKS_OWN
    }


@pytest.mark.parametrize("service", OURS, ids=lambda service: service.name)
def test_defaults_are_ones_with_which_the_application_starts(service: Service) -> None:
    defaults = {name: setting.default for name, setting in service.settings.items() if setting.default is not None}
    if (prefix := defaults.pop("URL_PREFIX", None)) is not None:  # the one setting that is known only with the edge
        assert service.routes is not None
        assert prefix == service.routes.prefix
    model = settings_of(service)
    assert model.model_validate(defaults) == model()


@pytest.mark.parametrize("service", OURS, ids=lambda service: service.name)
def test_the_package_is_the_one_that_the_folder_builds(service: Service) -> None:
    project = tomllib.loads((SERVICES / service.name / "pyproject.toml").read_text())["project"]
    assert project["name"] == service.package == f"karst-{service.name}"
    assert service.package in project["scripts"], "the image's entry point is the script of this name"


def test_collectors_and_scalers_ask_for_what_services_tell() -> None:
    (active,) = metrics.ACTIVE_REQUESTS.collect()
    assert (active.name, metrics.PATH) == (REQUESTS_METRIC, METRICS_PATH)


@pytest.mark.parametrize("service", SERVERS, ids=lambda service: service.name)
def test_limits_and_drains_fit_the_code(service: Service) -> None:
    main = module(service, "__main__")
    settings = settings_of(service)()
    assert isinstance(settings, Settings)
    assert settings.body_limit_kib == service.body_limit_kib
    assert settings.handler_timeout_s == service.timeouts.handler_s
    assert settings.drain_notice_s < main.DRAIN_S
    assert service.processes["web"].drain_s > main.DRAIN_S
    assert main.serve is serve
