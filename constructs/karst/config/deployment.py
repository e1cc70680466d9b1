"""A deployment: `environments/<name>/deployment.yaml`."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from karst.config import programs, running
from karst.config.base import Model
from karst.config.ci import Ci
from karst.config.cloud import Cloud, Generation
from karst.config.edge import Dns, Edge, GlobalHost, StateBucket, Tls, Viewer
from karst.config.materialization import Materialization
from karst.config.stores import Stores
from karst.config.types import (
    DeploymentName,
    Email,
    GenerationName,
    GenerationState,
    Kind,
    Label,
    LabelKey,
    ServiceName,
    Tier,
)


class Budget(Model):
    """A monthly sum; people hear of it at 50, 90 and 100 percent."""

    billing_account: Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$")] = Field(
        description="Billing account.", examples=["012345-6789AB-CDEF01"]
    )
    monthly: int = Field(ge=1, description="Sum a month, in the account's currency.")
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(
        default="USD", description="The account's currency."
    )


class Alerts(Model):
    """Who hears of trouble."""

    emails: tuple[Email, ...] = Field(
        default=(), description="Addresses that hear of failures and costs.", examples=[["ops@example.org"]]
    )


class ResourceImport(Model):
    """A resource that exists and comes under Karst's care as it is."""

    stack: str = Field(description="Stack that will hold it.", examples=["api-foundation"])
    address: Annotated[str, StringConstraints(pattern=r"^google_[a-z0-9_]+\.[a-z0-9_]+$")] = Field(
        description="Address in that stack; `karst explain STACK` prints them.",
        examples=["google_sql_database_instance.sql__server__instance"],
    )
    id: str = Field(
        min_length=1,
        description="Id with which the provider finds it.",
        examples=["projects/lab-cave/instances/daf-api"],
    )


class Extra(Model):
    """What an imported deployment had and nothing here reads, kept for the record."""

    env: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][0-9A-Za-z_]*$", max_length=200)], str] = Field(
        default_factory=dict,
        description="Variables by name, as they were. Changes nothing; take out what nobody misses.",
        examples=[{"LAB_CONTACT": "room 12"}],
    )


class Deployment(Stores):
    """One installation of the platform: where it stands, what it runs, how it is reached."""

    name: DeploymentName = Field(
        description="Name, equal to the folder's; resources are named after it. It can't be changed.", examples=["api"]
    )
    kinds: frozenset[Kind] = Field(
        min_length=1, description="What it runs: any of global, local, clio.", examples=[["global", "local"]]
    )
    tier: Tier = Field(default=Tier.PROD, description="`prod` spreads what holds data over zones, `dev` costs less.")
    description: str = Field(default="", max_length=300, description="One line for people.")
    gcp: Cloud = Field(description="Project, region, network, cluster.")
    state: StateBucket | None = Field(
        default=None,
        description="Where Terraform keeps what it knows; without it in a local folder, which only a trial should do.",
    )
    ci: Ci | None = Field(
        default=None,
        description="The repository whose workflows plan and deploy; without it only people do, on their machines.",
    )
    generations: dict[GenerationName, Generation] = Field(
        default_factory=lambda: {"blue": Generation(state=GenerationState.ACTIVE)},
        description="Clusters of the deployment; exactly one is active.",
        max_length=4,
    )
    dns: Dns = Field(description="Host names.")
    tls: Tls = Field(default=Tls(), description="The issuer that an imported deployment had; kept for the record.")
    edge: Edge = Field(default=Edge(), description="Load balancer.")
    global_: GlobalHost | None = Field(
        default=None, alias="global", description="Global services of a local deployment."
    )
    viewer: Viewer = Field(default=Viewer(), description="Default viewer.")
    labels: dict[LabelKey, Label] = Field(
        default_factory=dict,
        description="Labels of all resources, for costs.",
        examples=[{"owner": "lab"}],
        max_length=32,
    )
    alerts: Alerts = Field(default=Alerts(), description="Who hears of trouble.")
    budget: Budget | None = Field(default=None, description="A monthly sum.")
    imports: tuple[ResourceImport, ...] = Field(
        default=(), description="Existing resources that come under Karst's care."
    )
    images: running.Images = Field(default=running.Images(), description="Registry of upstream's images.")
    services: dict[ServiceName, running.ServiceChoice] = Field(
        default_factory=dict, description="Deviations from what services declare."
    )
    secrets: running.Secrets = Field(default=running.Secrets(), description="Secrets that somebody else made.")
    auth: programs.Auth = Field(default=programs.Auth(), description="Signing in.")
    nglstate: programs.NglState = Field(default=programs.NglState(), description="Shared links.")
    annotation: programs.Annotation = Field(default=programs.Annotation(), description="Annotation service.")
    materialization: Materialization = Field(default=Materialization(), description="Frozen versions of annotations.")
    pychunkedgraph: programs.PyChunkedGraph = Field(default=programs.PyChunkedGraph(), description="Supervoxel graph.")
    l2cache: programs.L2Cache = Field(default=programs.L2Cache(), description="Level-2 statistics.")
    skeletoncache: programs.SkeletonCache = Field(default=programs.SkeletonCache(), description="Skeletons.")
    guidebook: programs.Guidebook = Field(default=programs.Guidebook(), description="Guidebook.")
    dash: programs.Dash = Field(default=programs.Dash(), description="Interactive tables.")
    tourguide: programs.Tourguide = Field(default=programs.Tourguide(), description="Links from rules.")
    pmanagement: programs.Pmanagement = Field(default=programs.Pmanagement(), description="Management of proofreading.")
    proxy: programs.Proxy = Field(default=programs.Proxy(), description="Proxy of buckets.")
    canary: programs.Canary = Field(default=programs.Canary(), description="Watch.")
    clio: programs.Clio = Field(default=programs.Clio(), description="Connectomics store.")
    extra: Extra = Field(default=Extra(), description="What an imported deployment had and nothing here reads.")

    @model_validator(mode="after")
    def _global_host(self) -> Self:
        if Kind.LOCAL in self.kinds and Kind.GLOBAL not in self.kinds and self.global_ is None:
            raise ValueError(
                "a local deployment needs the host of its global one. Write global: {host: global.example.org}"
            )
        if Kind.GLOBAL in self.kinds and self.global_ is not None:
            raise ValueError(
                "this deployment runs the global services itself. Remove global, or take global out of kinds"
            )
        return self

    @property
    def active_generation(self) -> str | None:
        """Name of the generation that runs schedulers and queue workers."""
        return next(
            (name for name, one in sorted(self.generations.items()) if one.state is GenerationState.ACTIVE), None
        )

    @property
    def host(self) -> str:
        """The deployment's own host name."""
        return f"{self.name}.{self.dns.domain}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """All host names, the own one first."""
        return tuple(dict.fromkeys((self.host, *(extra.name for extra in self.dns.hostnames))))

    @property
    def global_host(self) -> str | None:
        """Host of the global services, where the deployment has any."""
        if Kind.GLOBAL in self.kinds:
            return self.host
        return self.global_.host if self.global_ else None

    @property
    def runs_cluster(self) -> bool:
        """Whether any of its kinds needs Kubernetes."""
        return bool(self.kinds & {Kind.GLOBAL, Kind.LOCAL})
