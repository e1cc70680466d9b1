"""The one way from outside to pods: Google's load balancer, and the health checks it relies on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cdktn_provider_google.compute_firewall import ComputeFirewall, ComputeFirewallAllow, ComputeFirewallLogConfig
from constructs import Construct

from karst.gcp.members import email_of

GOOGLE_HEALTH_CHECKERS = ("130.211.0.0/22", "35.191.0.0/16")
"""From here Google's load balancers probe and reach their back ends."""
_EXTENSION_PORTS = ("6443", "8443", "9443")
"""Where pods extend the Kubernetes API itself: metrics of autoscalers, checks of what is declared."""
_LAST_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class ClusterFirewallProps:
    """Which ports of which machines are opened to whom."""

    project: str
    network: str
    name: str
    """Beginning of the rules' names."""
    node_account: str
    """Rules hold for machines that run as this account, whatever pool they are of."""
    ports: Collection[int]
    """Ports of pods that the load balancer reaches; with none, nothing is opened to it."""
    control_plane: str | None = None
    """Addresses of a control plane that has its own; one inside the subnet is let in by GKE's own rules."""


class ClusterFirewall(Construct):
    """Lets the load balancer reach pods in endpoint groups, and the control plane the pods that extend it.

    Promises: named ports only, on this deployment's nodes only; what comes in is logged.
    """

    def __init__(self, scope: Construct, id: str, props: ClusterFirewallProps) -> None:
        super().__init__(scope, id)
        if wrong := sorted(port for port in props.ports if not 0 < port <= _LAST_PORT):
            raise ValueError(f"{wrong} are no ports: write 1 to {_LAST_PORT}")
        self._props = props
        if props.ports:
            ports = [str(port) for port in sorted(set(props.ports))]
            self._allow("allow-load-balancer", GOOGLE_HEALTH_CHECKERS, ports)
        if props.control_plane is not None:
            self._allow("allow-control-plane", (props.control_plane,), _EXTENSION_PORTS)

    def _allow(self, purpose: str, sources: Collection[str], ports: Collection[str]) -> None:
        ComputeFirewall(
            self,
            purpose,
            project=self._props.project,
            network=self._props.network,
            name=f"{self._props.name}-{purpose}",
            direction="INGRESS",
            priority=1000,
            source_ranges=list(sources),
            target_service_accounts=[email_of(self._props.node_account)],
            allow=[ComputeFirewallAllow(protocol="tcp", ports=list(ports))],
            log_config=ComputeFirewallLogConfig(metadata="INCLUDE_ALL_METADATA"),
        )
