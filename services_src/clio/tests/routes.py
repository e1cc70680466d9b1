"""Every route of the application, with what it says it needs: for tests that walk all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from karst_clio.identity.guard import Requires
from karst_clio.main import create_app
from karst_clio.needs import make_needs
from karst_clio.settings import ClioSettings
from karst_platform.permissions import declared
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
    return [Found(route.method, route.path, route.needs) for route in declared(create_app(settings, needs))]
