"""What others wrote and a cluster runs for us."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from karst.config.base import Model

ChartRepository = Annotated[str, StringConstraints(pattern=r"^(https|oci)://[a-z0-9.-]+(:[0-9]+)?(/[\w./~-]*)?$")]


class Keda(Model):
    """The autoscaler for queues and requests (KEDA); installed only where a service scales by these."""

    repository: ChartRepository = Field(
        default="https://kedacore.github.io/charts",
        description="Helm repository with the chart `keda`; a mirror of your own where clusters may reach no other. "
        "Its images still come from where the chart says. Another one changes nothing while the version is the same.",
        examples=["oci://us-east4-docker.pkg.dev/lab-cave/charts"],
    )
    version: Annotated[str, StringConstraints(pattern=r"^2\.[0-9]{1,3}\.[0-9]{1,3}$")] = Field(
        default="2.20.2",
        description="Version of the chart. A new one replaces the autoscaler's pods; workloads keep their replicas.",
        examples=["2.20.2"],
    )
