"""Everything a stack is built from: one deployment, its datasets, what it runs, and the names of it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from karst.config.dataset import Dataset
from karst.config.deployment import Deployment
from karst.config.types import DatasetState, Kind, Tier
from karst.derived.workloads import Workload
from karst.naming import Names


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """One deployment, checked and joined with the services it runs; stacks read nothing else."""

    deployment: Deployment
    datasets: tuple[Dataset, ...]
    """In order of their names, removed ones included: their stacks stay until they are empty."""
    workloads: tuple[Workload, ...]

    @property
    def names(self) -> Names:
        """The deployment's names."""
        return Names(self.deployment)

    @property
    def is_production(self) -> bool:
        """Whether what holds data is spread over zones."""
        return self.deployment.tier is Tier.PROD

    @property
    def live_datasets(self) -> tuple[Dataset, ...]:
        """Datasets whose stacks hold something."""
        return tuple(one for one in self.datasets if one.state is not DatasetState.REMOVED)

    def has(self, *kinds: Kind) -> bool:
        """Whether the deployment has any of these kinds."""
        return bool(self.deployment.kinds & set(kinds))

    @property
    def emails(self) -> Mapping[str, str]:
        """Address of each workload's service account, by the workload's name, for stacks that do not make them."""
        return {workload.name: self.names.service_account(workload.name) for workload in self.workloads}
