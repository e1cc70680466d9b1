"""How a service runs: processes, scaling, resources, health, timeouts, image. Part of `service.yaml`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from karst.config.base import Model
from karst.config.types import CpuQuantity, Cron, MemoryQuantity, PoolName, Version

ProcessName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", max_length=20)]
UrlPath = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._~/-]*$", max_length=200)]
"""A path of a URL without templates: `/health/live`."""
ImageRepository = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._/-]*[a-z0-9]$", max_length=255)]


class ScalingSignal(StrEnum):
    """What tells that more replicas are needed."""

    CPU = "cpu"
    MEMORY = "memory"
    REQUESTS = "requests"
    QUEUE = "queue"


class Runtime(StrEnum):
    """Where a service runs: in the generations of the cluster, or on Cloud Run beside them."""

    GKE = "gke"
    CLOUDRUN = "cloudrun"


class ImageOrigin(StrEnum):
    """Whose image runs: the one built from `services_src/`, or the one that upstream publishes."""

    KARST = "karst"
    UPSTREAM = "upstream"


MOST_CPU_PERCENT = 300
"""Of the processor time that a replica reserves: it may take more, as long as its node has some to spare."""
_MOST_PERCENT = {ScalingSignal.CPU: MOST_CPU_PERCENT, ScalingSignal.MEMORY: 100}


class Scaling(Model):
    """How many replicas run, and what decides between the bounds."""

    min_replicas: int = Field(
        default=1,
        ge=0,
        le=100,
        description="Replicas that always run; 0 lets the process sleep. A deployment may override it.",
        examples=[2],
    )
    max_replicas: int = Field(
        default=4,
        ge=1,
        le=1000,
        description="Replicas at the most: the bound of what it costs. A deployment may override it.",
        examples=[10],
    )
    signal: ScalingSignal = Field(
        default=ScalingSignal.CPU,
        description="What is measured; a new signal replaces the autoscaler, pods keep running.",
        examples=["cpu", "queue"],
    )
    target: int = Field(
        default=60,
        ge=1,
        le=10000,
        description="Percent of what a replica reserves for `cpu` (up to 300, for processor time has no limit) and "
        "`memory` (up to 100); requests in flight, or waiting messages, a replica for the others. A lower value adds "
        "replicas sooner.",
        examples=[60],
    )
    queue: str | None = Field(
        default=None,
        description="The subscription or Celery queue whose depth counts; only with signal `queue`.",
        examples=["remesh-high"],
        min_length=1,
        max_length=100,
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError(
                f"min_replicas {self.min_replicas} is above max_replicas {self.max_replicas}. "
                "Lower one or raise the other"
            )
        if (self.signal is ScalingSignal.QUEUE) != (self.queue is not None):
            raise ValueError("signal 'queue' and the key queue belong together. Write both or neither")
        most = _MOST_PERCENT.get(self.signal)
        if most is not None and self.target > most:
            raise ValueError(
                f"target {self.target} is out of reach. Write 1 to {most}, percent of what a replica reserves, for "
                f"signal '{self.signal}'"
            )
        return self


class Resources(Model):
    """What one replica gets."""

    cpu: CpuQuantity = Field(
        description="Processor time that is reserved. There is no limit: a throttled server answers late. "
        "A new value replaces the pods one by one.",
        examples=["250m"],
    )
    memory: MemoryQuantity = Field(
        description="Memory that is reserved. A new value replaces the pods one by one.", examples=["256Mi"]
    )
    memory_limit: MemoryQuantity | None = Field(
        default=None,
        description="Memory at which a replica is killed; by default what is reserved. A new value replaces the pods.",
        examples=["512Mi"],
    )

    @model_validator(mode="after")
    def _limit_not_below_request(self) -> Self:
        if self.memory_limit is not None and mebibytes(self.memory_limit) < mebibytes(self.memory):
            raise ValueError(f"memory_limit {self.memory_limit} is below memory {self.memory}. Raise the limit")
        return self


def mebibytes(quantity: MemoryQuantity) -> int:
    """`2Gi` as 2048."""
    return int(quantity[:-2]) * (1024 if quantity.endswith("Gi") else 1)


class Process(Model):
    """One kind of replica of the service: its web server, a queue worker, a scheduler."""

    command: tuple[str, ...] = Field(
        default=(),
        description="Program and arguments, no shell; by default what the image starts. A new one replaces the pods.",
        examples=[["python", "-m", "karst_landing"]],
    )
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port on which it answers HTTP; leave it out for workers. Our images use 8080. Changing it moves "
        "the Service and the load balancer's endpoints along.",
        examples=[8080],
    )
    scaling: Scaling = Field(default=Scaling(), description="Replicas, by load.", examples=[{"min_replicas": 2}])
    resources: Resources = Field(description="What a replica gets.", examples=[{"cpu": "250m", "memory": "256Mi"}])
    pool: PoolName = Field(
        default="core",
        description="The node pool on which it runs; another one moves the pods.",
        examples=["core", "mesh"],
    )
    drain_s: int = Field(
        default=45,
        ge=1,
        le=7200,
        description="Seconds to finish its work before a replica is killed. A server goes on taking requests in what "
        "they leave beside `timeouts.handler_s`, for up to the 40 in which the load balancer still sends some. "
        "Longer drains make roll-outs slower.",
        examples=[45],
    )
    schedule: Cron | None = Field(
        default=None,
        description="Runs then and ends, instead of always; one run at a time. Leave it out for servers and workers. "
        "A new one replaces the job.",
        examples=["0 17 * * *"],
    )
    runs_first: bool = Field(
        default=False,
        description="True for a program that runs once and ends, in every generation, before other workloads start "
        "that use a relational store; where it fails, they don't. Changing it moves the program.",
        examples=[True],
    )
    runs_last: bool = Field(
        default=False,
        description="True for a program that runs once and ends, in every generation, after a roll-out of the services "
        "that it calls; it waits until they answer. Changing it moves the program.",
        examples=[True],
    )
    is_generation_bound: bool = Field(
        default=False,
        description="True for schedulers, queue workers and whatever else acts by itself: they run in the active "
        "generation only (and finish their work in a draining one). Changing it starts or stops them in standby "
        "generations.",
        examples=[True],
    )
    is_scheduler: bool = Field(
        default=False,
        description="True for the program that starts materializations at their hours: exactly one replica, which "
        "stops before the next starts, and none while `materialization.paused`. Changing it changes how new versions "
        "take over.",
        examples=[True],
    )

    @property
    def runs_once(self) -> bool:
        """Whether an apply waits for its end."""
        return self.runs_first or self.runs_last

    @model_validator(mode="after")
    def _once_ends(self) -> Self:
        if not self.runs_once:
            return self
        word = "first" if self.runs_first else "last"
        if self.port is not None or self.schedule is not None or (self.runs_first and self.runs_last):
            raise ValueError(f"what runs {word} only ends. Of port, schedule, runs_first and runs_last keep one")
        if self.is_generation_bound or self.is_scheduler:
            raise ValueError(f"what runs {word} does so in every generation. Remove its other flags, or runs_{word}")
        return self

    @model_validator(mode="after")
    def _one_scheduler(self) -> Self:
        if not self.is_scheduler:
            return self
        if not self.is_generation_bound:
            raise ValueError(
                "a scheduler in two generations would start everything twice. Add is_generation_bound: true"
            )
        if self.schedule is not None or self.port is not None:
            raise ValueError("a scheduler neither ends nor answers requests. Remove schedule and port, or is_scheduler")
        if self.scaling.min_replicas != 1 or self.scaling.max_replicas != 1:
            raise ValueError(
                "two schedulers would start everything twice. Write scaling: {min_replicas: 1, max_replicas: 1}"
            )
        return self


class Health(Model):
    """Where the service says how it is; each path answers GET without credentials."""

    live: UrlPath = Field(
        description="Answers as long as the process works, without any I/O; failing restarts the replica. Change it "
        "together with the route.",
        examples=["/health/live"],
    )
    ready: UrlPath = Field(
        description="Answers when the replica can serve, quickly; failing takes it out of rotation. Change it together "
        "with the route.",
        examples=["/health/ready"],
    )
    startup: UrlPath | None = Field(
        default=None,
        description="Asked first, until it answers once; by default `live`. Change it together with the route.",
        examples=["/health/live"],
    )


class Timeouts(Model):
    """How long a request may take, from the inside out: handler < drain of the process < edge."""

    handler_s: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="Seconds for one request before a handler answers 504. Raising it may ask for longer drains.",
        examples=[30],
    )
    edge_s: int = Field(
        default=60,
        ge=1,
        le=7200,
        description="Seconds the load balancer waits for the answer. Changing it changes the edge only.",
        examples=[60],
    )


class Image(Model):
    """Which image runs."""

    source: ImageOrigin = Field(
        default=ImageOrigin.KARST,
        description="`karst` is built from source, its tag is the source's hash; `upstream` is published by others."
        " Changing it replaces every pod of the service.",
        examples=["karst"],
    )
    repository: ImageRepository | None = Field(
        default=None,
        description="Where upstream publishes it; only with source `upstream`. A new one replaces the pods.",
        examples=["docker.io/caveconnectome/annotationframeworkinfoservice"],
    )
    version: Version | None = Field(
        default=None,
        description="Upstream's tag; only with source `upstream`. A new one replaces the pods.",
        examples=["v4.5.2"],
    )

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.source is ImageOrigin.UPSTREAM and not (self.repository and self.version):
            raise ValueError("an upstream image lacks its name. Write repository and version")
        if self.source is ImageOrigin.KARST and (self.repository or self.version):
            raise ValueError("an image of ours takes its name from its source. Remove repository and version")
        if self.version == "latest":
            raise ValueError("version 'latest' means another image every day. Write the tag of a release")
        return self
