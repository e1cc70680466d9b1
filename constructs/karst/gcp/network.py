"""The private network of a deployment: its machines, databases and caches see each other, and nobody else sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from cdktn import ITerraformDependable
from cdktn_provider_google.compute_address import ComputeAddress
from cdktn_provider_google.compute_firewall import (
    ComputeFirewall,
    ComputeFirewallDeny,
    ComputeFirewallLogConfig,
)
from cdktn_provider_google.compute_global_address import ComputeGlobalAddress
from cdktn_provider_google.compute_network import ComputeNetwork
from cdktn_provider_google.compute_router import ComputeRouter
from cdktn_provider_google.compute_router_nat import ComputeRouterNat, ComputeRouterNatLogConfig
from cdktn_provider_google.compute_subnetwork import (
    ComputeSubnetwork,
    ComputeSubnetworkLogConfig,
    ComputeSubnetworkSecondaryIpRange,
)
from cdktn_provider_google.service_networking_connection import ServiceNetworkingConnection
from constructs import Construct

from karst.config.types import Manage


@dataclass(frozen=True, kw_only=True)
class SecondaryRange:
    """Addresses of a subnet that machines hand out further: to pods, or to Kubernetes services."""

    name: str
    cidr: str


@dataclass(frozen=True, kw_only=True)
class NetworkProps:
    """Names and address ranges. Ranges of a network in use cannot be changed without replacing what lives in them."""

    project: str
    region: str
    name: str
    subnet_name: str
    nodes_cidr: str
    pods: SecondaryRange
    services: SecondaryRange
    private_services: SecondaryRange
    """Set aside for Google's managed databases and caches, which live in a network of Google's."""
    kept: Sequence[SecondaryRange] = ()
    """Ranges of an imported subnet that others use; Google takes none out that is in use."""
    without_flow_logs_because: str | None = None
    """Sampled records of connections are on unless this says why not."""
    nat_addresses: Sequence[str] = ()
    """Names of addresses to reserve, under which machines reach the internet; Google's choice, day by day, where none
    is named."""
    manage: Manage = Manage.CREATE
    """An existing network is used as it is: its NAT and its private service access must be there already."""


class Network(Construct):
    """A network without a way in from the internet: one subnet, a way out (NAT), a link to Google's managed services.

    Promises: no address range is chosen by Google; whatever no rule allows is denied and logged; Google's APIs are
    reached without leaving Google. Surprise: nothing is let in at all; what has a port to open brings its own rule.
    """

    network_id: str
    subnet_id: str
    private_service_access: tuple[ITerraformDependable, ...]
    """What a private database or cache waits for; empty for an existing network."""

    def __init__(self, scope: Construct, id: str, props: NetworkProps) -> None:
        super().__init__(scope, id)
        if props.manage is Manage.EXISTING:
            self.network_id = f"projects/{props.project}/global/networks/{props.name}"
            self.subnet_id = f"projects/{props.project}/regions/{props.region}/subnetworks/{props.subnet_name}"
            self.private_service_access = ()
            return
        self._props = props
        network = ComputeNetwork(
            self,
            "vpc",
            project=props.project,
            name=props.name,
            auto_create_subnetworks=False,
            routing_mode="REGIONAL",
        )
        self.network_id = network.id
        self.subnet_id = self._add_subnet().id
        self._add_way_out()
        self._add_firewall()
        self.private_service_access = (self._add_private_service_access(),)

    def _add_subnet(self) -> ComputeSubnetwork:
        props = self._props
        flow_logs = ComputeSubnetworkLogConfig(
            aggregation_interval="INTERVAL_5_SEC", flow_sampling=0.5, metadata="INCLUDE_ALL_METADATA"
        )
        return ComputeSubnetwork(
            self,
            "subnet",
            project=props.project,
            region=props.region,
            network=self.network_id,
            name=props.subnet_name,
            ip_cidr_range=props.nodes_cidr,
            secondary_ip_range=[
                ComputeSubnetworkSecondaryIpRange(range_name=extra.name, ip_cidr_range=extra.cidr)
                for extra in (props.pods, props.services, *props.kept)
            ],
            private_ip_google_access=True,
            log_config=None if props.without_flow_logs_because else flow_logs,
        )

    def _add_way_out(self) -> None:
        props = self._props
        router = ComputeRouter(
            self,
            "router",
            project=props.project,
            region=props.region,
            network=self.network_id,
            name=f"{props.name}-router",
        )
        ComputeRouterNat(
            self,
            "nat",
            project=props.project,
            region=props.region,
            router=router.name,
            name=f"{props.name}-nat",
            nat_ip_allocate_option="MANUAL_ONLY" if props.nat_addresses else "AUTO_ONLY",
            nat_ips=[self._reserve(name) for name in sorted(props.nat_addresses)] or None,
            source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
            # Ingest opens thousands of connections to one storage host; a fixed share of ports would run out.
            enable_dynamic_port_allocation=True,
            enable_endpoint_independent_mapping=False,
            min_ports_per_vm=64,
            max_ports_per_vm=16384,
            log_config=ComputeRouterNatLogConfig(enable=True, filter="ERRORS_ONLY"),
        )

    def _reserve(self, name: str) -> str:
        props = self._props
        return ComputeAddress(
            self, f"nat-{name}", project=props.project, region=props.region, name=name, address_type="EXTERNAL"
        ).self_link

    def _add_firewall(self) -> None:
        props = self._props
        ComputeFirewall(
            self,
            "deny-ingress",
            project=props.project,
            network=self.network_id,
            name=f"{props.name}-deny-ingress",
            direction="INGRESS",
            # The last rule but the implied one, which denies the same without a record.
            priority=65534,
            source_ranges=["0.0.0.0/0"],
            deny=[ComputeFirewallDeny(protocol="all")],
            log_config=ComputeFirewallLogConfig(metadata="INCLUDE_ALL_METADATA"),
        )

    def _add_private_service_access(self) -> ServiceNetworkingConnection:
        props = self._props
        cidr = ip_network(props.private_services.cidr)
        allocation = ComputeGlobalAddress(
            self,
            "private-services-range",
            project=props.project,
            name=props.private_services.name,
            network=self.network_id,
            purpose="VPC_PEERING",
            address_type="INTERNAL",
            address=str(cidr.network_address),
            prefix_length=cidr.prefixlen,
        )
        return ServiceNetworkingConnection(
            self,
            "private-services",
            network=self.network_id,
            service="servicenetworking.googleapis.com",
            reserved_peering_ranges=[allocation.name],
        )
