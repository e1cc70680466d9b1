"""Ids of the stacks of a deployment: what `cdktf deploy` is told, and folders of state are called."""

from __future__ import annotations

from dataclasses import dataclass

from karst.name_forms import dashed


@dataclass(frozen=True, kw_only=True)
class StackNames:
    """Ids of a deployment's stacks; the edge carries the deployment's own name."""

    deployment: str

    @property
    def foundation(self) -> str:
        """What lives for years."""
        return f"{self.deployment}-foundation"

    def dataset(self, dataset: str) -> str:
        """What lives as long as a dataset."""
        return f"{self.deployment}-data-{dashed(dataset)}"

    def cluster(self, generation: str) -> str:
        """One generation's cluster."""
        return f"{self.deployment}-cluster-{generation}"

    def addons(self, generation: str) -> str:
        """Third-party charts of a generation."""
        return f"{self.deployment}-addons-{generation}"

    def apps(self, generation: str) -> str:
        """Workloads of a generation."""
        return f"{self.deployment}-apps-{generation}"

    @property
    def run(self) -> str:
        """Cloud Run services."""
        return f"{self.deployment}-run"

    @property
    def edge(self) -> str:
        """Load balancer, routes and aliases."""
        return self.deployment
