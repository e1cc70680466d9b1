"""What a service needs from the deployment: settings, secrets, stores, migrations. Part of `service.yaml`.

Grants derive from the stores named here, and nothing else is granted.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from karst.config.base import Model

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=80)]
StoreName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]*$", max_length=60)]
"""What a store is for, not what it is called in the cloud: `skeleton`, `l2cache`, `edits`."""
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9._-]+)+$", max_length=200)]


class Access(StrEnum):
    """What a service may do with a store; `write` includes reading."""

    READ = "read"
    WRITE = "write"


class Scope(StrEnum):
    """Whether there is one such store in a deployment or one in each dataset."""

    DEPLOYMENT = "deployment"
    DATASET = "dataset"


class Direction(StrEnum):
    """Which end of a topic a service holds."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


class Setting(Model):
    """An environment variable that is no secret."""

    description: str = Field(
        min_length=1, description="What it is for, and its unit. Changes nothing.", examples=["Path of datasets.json"]
    )
    default: str | None = Field(
        default=None,
        description="What the deployment passes unless it says otherwise. A new default replaces the pods.",
        examples=["/etc/karst/datasets.json"],
    )
    template: str | None = Field(
        default=None,
        min_length=1,
        description="Computed from the deployment instead of `default`, in jinja2, with the values of "
        "`karst.upstream.values`; only for upstream images. A new value replaces the pods.",
        examples=["{{ global_host }}/auth"],
    )
    is_required: bool = Field(
        default=False,
        description="The service refuses to start without it. Making it so asks every deployment for a value.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.default is not None and self.template is not None:
            raise ValueError("default and template both give the value. Keep one of the two")
        return self


class Secret(Model):
    """A value from Secret Manager, mounted as a file of the variable's name."""

    description: str = Field(
        min_length=1, description="What it opens. Changes nothing.", examples=["Key that signs sessions"]
    )
    role: StoreName | None = Field(
        default=None,
        description="What it is called within the deployment, for services that share one; by default service and "
        "variable. Another role is another secret.",
        examples=["session-key"],
    )
    is_generated: bool = Field(
        default=False,
        description="A random value that the deployment makes; otherwise a person puts the value in. Changing it later "
        "replaces the value.",
        examples=[True],
    )
    is_required: bool = Field(
        default=True,
        description="Pods wait for it. Making it so asks every deployment for the secret.",
        examples=[False],
    )
    is_variable: bool = Field(
        default=False,
        description="An environment variable instead of a file, for upstream images that read nothing else. Changing "
        "it replaces the pods.",
        examples=[True],
    )


class StoreUse(Model):
    """One store and what the service does with it."""

    name: StoreName = Field(
        description="The store's role. Another one takes the old grant away and gives a new one.",
        examples=["skeleton", "authentication"],
    )
    access: Access = Field(
        default=Access.READ, description="What is granted. Narrowing it takes effect at once.", examples=["write"]
    )
    scope: Scope = Field(
        default=Scope.DEPLOYMENT,
        description="`dataset` grants on this store of every dataset. Changing it moves the grants.",
        examples=["dataset"],
    )
    creates_databases: bool = Field(
        default=False,
        description="True for whoever makes frozen copies of this whole database; only for relational stores, with "
        "access: write. Taking it away takes effect at once.",
        examples=[True],
    )


class MessageUse(Model):
    """One topic and the end of it that the service holds."""

    topic: StoreName = Field(
        description="The topic's role. Another one takes the old grant away and gives a new one.", examples=["edits"]
    )
    direction: Direction = Field(
        description="Which end the service holds. Changing it moves the grant.", examples=["publish"]
    )
    subscription: StoreName | None = Field(
        default=None,
        description="The subscription's role, for subscribers; by default the service's name. A new one starts empty.",
        examples=["remesh-high"],
    )


class StoreUses(Model):
    """Every store that the service touches, by kind."""

    relational: tuple[StoreUse, ...] = Field(
        default=(), description="PostgreSQL databases. Grants follow.", examples=[[{"name": "auth", "access": "write"}]]
    )
    documents: tuple[StoreUse, ...] = Field(
        default=(), description="Firestore databases. Grants follow.", examples=[[{"name": "clio", "access": "write"}]]
    )
    tables: tuple[StoreUse, ...] = Field(
        default=(), description="Bigtable tables. Grants follow.", examples=[[{"name": "l2cache", "scope": "dataset"}]]
    )
    objects: tuple[StoreUse, ...] = Field(
        default=(), description="Buckets. Grants follow.", examples=[[{"name": "skeleton", "access": "write"}]]
    )
    messages: tuple[MessageUse, ...] = Field(
        default=(), description="Topics. Grants follow.", examples=[[{"topic": "edits", "direction": "publish"}]]
    )
    cache: tuple[StoreUse, ...] = Field(
        default=(), description="Redis instances. Secrets and network policy follow.", examples=[[{"name": "global"}]]
    )
    analytics: tuple[StoreUse, ...] = Field(
        default=(), description="BigQuery datasets. Grants follow.", examples=[[{"name": "search", "scope": "dataset"}]]
    )

    @model_validator(mode="after")
    def _copies_are_databases(self) -> Self:
        for kind, use in self.all_of():
            if use.creates_databases and (kind != "relational" or use.access is not Access.WRITE):
                raise ValueError(
                    f"'{use.name}' under {kind} has creates_databases, which only whole databases with access: write "
                    "can have. Remove it"
                )
        return self

    def all_of(self) -> tuple[tuple[str, StoreUse], ...]:
        """Kind and use of each store but topics, which have ends instead of access."""
        kinds = ("relational", "documents", "tables", "objects", "cache", "analytics")
        return tuple((kind, use) for kind in kinds for use in getattr(self, kind))


class Migrations(Model):
    """A job that brings the service's database to the shape that its code expects."""

    command: tuple[str, ...] = Field(
        min_length=1,
        description="Program and arguments, run before new pods start. It must do nothing the second time.",
        examples=[["python", "-m", "karst_auth.migrate"]],
    )
    database: StoreName = Field(
        description="The relational store it changes, declared with access: write. A new one starts afresh.",
        examples=["auth"],
    )
    timeout_s: int = Field(
        default=600,
        ge=10,
        le=86400,
        description="Seconds after which the job has failed. Safe to raise.",
        examples=[600],
    )


class ConfigFile(Model):
    """A file that the deployment renders and mounts."""

    template: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*\.j2$")] = Field(
        description="The jinja2 template, relative to the declaration. Changed content replaces the pods.",
        examples=["config/instance.cfg.j2"],
    )
    is_secret: bool = Field(
        default=False,
        description="Renders values of secrets, so it is mounted from a secret. Changing it replaces the pods.",
        examples=[True],
    )
