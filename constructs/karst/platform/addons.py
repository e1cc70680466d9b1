"""What others wrote and a cluster runs for us: KEDA, where a process scales by a queue or by requests."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.cluster_names import ClusterNames
from karst.derived.connections import store_ranges
from karst.derived.monitoring import Monitoring
from karst.derived.redis import redis_access
from karst.derived.scaling import BROKER, reads_broker
from karst.kubernetes.custom_resources import CustomResources, CustomResourcesProps
from karst.kubernetes.keda import METRICS_PORT, OPERATOR, Keda, KedaProps
from karst.kubernetes.keda_network import KedaNetwork, KedaNetworkProps
from karst.kubernetes.labels import common_labels
from karst.kubernetes.namespace import Namespace, NamespaceProps
from karst.kubernetes.network_policy import Addresses, Allowed, Port
from karst.naming import KEDA


class Addons(Construct):
    """A namespace under the strictest rules, closed but for what KEDA needs, and KEDA in it."""

    keda: Keda

    def __init__(self, scope: Construct, id: str, blueprint: Blueprint, generation: str) -> None:
        super().__init__(scope, id)
        deployment = blueprint.deployment
        names = ClusterNames(of=deployment, generation=generation)
        labels = common_labels(deployment.name)
        namespace = Namespace(self, "namespace", NamespaceProps(name=names.addons, labels=labels))
        network = KedaNetwork(self, "network", _network(blueprint, names, namespace))
        self.keda = Keda(
            self,
            "keda",
            KedaProps(
                namespace=names.addons,
                cluster=names.cluster,
                repository=deployment.gcp.cluster.keda.repository,
                version=deployment.gcp.cluster.keda.version,
                account=blueprint.names.service_account(KEDA),
                is_redundant=blueprint.is_production,
                waits_for=(*namespace.ready, *network.policies),
            ),
        )
        CustomResources(
            self,
            "metrics",
            CustomResourcesProps(
                namespace=names.addons,
                labels=labels,
                monitorings=(Monitoring(name=KEDA, match_labels={"app": OPERATOR}, port=METRICS_PORT),),
                waits_for=namespace.ready,
            ),
        )


def _network(blueprint: Blueprint, names: ClusterNames, namespace: Namespace) -> KedaNetworkProps:
    deployment = blueprint.deployment
    ranges = deployment.gcp.network
    own = deployment.generations[names.generation].control_plane
    broker = Allowed(
        peers=[Addresses(cidr=cidr) for cidr in store_ranges(deployment, [deployment.redis.broker.address])],
        ports=[Port(port=redis_access(deployment, BROKER).port)],
    )
    return KedaNetworkProps(
        namespace=names.addons,
        # A control plane without addresses of its own has one in the nodes' range.
        control_plane=(ranges.nodes, own) if own else (ranges.nodes,),
        broker=broker if reads_broker(blueprint.workloads) else None,
        waits_for=namespace.ready,
    )
