"""Whom KEDA's pods may speak to: nobody, but for what each of its three parts is there for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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

from karst.derived.monitoring import COLLECTORS_NAMESPACE
from karst.kubernetes.keda import METRICS_PORT, METRICS_SERVER, OPERATOR, WEBHOOKS

_NAMESPACE_NAME = "kubernetes.io/metadata.name"
_EVERYWHERE = "0.0.0.0/0"
_METADATA_SERVER = "169.254.169.254/32"
_NODE_LOCAL_DNS = "169.254.20.10/32"
_OPERATOR_PORT = 9666
_METRICS_API_PORT = 6443
_WEBHOOKS_PORT = 9443
_DNS_PORT, _HTTP_PORT, _HTTPS_PORT = 53, 80, 443


@dataclass(frozen=True, kw_only=True)
class KedaNetworkProps:
    """Where the others stand."""

    namespace: str
    control_plane: Sequence[str]
    """Ranges from which the API server may call, beside the tunnel's pods in `kube-system`."""
    redis: str | None = None
    """Range of the Redis instances whose queues are measured; None where none is."""
    redis_port: int = 6378
    waits_for: Sequence[ITerraformDependable] = ()


class KedaNetwork(Construct):
    """Default deny both ways, and five openings: names, Google and the API server, each part's own business."""

    policies: tuple[NetworkPolicyV1, ...]

    def __init__(self, scope: Construct, id: str, props: KedaNetworkProps) -> None:
        super().__init__(scope, id)
        self._props = props
        self.policies = (
            self._policy("deny-all", {}, [], []),
            self._policy("everyone", {}, [], [_names(), _to([_reach(_EVERYWHERE)], _HTTPS_PORT)]),
            self._policy("operator", {"app": OPERATOR}, self._into_operator(), self._out_of_operator()),
            self._policy(
                "metrics-server",
                {"app": METRICS_SERVER},
                [_from(self._control_plane(), _METRICS_API_PORT)],
                [_to([_pods(OPERATOR)], _OPERATOR_PORT)],
            ),
            self._policy("webhooks", {"app": WEBHOOKS}, [_from(self._control_plane(), _WEBHOOKS_PORT)], []),
        )

    def _into_operator(self) -> list[NetworkPolicyV1SpecIngress]:
        server = NetworkPolicyV1SpecIngressFrom(
            pod_selector=NetworkPolicyV1SpecIngressFromPodSelector(match_labels={"app": METRICS_SERVER})
        )
        return [_from([server], _OPERATOR_PORT), _from([_namespace(COLLECTORS_NAMESPACE)], METRICS_PORT)]

    def _out_of_operator(self) -> list[NetworkPolicyV1SpecEgress]:
        identity = _to([_reach(_METADATA_SERVER)], _HTTP_PORT)
        if self._props.redis is None:
            return [identity]
        return [identity, _to([_reach(self._props.redis)], self._props.redis_port)]

    def _control_plane(self) -> list[NetworkPolicyV1SpecIngressFrom]:
        blocks = [
            NetworkPolicyV1SpecIngressFrom(ip_block=NetworkPolicyV1SpecIngressFromIpBlock(cidr=cidr))
            for cidr in self._props.control_plane
        ]
        return [_namespace("kube-system"), *blocks]

    def _policy(
        self,
        name: str,
        pods: Mapping[str, str],
        ingress: Sequence[NetworkPolicyV1SpecIngress],
        egress: Sequence[NetworkPolicyV1SpecEgress],
    ) -> NetworkPolicyV1:
        return NetworkPolicyV1(
            self,
            name,
            metadata=NetworkPolicyV1Metadata(name=f"keda-{name}", namespace=self._props.namespace),
            spec=NetworkPolicyV1Spec(
                pod_selector=NetworkPolicyV1SpecPodSelector(match_labels=pods),
                policy_types=["Ingress", "Egress"],
                ingress=list(ingress),
                egress=list(egress),
            ),
            depends_on=list(self._props.waits_for),
        )


def _from(peers: Sequence[NetworkPolicyV1SpecIngressFrom], port: int) -> NetworkPolicyV1SpecIngress:
    return NetworkPolicyV1SpecIngress(
        from_=list(peers), ports=[NetworkPolicyV1SpecIngressPorts(port=str(port), protocol="TCP")]
    )


def _to(peers: Sequence[NetworkPolicyV1SpecEgressTo], port: int) -> NetworkPolicyV1SpecEgress:
    return NetworkPolicyV1SpecEgress(
        to=list(peers), ports=[NetworkPolicyV1SpecEgressPorts(port=str(port), protocol="TCP")]
    )


def _reach(cidr: str) -> NetworkPolicyV1SpecEgressTo:
    return NetworkPolicyV1SpecEgressTo(ip_block=NetworkPolicyV1SpecEgressToIpBlock(cidr=cidr))


def _pods(app: str) -> NetworkPolicyV1SpecEgressTo:
    return NetworkPolicyV1SpecEgressTo(pod_selector=NetworkPolicyV1SpecEgressToPodSelector(match_labels={"app": app}))


def _namespace(name: str) -> NetworkPolicyV1SpecIngressFrom:
    selector = NetworkPolicyV1SpecIngressFromNamespaceSelector(match_labels={_NAMESPACE_NAME: name})
    return NetworkPolicyV1SpecIngressFrom(namespace_selector=selector)


def _names() -> NetworkPolicyV1SpecEgress:
    servers = NetworkPolicyV1SpecEgressTo(
        namespace_selector=NetworkPolicyV1SpecEgressToNamespaceSelector(match_labels={_NAMESPACE_NAME: "kube-system"}),
        pod_selector=NetworkPolicyV1SpecEgressToPodSelector(match_labels={"k8s-app": "kube-dns"}),
    )
    return NetworkPolicyV1SpecEgress(
        to=[servers, _reach(_NODE_LOCAL_DNS)],
        ports=[NetworkPolicyV1SpecEgressPorts(port=str(_DNS_PORT), protocol=protocol) for protocol in ("TCP", "UDP")],
    )
