"""Whom KEDA's pods may speak to: each of its three parts those that it is there for, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdktn import ITerraformDependable
from constructs import Construct

from karst.derived.monitoring import COLLECTORS_NAMESPACE
from karst.kubernetes.keda import METRICS_PORT, METRICS_SERVER, OPERATOR, WEBHOOKS
from karst.kubernetes.network_policy import (
    Addresses,
    Allowed,
    NetworkPolicy,
    NetworkPolicyProps,
    Peer,
    Pods,
    Port,
    dns,
    own_identity,
)

_OPERATOR_PORT = 9666
_METRICS_API_PORT = 6443
_WEBHOOKS_PORT = 9443
_HTTPS_PORT = 443


@dataclass(frozen=True, kw_only=True)
class KedaNetworkProps:
    """Where the others stand."""

    namespace: str
    """Closed already; this opens it."""
    control_plane: Sequence[str]
    """Ranges from which the API server may call, beside the tunnel's pods in `kube-system`."""
    broker: Allowed | None = None
    """The Redis whose queues are measured; None where none is."""
    waits_for: Sequence[ITerraformDependable] = ()


class KedaNetwork(Construct):
    """What its pods may do in a closed namespace.

    All of them look up names and call the API server. That one's address is Google's to choose, and private: hence
    port 443 of any address. The operator asks Google and the broker for numbers, and is asked by the metrics server.
    """

    policies: tuple[ITerraformDependable, ...]

    def __init__(self, scope: Construct, id: str, props: KedaNetworkProps) -> None:
        super().__init__(scope, id)
        self._props = props
        tunnel = Pods(namespace="kube-system")
        control_plane = (tunnel, *(Addresses(cidr=cidr) for cidr in props.control_plane))
        server, operator = self._pods(METRICS_SERVER), self._pods(OPERATOR)
        self.policies = (
            self._policy(
                OPERATOR,
                receives=[
                    _at(_OPERATOR_PORT, server),
                    _at(METRICS_PORT, Pods(namespace=COLLECTORS_NAMESPACE)),
                ],
                reaches=[own_identity(), *([props.broker] if props.broker else [])],
            ),
            self._policy(
                METRICS_SERVER,
                receives=[_at(_METRICS_API_PORT, *control_plane)],
                reaches=[_at(_OPERATOR_PORT, operator)],
            ),
            self._policy(WEBHOOKS, receives=[_at(_WEBHOOKS_PORT, *control_plane)], reaches=[]),
        )

    def _pods(self, app: str) -> Pods:
        return Pods(namespace=self._props.namespace, labels={"app": app})

    def _policy(self, app: str, *, receives: Sequence[Allowed], reaches: Sequence[Allowed]) -> ITerraformDependable:
        props = NetworkPolicyProps(
            namespace=self._props.namespace,
            name=app,
            labels={"app": app},
            ingress=receives,
            egress=[dns(), _at(_HTTPS_PORT, Addresses(cidr="0.0.0.0/0")), *reaches],
            waits_for=self._props.waits_for,
        )
        return NetworkPolicy(self, app, props).policy


def _at(port: int, *peers: Peer) -> Allowed:
    return Allowed(peers=peers, ports=[Port(port=port)])
