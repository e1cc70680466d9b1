"""Every route of the application, with what it says it needs: for tests that walk all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from karst_clio.identity.guard import Requires
from karst_clio.main import create_app
from karst_clio.needs import make_needs
from karst_clio.settings import ClioSettings
from services_src.clio.tests.memory import MemoryDocuments
from services_src.clio.tests.support import Clock

MOUNTS = ("/v2", "/clio_toplevel")
_VARIABLE = re.compile(r"\{[^}]+\}")


@dataclass(frozen=True)
class Found:
    """A route, as clients see it."""

    method: str
    path: str
    needs: tuple[Requires, ...]

    @property
    def key(self) -> str:
        """Method and path without mount and names of variables."""
        inner = next(
            (self.path.removeprefix(mount) for mount in MOUNTS if self.path.startswith(mount + "/")), self.path
        )
        return f"{self.method} {_VARIABLE.sub('*', inner)}"

    def url(self, dataset: str) -> str:
        """The path for a dataset; other variables get a number, which is a text too."""
        return _VARIABLE.sub("1", self.path.replace("{dataset}", dataset))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def all_routes() -> list[Found]:
    """Every route with a handler of ours; what the framework adds of its own (the schema) has none."""
    settings = ClioSettings()
    needs = make_needs(settings, documents=MemoryDocuments(), http=httpx.AsyncClient(), clock=Clock())
    return list(_walk(create_app(settings, needs).router.routes, ""))


def _walk(routes: list[BaseRoute], prefix: str) -> Iterator[Found]:
    for route in routes:
        if isinstance(route, APIRoute):
            needs = tuple(_needs(route.dependant))
            yield from (Found(method, prefix + route.path, needs) for method in sorted(route.methods or ()))
        elif hasattr(route, "original_router"):
            inner = getattr(route, "original_router")  # noqa: B009 - the class is private
            context = getattr(route, "include_context")  # noqa: B009
            yield from _walk(inner.routes, prefix + context.prefix)


def _needs(dependant: Dependant) -> Iterator[Requires]:
    for each in dependant.dependencies:
        if isinstance(each.call, Requires):
            yield each.call
        yield from _needs(each)
