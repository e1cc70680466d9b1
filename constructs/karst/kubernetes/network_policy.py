"""Who may open connections to which pods, and where these may open some themselves. Answers need no rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktn import ITerraformDependable
from cdktn_provider_kubernetes.network_policy_v1 import (
    NetworkPolicyV1,
    NetworkPolicyV1Metadata,
    NetworkPolicyV1Spec,
    NetworkPolicyV1SpecEgress,
    NetworkPolicyV1SpecEgressPorts,
    NetworkPolicyV1SpecEgressTo,
    NetworkPolicyV1SpecEgressToIpBlock,
    NetworkPolicyV1SpecEgressToNamespaceSelector,
    NetworkPolicyV1SpecEgressToPodSelector,
    NetworkPolicyV1SpecIngress,
    NetworkPolicyV1SpecIngressFrom,
    NetworkPolicyV1SpecIngressFromIpBlock,
    NetworkPolicyV1SpecIngressFromNamespaceSelector,
    NetworkPolicyV1SpecIngressFromPodSelector,
    NetworkPolicyV1SpecIngressPorts,
    NetworkPolicyV1SpecPodSelector,
)
from constructs import Construct

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""Kubernetes puts it on every namespace itself, so nobody can pretend to be another."""
LOAD_BALANCER_RANGES = ("130.211.0.0/22", "35.191.0.0/16")
"""From here Google's load balancers send requests and ask for health."""
_PRIVATE_RANGES = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
_METADATA_SERVER = "169.254.169.254/32"
_NODE_DNS = "169.254.20.10/32"
_DNS_PORT, _METADATA_PORT, _HTTPS_PORT = 53, 80, 443


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Pods of a namespace, of this cluster."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """All of the namespace's by default."""


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """A range of addresses."""

    cidr: str
    without: Sequence[str] = ()


Peer = Pods | Addresses


@dataclass(frozen=True, kw_only=True, order=True)
class Port:
    """A port of whoever is connected to: that of the pod, not of the Service in front of it."""

    port: int
    protocol: str = "TCP"


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """Connections to or from each of these peers, at each of these ports."""

    peers: Sequence[Peer]
    ports: Sequence[Port]

    def __post_init__(self) -> None:
        if not self.peers or not self.ports:
            raise ValueError("a rule without peers or without ports would allow all of them: name some")


def dns() -> Allowed:
    """Looking up names, wherever the cluster answers: its own servers, the cache of each node."""
    servers = [Pods(namespace="kube-system", labels={"k8s-app": app}) for app in ("kube-dns", "node-local-dns")]
    caches = [Addresses(cidr=cidr) for cidr in (_NODE_DNS, _METADATA_SERVER)]
    ports = [Port(port=_DNS_PORT, protocol="TCP"), Port(port=_DNS_PORT, protocol="UDP")]
    return Allowed(peers=[*servers, *caches], ports=ports)


def own_identity() -> Allowed:
    """Asking the metadata server for tokens of the pod's own account, and nothing else."""
    return Allowed(peers=[Addresses(cidr=_METADATA_SERVER)], ports=[Port(port=_METADATA_PORT)])


def public_https() -> Allowed:
    """Google's APIs, other deployments and the rest of the internet, over TLS; nothing of a private network."""
    everywhere = Addresses(cidr="0.0.0.0/0", without=_PRIVATE_RANGES)
    return Allowed(peers=[everywhere], ports=[Port(port=_HTTPS_PORT)])


def load_balancers(ports: Sequence[int]) -> Allowed:
    """Requests from outside, and the questions for health that come before them."""
    peers = [Addresses(cidr=cidr) for cidr in LOAD_BALANCER_RANGES]
    return Allowed(peers=peers, ports=[Port(port=port) for port in sorted(ports)])


@dataclass(frozen=True, kw_only=True)
class NetworkPolicyProps:
    """What the selected pods may receive and open."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    """Select the pods; every pod of the namespace where empty."""
    ingress: Sequence[Allowed] = ()
    egress: Sequence[Allowed] = ()
    waits_for: Sequence[ITerraformDependable] = ()


class NetworkPolicy(Construct):
    """Forbids the selected pods every connection, in both directions, but those that are named."""

    policy: ITerraformDependable

    def __init__(self, scope: Construct, id: str, props: NetworkPolicyProps) -> None:
        super().__init__(scope, id)
        self.policy = NetworkPolicyV1(
            self,
            "policy",
            metadata=NetworkPolicyV1Metadata(name=props.name, namespace=props.namespace),
            spec=NetworkPolicyV1Spec(
                pod_selector=NetworkPolicyV1SpecPodSelector(match_labels=dict(sorted(props.labels.items())) or None),
                policy_types=["Ingress", "Egress"],
                ingress=[_ingress(rule) for rule in props.ingress] or None,
                egress=[_egress(rule) for rule in props.egress] or None,
            ),
            depends_on=list(props.waits_for) or None,
        )


def _ingress(rule: Allowed) -> NetworkPolicyV1SpecIngress:
    return NetworkPolicyV1SpecIngress(
        from_=[_from(peer) for peer in rule.peers],
        ports=[NetworkPolicyV1SpecIngressPorts(port=str(one.port), protocol=one.protocol) for one in rule.ports],
    )


def _egress(rule: Allowed) -> NetworkPolicyV1SpecEgress:
    return NetworkPolicyV1SpecEgress(
        to=[_to(peer) for peer in rule.peers],
        ports=[NetworkPolicyV1SpecEgressPorts(port=str(one.port), protocol=one.protocol) for one in rule.ports],
    )


def _from(peer: Peer) -> NetworkPolicyV1SpecIngressFrom:
    if isinstance(peer, Addresses):
        block = NetworkPolicyV1SpecIngressFromIpBlock(cidr=peer.cidr, except_=list(peer.without) or None)
        return NetworkPolicyV1SpecIngressFrom(ip_block=block)
    return NetworkPolicyV1SpecIngressFrom(
        namespace_selector=NetworkPolicyV1SpecIngressFromNamespaceSelector(
            match_labels={NAMESPACE_LABEL: peer.namespace}
        ),
        pod_selector=NetworkPolicyV1SpecIngressFromPodSelector(match_labels=dict(sorted(peer.labels.items()))),
    )


def _to(peer: Peer) -> NetworkPolicyV1SpecEgressTo:
    if isinstance(peer, Addresses):
        block = NetworkPolicyV1SpecEgressToIpBlock(cidr=peer.cidr, except_=list(peer.without) or None)
        return NetworkPolicyV1SpecEgressTo(ip_block=block)
    return NetworkPolicyV1SpecEgressTo(
        namespace_selector=NetworkPolicyV1SpecEgressToNamespaceSelector(match_labels={NAMESPACE_LABEL: peer.namespace}),
        pod_selector=NetworkPolicyV1SpecEgressToPodSelector(match_labels=dict(sorted(peer.labels.items()))),
    )
