"""Names inside a cluster, known before it exists: namespaces, service accounts, Services, endpoint groups.

Workload identity knows one pool of identities a project, whatever clusters stand in it. Namespaces therefore carry
deployment and generation: so no deployment's pods can act as another's, and removing a generation takes away only the
identities of its own pods.
"""

from __future__ import annotations

from dataclasses import dataclass

from karst.config.deployment import Deployment
from karst.config.service_runtime import ImageOrigin
from karst.derived.workloads import Workload
from karst.name_forms import shorten
from karst.naming import Names

_LONGEST_OBJECT = 50
"""Pods add their own endings to the name of what made them; 63 characters are the end."""


@dataclass(frozen=True, kw_only=True)
class ClusterNames:
    """Names in one generation's cluster of a deployment."""

    of: Deployment
    generation: str

    @property
    def cluster(self) -> str:
        """The cluster, and its membership of the fleet."""
        return Names(self.of).cluster(self.generation)

    @property
    def ours(self) -> str:
        """Namespace of our own services, under the strictest rules."""
        return f"{self.of.name}-{self.generation}"

    @property
    def upstream(self) -> str:
        """Namespace of upstream's images, which need exceptions."""
        return f"{self.ours}-upstream"

    @property
    def addons(self) -> str:
        """Namespace of KEDA."""
        return f"{self.ours}-addons"

    def namespace(self, workload: Workload) -> str:
        """Where a workload's pods run."""
        return self.upstream if workload.service.image.source is ImageOrigin.UPSTREAM else self.ours

    def host(self, workload: Workload, process: str) -> str:
        """Name at which other pods of the cluster reach a process that listens."""
        return f"{object_name(workload, process)}.{self.namespace(workload)}.svc.cluster.local"

    def endpoint_group(self, workload: Workload, process: str) -> str:
        """Network endpoint group of a process: one of this name in each zone of the nodes."""
        return Names(self.of).endpoint_group(self.generation, object_name(workload, process))


def object_name(workload: Workload, process: str) -> str:
    """Name of a process's Deployment, Service or CronJob: the service's own for the process that stands for it."""
    return (
        workload.name if process == main_process(workload) else shorten(f"{workload.name}-{process}", _LONGEST_OBJECT)
    )


def main_process(workload: Workload) -> str:
    """The process that stands for a service: the one that answers its reads, else the first by name."""
    service = workload.service
    if service.routes is not None:
        return service.routes.read_process
    return min(service.listening or service.processes)
