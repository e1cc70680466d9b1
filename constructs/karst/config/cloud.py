"""Where a deployment stands: project, region, network, cluster, node pools."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from karst.config.addons import Keda
from karst.config.base import Model
from karst.config.machines import QuotaMetric
from karst.config.types import (
    Cidr,
    GenerationState,
    Manage,
    PoolName,
    ProjectId,
    ProjectNumber,
    Region,
    ResourceName,
    Zone,
    each_once,
)


class KeptRange(Model):
    """Addresses of a subnet that somebody else hands out, such as an older cluster."""

    name: ResourceName = Field(description="Name of the range in the subnet.", examples=["gke-daf-api-pods-0a1b2c3d"])
    cidr: Cidr = Field(description="Its addresses.", examples=["10.56.0.0/14"])


class Network(Model):
    """The private network that everything of the deployment shares."""

    manage: Manage = Field(
        default=Manage.CREATE, description="Who makes the network. Changing it later means an import."
    )
    name: ResourceName | None = Field(
        default=None,
        description="Name of the network; by default `<deployment>-network`. A new name replaces the network.",
        examples=["daf-api-network"],
    )
    subnet: ResourceName | None = Field(
        default=None,
        description="Name of the subnet; by default the network's name and `-sub`.",
        examples=["daf-api-network-sub"],
    )
    nodes: Cidr = Field(
        default="10.142.0.0/20", description="Addresses of nodes and load balancers. Fixed once nodes run."
    )
    pods: Cidr = Field(
        default="10.160.0.0/14", description="Addresses of pods, shared by all generations. Fixed once pods run."
    )
    services: Cidr = Field(
        default="10.143.0.0/18",
        description="Addresses set aside for Kubernetes services of a cluster that isn't Karst's. Its own generations "
        "use a range that GKE keeps outside of every network. Fixed once a cluster uses it.",
    )
    kept_ranges: tuple[KeptRange, ...] = Field(
        default=(),
        description="Further secondary ranges of an imported subnet, kept as they are while others use them. Google "
        "refuses to take one out that is in use.",
        max_length=28,
    )
    private_services: Cidr = Field(
        default="10.144.0.0/16",
        description="Addresses handed to managed databases and caches. Fixed once one of them exists.",
    )
    nat_addresses: Annotated[tuple[ResourceName, ...], AfterValidator(each_once)] = Field(
        default=(),
        description="Names of addresses, reserved for good, under which pods and nodes reach the internet; by default "
        "Google picks some that may change. Each carries about 64,000 connections to one host. Others see a new "
        "address after a change.",
        examples=[["lab-nat-a", "lab-nat-b"]],
        max_length=16,
    )
    flow_logs: bool = Field(
        default=True, description="Log a sample of connections of the subnet. Costs grow with traffic."
    )

    @model_validator(mode="after")
    def _own_way_out(self) -> Self:
        if self.manage is Manage.EXISTING and self.nat_addresses:
            raise ValueError(
                "the NAT of an existing network is made by its owner, addresses and all. Remove nat_addresses, or "
                "manage: existing"
            )
        return self

    @model_validator(mode="after")
    def _kept_apart(self) -> Self:
        if self.manage is Manage.EXISTING and self.kept_ranges:
            raise ValueError(
                "the subnet of an existing network keeps its ranges by itself. Remove kept_ranges, or manage: existing"
            )
        each_once(("pods", "services", *(kept.name for kept in self.kept_ranges)))
        return self


class NodePool(Model):
    """Machines of one kind; a workload names the pool on which it runs."""

    name: PoolName | None = Field(
        default=None, description="Name in the cluster; by default the key.", examples=["standard-pool"]
    )
    machine_type: str = Field(
        description="Compute Engine machine type. Changing it replaces the nodes one by one.",
        examples=["t2d-standard-4"],
        pattern=r"^[a-z0-9]+-[a-z0-9-]+$",
    )
    min_nodes: int = Field(
        default=0, ge=0, le=1000, description="Nodes per zone that always run; 0 lets the pool sleep."
    )
    max_nodes: int = Field(
        default=10, ge=1, le=1000, description="Nodes per zone at the most: the bound of what the pool costs."
    )
    disk_gib: int = Field(
        default=40, ge=10, le=65536, description="Boot disk of a node, in GiB. Changing it replaces the nodes."
    )
    spot: bool = Field(
        default=False, description="Cheap nodes that may vanish at any time: for work that can be repeated."
    )
    tainted: bool = Field(default=True, description="Only workloads that name the pool may use it.")

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min_nodes > self.max_nodes:
            raise ValueError(
                f"min_nodes {self.min_nodes} is above max_nodes {self.max_nodes}. Lower one or raise the other"
            )
        return self


def default_pools() -> dict[PoolName, NodePool]:
    """The pools that labs run today, with taints that are real and pools that may sleep."""
    return {
        "core": NodePool(machine_type="e2-standard-2", min_nodes=1, max_nodes=4, disk_gib=20, tainted=False),
        "lightweight": NodePool(machine_type="e2-standard-2", min_nodes=0, max_nodes=10, disk_gib=20, spot=True),
        "mesh": NodePool(machine_type="t2d-standard-4", min_nodes=0, max_nodes=50, disk_gib=40, spot=True),
        "standard": NodePool(machine_type="t2d-standard-4", min_nodes=1, max_nodes=10, disk_gib=40),
    }


class MaintenanceWindow(Model):
    """When Google may restart things."""

    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = Field(
        default="sunday", description="Day of the week, UTC."
    )
    hour: int = Field(
        default=8,
        ge=0,
        le=23,
        description="Hour at which the window opens, UTC. That of a cluster stays open twelve hours, the least that "
        "Google takes once a week.",
    )


class AuthorizedNetwork(Model):
    """Addresses from which people may reach the control plane."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)] = Field(
        description="Whose addresses they are.", examples=["lab-vpn"]
    )
    cidr: Cidr = Field(description="The addresses.", examples=["203.0.113.0/24"])


class Cluster(Model):
    """What all generations of the Kubernetes cluster have in common."""

    name: ResourceName | None = Field(
        default=None,
        description="Prefix of the clusters' names; by default the deployment's name.",
        examples=["daf-api"],
    )
    regional: bool | None = Field(
        default=None,
        description="Spread the control plane over the region; by default in tier `prod`. Changing it, or the tier, "
        "replaces the clusters.",
    )
    release_channel: Literal["STABLE", "REGULAR"] = Field(
        default="STABLE", description="How soon new versions of Kubernetes come."
    )
    authorized_networks: tuple[AuthorizedNetwork, ...] = Field(
        default=(), description="Who reaches the control plane beside the Connect Gateway; none by default."
    )
    vertical_pod_autoscaling: bool = Field(default=True, description="Record what pods use, to suggest requests.")
    binary_authorization: bool = Field(
        default=False, description="Admit only attested images; needs a policy in the project."
    )
    security_group: str | None = Field(
        default=None,
        description="Google group whose members get Kubernetes roles by group.",
        examples=["gke-security-groups@example.org"],
        pattern=r"^gke-security-groups@[^@\s]+$",
    )
    maintenance: MaintenanceWindow = Field(
        default=MaintenanceWindow(), description="When Google may upgrade the cluster."
    )
    keda: Keda = Field(default=Keda(), description="The autoscaler for queues and requests.")


class Generation(Model):
    """One cluster of the deployment; an upgrade brings a second and moves traffic over to it."""

    state: GenerationState = Field(
        description="`standby` runs without schedulers and queue workers, `active` runs them, `draining` finishes "
        "its work, `retired` is no longer protected, `removed` is deleted by the next deployment."
    )
    control_plane: Cidr | None = Field(
        default=None,
        description="Addresses of the control plane, a /28 that nothing else uses; by default private service connect.",
        examples=["172.16.0.0/28"],
    )
    version: str | None = Field(
        default=None,
        description="Pins the least version of Kubernetes; by default the channel's.",
        examples=["1.34"],
        pattern=r"^1\.[0-9]{2}(\.[0-9]+)?$",
    )


class Cloud(Model):
    """The Google Cloud project of the deployment and what stands in it."""

    project: ProjectId = Field(
        description="Id of the project. Moving a deployment means a new one.", examples=["lab-cave"]
    )
    project_number: ProjectNumber = Field(
        description="Number of the same project, in quotes; names of service agents contain it.",
        examples=["123456789012"],
    )
    manage: Manage = Field(
        default=Manage.CREATE,
        description="Who enables the project's services: exactly one deployment of a project does.",
    )
    region: Region = Field(
        description="Region of everything; best that of the data. Fixed once data stands.", examples=["us-east4"]
    )
    zone: Zone = Field(description="Zone of what lives in one zone. Must lie in the region.", examples=["us-east4-a"])
    zones: Annotated[tuple[Zone, ...], AfterValidator(each_once)] = Field(
        default=(),
        description="Zones of the nodes and of their endpoint groups; by default the one zone.",
        max_length=4,
    )
    network: Network = Field(default=Network(), description="The private network.")
    cluster: Cluster = Field(default=Cluster(), description="What all generations of the cluster share.")
    pools: dict[PoolName, NodePool] = Field(
        default_factory=default_pools,
        description="Node pools by name; naming one replaces the set, so name all that you use.",
        max_length=12,
    )
    quotas: dict[QuotaMetric, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict,
        description="What Google lets the project use in the region, by the quota's name; what the pools may grow to "
        "is checked against it. Only those listed are.",
        examples=[{"CPUS": 72, "T2D_CPUS": 1200, "SSD_TOTAL_GB": 8192}],
    )

    @property
    def node_zones(self) -> tuple[str, ...]:
        """The zones in which nodes run, sorted."""
        return tuple(sorted(set(self.zones))) or (self.zone,)
