"""What a service says about itself: `service.yaml`, the seam between its code and the infrastructure.

One file stands in each folder of `services_src/`, and one for each image of upstream. The stacks derive workloads,
routes, grants and network policy from it; tests hold it against the application's code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from karst.config import service_checks
from karst.config.base import Model
from karst.config.errors import ConfigError, Problem, did_you_mean
from karst.config.loader import load_model
from karst.config.service_needs import (
    AbsolutePath,
    Access,
    ConfigFile,
    Migrations,
    Secret,
    Setting,
    StoreUses,
    VariableName,
)
from karst.config.service_routes import Routes
from karst.config.service_runtime import Health, Image, ImageOrigin, Process, ProcessName, Runtime, Timeouts
from karst.config.types import Kind, ServiceName
from karst.naming import RESERVED_ACCOUNTS, SQL_ROLES

DECLARATION = "service.yaml"
PackageName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]


class Service(Model):
    """One service: what it runs, answers, needs and calls."""

    name: ServiceName = Field(
        description="Names its workloads, account and image; equal to its folder. Renaming it replaces them all.",
        examples=["landing"],
    )
    description: str = Field(
        min_length=1,
        max_length=200,
        description="One line for people; stands on the landing page. Safe to change.",
        examples=["Lists what this deployment offers"],
    )
    package: PackageName | None = Field(
        default=None,
        description="The Python distribution in the image; only for images of ours. A new one makes a new image.",
        examples=["karst-landing"],
    )
    kinds: frozenset[Kind] = Field(
        min_length=1,
        description="The kinds of deployment that run it by default. Adding one starts it there.",
        examples=[["global", "local"]],
    )
    is_enabled: bool = Field(
        default=True,
        description="Whether deployments of its kinds run it by default. Changing it starts or stops it.",
        examples=[False],
    )
    runtime: Runtime = Field(
        default=Runtime.GKE,
        description="Where it runs unless a deployment says otherwise. Changing it moves the service.",
        examples=["gke", "cloudrun"],
    )
    image: Image = Field(
        default=Image(), description="Which image runs. A new one replaces the pods.", examples=[{"source": "karst"}]
    )
    processes: dict[ProcessName, Process] = Field(
        min_length=1,
        description="What runs, by name. Removing one stops its pods; renaming is removing and adding.",
        examples=[{"web": {"port": 8080, "resources": {"cpu": "100m", "memory": "128Mi"}}}],
    )
    health: Health | None = Field(
        default=None,
        description="Where it says how it is; needed as soon as a process listens. Change it with the code.",
        examples=[{"live": "/health/live", "ready": "/health/ready"}],
    )
    routes: Routes | None = Field(
        default=None,
        description="Which URLs reach it from outside; none by default. Clients depend on them.",
        examples=[{"prefix": "/info", "reads": [{"path": "/api/v2/datastacks"}]}],
    )
    timeouts: Timeouts = Field(
        default=Timeouts(), description="How long a request may take. Clients may notice.", examples=[{"handler_s": 30}]
    )
    body_limit_kib: int = Field(
        default=1024,
        ge=1,
        le=1024 * 1024,
        description="Size of a request at the most, in KiB; more is answered with 413. Lowering it may break clients.",
        examples=[1024],
    )
    settings: dict[VariableName, Setting] = Field(
        default_factory=dict,
        description="Environment variables by name. Adding one replaces the pods.",
        examples=[{"KARST_DATASETS": {"description": "Path of datasets.json"}}],
    )
    secrets: dict[VariableName, Secret] = Field(
        default_factory=dict,
        description="Secrets by name, mounted as files. Adding one needs its value in Secret Manager first.",
        examples=[{"KARST_SESSION_KEY": {"description": "Signs sessions"}}],
    )
    stores: StoreUses = Field(
        default=StoreUses(),
        description="What it reads and writes; exactly this is granted.",
        examples=[{"objects": []}],
    )
    replaces: tuple[ServiceName, ...] = Field(
        default=(),
        description="Upstream's services that this one answers for; they don't run beside it. Naming one stops it.",
        examples=[["sticky-auth"]],
    )
    calls: tuple[ServiceName, ...] = Field(
        default=(),
        description="Services it calls; the network lets exactly these through. Removing one cuts the connection.",
        examples=[["auth", "info"]],
    )
    migrations: Migrations | None = Field(
        default=None,
        description="Brings its database up to date before new pods start.",
        examples=[{"command": ["x"], "database": "auth"}],
    )
    config_files: dict[AbsolutePath, ConfigFile] = Field(
        default_factory=dict,
        description="Rendered files by the path at which they are mounted. Changed content replaces the pods.",
        examples=[{"/app/instance/config.cfg": {"template": "config.cfg.j2"}}],
    )

    @field_validator("name")
    @classmethod
    def _has_an_account_of_its_own(cls, name: str) -> str:
        if name in RESERVED_ACCOUNTS:
            raise ValueError(f"'{name}' is the name of an account of Karst's own. Give the service another name")
        return name

    @model_validator(mode="after")
    def _image_and_package(self) -> Self:
        if self.image.source is ImageOrigin.KARST and self.package is None:
            raise ValueError("package is missing. Write the name of the Python distribution that the image installs")
        if self.image.source is ImageOrigin.UPSTREAM and self.package is not None:
            raise ValueError("an upstream image installs no package of ours. Remove package")
        return self

    @model_validator(mode="after")
    def _only_one_grants_roles(self) -> Self:
        """This name brings the rights of an administrator of databases."""
        if self.name == SQL_ROLES and self.package != f"karst-{SQL_ROLES}":
            raise ValueError(f"'{SQL_ROLES}' is the service that administers databases. Give yours another name")
        return self

    @model_validator(mode="after")
    def _listeners_say_how_they_are(self) -> Self:
        if self.listening and self.health is None:
            raise ValueError(
                "health is missing. Write the paths live and ready; without them nobody knows when to restart it"
            )
        return self

    @model_validator(mode="after")
    def _live_is_not_ready(self) -> Self:
        """Upstream's images often answer one path only, and nobody here can give them a second."""
        is_ours = self.image.source is ImageOrigin.KARST
        if is_ours and self.health is not None and self.health.live == self.health.ready:
            raise ValueError(
                f"live and ready are the same path '{self.health.live}'. Write two: a replica that waits for its "
                "database is not ready, but must not be restarted"
            )
        return self

    @model_validator(mode="after")
    def _exceptions_are_for_upstream(self) -> Self:
        if self.image.source is ImageOrigin.UPSTREAM:
            return self
        for name, setting in sorted(self.settings.items()):
            if setting.template is not None:
                raise ValueError(f"{name} has a template, which only upstream's images get. Write default, or nothing")
        for name, secret in sorted(self.secrets.items()):
            if secret.is_variable:
                raise ValueError(f"{name} would stand in the environment. Remove is_variable: ours read a file")
        return self

    @model_validator(mode="after")
    def _jobs_end(self) -> Self:
        for name, process in sorted(self.processes.items()):
            if process.schedule is not None and process.port is not None:
                raise ValueError(f"'{name}' has a schedule and a port, but a job that ends answers nobody. Keep one")
        return self

    @model_validator(mode="after")
    def _timeouts_in_order(self) -> Self:
        handler_s, edge_s = self.timeouts.handler_s, self.timeouts.edge_s
        for name, process in self.listening.items():
            if not handler_s < process.drain_s < edge_s:
                raise ValueError(
                    f"timeouts are out of order: handler_s {handler_s}, drain_s of '{name}' {process.drain_s}, edge_s "
                    f"{edge_s}. Write them so that handler_s < drain_s < edge_s"
                )
        return self

    @model_validator(mode="after")
    def _routes_reach_a_listener(self) -> Self:
        if self.routes is None:
            return self
        targets = {self.routes.read_process} | ({self.routes.write_process} if self.routes.writes else set())
        for target in sorted(targets - self.listening.keys()):
            raise ValueError(
                f"routes go to the process '{target}', which does not listen. "
                + did_you_mean(target, self.listening, "Processes with a port")
            )
        return self

    @model_validator(mode="after")
    def _needs_are_consistent(self) -> Self:
        for name in sorted(self.settings.keys() & self.secrets.keys()):
            raise ValueError(f"{name} is both a setting and a secret. Keep one of the two")
        if self.name in self.calls:
            raise ValueError(f"'{self.name}' calls itself. Remove it from calls")
        written = {use.name for use in self.stores.relational if use.access is Access.WRITE}
        if self.migrations is not None and self.migrations.database not in written:
            raise ValueError(
                f"migrations change the database '{self.migrations.database}', which the service does not write. "
                "Declare it under stores.relational with access: write"
            )
        return self

    @property
    def listening(self) -> Mapping[ProcessName, Process]:
        """The processes that answer HTTP."""
        return {name: process for name, process in self.processes.items() if process.port is not None}


def load_service(path: Path) -> Service:
    """Read one declaration. Raises ConfigError, which names file, line and key."""
    service = load_model(path, Service)
    if service.name != path.parent.name and service.image.source is ImageOrigin.KARST:
        message = f"is '{service.name}', but the folder is '{path.parent.name}'"
        raise ConfigError([service_checks.problem(path, "name", message, "Make them equal.")])
    return service


def load_services(directory: Path) -> dict[ServiceName, Service]:
    """Read `<directory>/*/service.yaml`, by name in order; check what only shows with all of them in sight.

    Raises ConfigError with every problem of every file.
    """
    problems: list[Problem] = []
    services: dict[Path, Service] = {}
    for path in sorted(directory.glob(f"*/{DECLARATION}")):
        try:
            services[path] = load_service(path)
        except ConfigError as error:
            problems += error.problems
    if not problems:
        problems += service_checks.problems(services)
    if problems:
        raise ConfigError(problems)
    return {service.name: service for service in sorted(services.values(), key=lambda each: each.name)}
