"""How a service runs: its program, copies, resources, settings and secrets."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from karst.config.base import Model
from karst.config.service_runtime import MOST_CPU_PERCENT
from karst.config.types import (
    AccountId,
    CpuQuantity,
    MemoryQuantity,
    PoolName,
    SecretRef,
    ServiceName,
    Version,
)

Registry = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$", max_length=200)]


class ImageChoice(Model):
    """Which program stands behind a service."""

    source: Literal["karst", "upstream"] = Field(
        default="karst", description="Our program, built from this repository, or upstream's image."
    )
    version: Version | None = Field(
        default=None, description="Version of upstream's image; ours is its content.", examples=["v5.26.4"]
    )

    @model_validator(mode="after")
    def _versioned(self) -> Self:
        if self.source == "upstream" and self.version is None:
            raise ValueError("an upstream image needs its version. Write version: v1.2.3")
        if self.version == "latest":
            raise ValueError("latest is another image tomorrow, and no plan would show it. Write version: v1.2.3")
        if self.source == "karst" and self.version is not None:
            raise ValueError(
                "our own image has no version, its content names it. Remove version, or write source: upstream"
            )
        return self


class Scaling(Model):
    """How many copies run."""

    min: int = Field(default=1, ge=0, le=1000, description="Copies that always run; 0 lets workers of a queue sleep.")
    max: int = Field(default=3, ge=1, le=1000, description="Copies at the most.")
    target_cpu: int | None = Field(
        default=None,
        ge=10,
        le=MOST_CPU_PERCENT,
        description="Processor use, in percent of what a copy reserves, at which another starts. Over 100 it counts on "
        "what nodes have to spare.",
    )

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min > self.max:
            raise ValueError(
                f"min {self.min} is above max {self.max}. Lower min or raise max; enabled: false stops a service"
            )
        return self


class Resources(Model):
    """What one copy asks for and may take."""

    cpu: CpuQuantity | None = Field(default=None, description="Processor that is reserved.", examples=["500m"])
    memory: MemoryQuantity | None = Field(default=None, description="Memory that is reserved.", examples=["1Gi"])
    memory_limit: MemoryQuantity | None = Field(
        default=None, description="Memory at which it is stopped; by default the reservation.", examples=["2Gi"]
    )


class ServiceChoice(Model):
    """Deviations from what a service declares about itself; all of it may be left out."""

    enabled: bool | None = Field(
        default=None, description="Whether it runs; by default when the deployment's kinds need it."
    )
    runtime: Literal["gke", "cloudrun"] | None = Field(
        default=None, description="Where it runs; by default what it declares."
    )
    image: ImageChoice | None = Field(default=None, description="Which program stands behind it.")
    scaling: Scaling | None = Field(default=None, description="How many copies run.")
    resources: Resources | None = Field(default=None, description="What one copy takes.")
    pool: PoolName | None = Field(default=None, description="Node pool on which it runs.", examples=["standard"])
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] | None = Field(
        default=None, description="How much it logs."
    )
    account: AccountId | None = Field(
        default=None,
        description="Id of its Google service account, where an imported one goes on being used; by default "
        "`<deployment>-<service>`. A new one is a new account, without what others granted the old one.",
        examples=["daf-auth-api"],
    )
    env: dict[Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")], str] = Field(
        default_factory=dict,
        description="Further environment variables; secrets go under `secrets`.",
        examples=[{"ZSTD_THREADS": "4"}],
    )
    secrets: dict[Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")], SecretRef] = Field(
        default_factory=dict,
        description="Further settings whose values stand in Secret Manager.",
        examples=[{"API_KEY": "secret:api-key"}],
    )


class Images(Model):
    """Where images come from; ours stand in the deployment's own registry."""

    fallback: Literal["off", "upstream"] = Field(
        default="off",
        description="What becomes of a service that has no source of ours: it stays off, or upstream's image runs at "
        "the version it declares.",
    )

    registry: Registry = Field(
        default="docker.io/caveconnectome", description="Registry and folder of upstream's images."
    )


class ExtraSecret(Model):
    """A secret file that a service reads from another project."""

    name: Annotated[str, StringConstraints(pattern=r"^\.?[A-Za-z0-9_-][A-Za-z0-9._-]*$", max_length=120)] = Field(
        description="File name, which no file that Karst writes for the same service has.",
        examples=["lab-google-secret.json"],
    )
    secret: SecretRef = Field(description="Where its content stands.", examples=["secret:lab-bucket-reader"])
    services: tuple[ServiceName, ...] = Field(
        default=(), description="Services that read it; those of the supervoxel graph by default."
    )


class Secrets(Model):
    """Secrets that somebody else made."""

    service_token: SecretRef | None = Field(
        default=None,
        description="Token with which local services speak to the global ones; generated where these are ours.",
    )
    extra: tuple[ExtraSecret, ...] = Field(default=(), description="Secret files of other projects.")
