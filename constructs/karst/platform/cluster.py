"""One generation of the cluster: control plane, machines, the way in, and who its pods are to Google."""

from __future__ import annotations

from collections.abc import Iterator

from constructs import Construct

from karst.blueprint import Blueprint
from karst.cluster_names import ClusterNames
from karst.config.machines import disk_type
from karst.derived.processes import cluster_workloads, processes
from karst.gcp.cluster_firewall import ClusterFirewall, ClusterFirewallProps
from karst.gcp.gke_cluster import GkeCluster, GkeClusterProps
from karst.gcp.gke_settings import WeeklyWindow
from karst.gcp.identity import WorkloadIdentityBinding, WorkloadIdentityBindingProps
from karst.gcp.node_pool import NodePool, NodePoolProps
from karst.name_forms import shorten
from karst.naming import KEDA, NODES, PODS_RANGE
from karst.protection import Protection

KEDA_SERVICE_ACCOUNT = "keda-operator"
_RULE_NAME_CHARS = 40


class Cluster(Construct):
    """A cluster with its pools, and the identities of everything that will run on it.

    The identities are bound before any pod exists, so that the first one starts as somebody.
    """

    def __init__(
        self, scope: Construct, id: str, blueprint: Blueprint, generation: str, protection: Protection
    ) -> None:
        super().__init__(scope, id)
        self._blueprint = blueprint
        self._names = ClusterNames(of=blueprint.deployment, generation=generation)
        self._node_account = blueprint.names.service_account(NODES)
        cluster = self._add_cluster(generation, protection)
        self._add_pools(cluster)
        self._add_firewall(generation)
        self._bind_identities(cluster)

    def _add_cluster(self, generation: str, protection: Protection) -> GkeCluster:
        gcp, names = self._blueprint.deployment.gcp, self._blueprint.names
        chosen, settings = self._blueprint.deployment.generations[generation], gcp.cluster
        return GkeCluster(
            self,
            "gke",
            GkeClusterProps(
                project=gcp.project,
                name=self._names.cluster,
                location=names.cluster_location,
                zones=gcp.node_zones,
                network=names.network_path,
                subnet=names.subnet_path,
                pods_range=PODS_RANGE,
                node_account=self._node_account,
                protection=protection,
                labels=self._labels,
                control_plane=chosen.control_plane,
                authorized_networks={one.name: one.cidr for one in settings.authorized_networks},
                release_channel=settings.release_channel,
                least_version=chosen.version,
                maintenance=WeeklyWindow(day=settings.maintenance.day, hour=settings.maintenance.hour),
                security_group=settings.security_group,
                is_binary_authorized=settings.binary_authorization,
                is_vertically_scaled=settings.vertical_pod_autoscaling,
            ),
        )

    def _add_pools(self, cluster: GkeCluster) -> None:
        gcp, names = self._blueprint.deployment.gcp, self._blueprint.names
        for key, pool in sorted(gcp.pools.items()):
            NodePool(
                self,
                f"pool-{key}",
                NodePoolProps(
                    project=gcp.project,
                    cluster=cluster.name,
                    cluster_location=names.cluster_location,
                    name=names.pool(key),
                    zones=gcp.node_zones,
                    machine_type=pool.machine_type,
                    min_nodes=pool.min_nodes,
                    max_nodes=pool.max_nodes,
                    disk_gib=pool.disk_gib,
                    disk_type=disk_type(pool.machine_type),
                    node_account=self._node_account,
                    is_spot=pool.spot,
                    is_tainted=pool.tainted,
                    labels=self._labels,
                ),
            )

    def _add_firewall(self, generation: str) -> None:
        deployment = self._blueprint.deployment
        ClusterFirewall(
            self,
            "firewall",
            ClusterFirewallProps(
                project=deployment.gcp.project,
                network=self._blueprint.names.network_path,
                name=shorten(self._names.cluster, _RULE_NAME_CHARS),
                node_account=self._node_account,
                ports=routed_ports(self._blueprint),
                control_plane=deployment.generations[generation].control_plane,
            ),
        )

    def _bind_identities(self, cluster: GkeCluster) -> None:
        project, names = self._blueprint.deployment.gcp.project, self._blueprint.names
        for account, namespace, service_account in self._pod_identities():
            WorkloadIdentityBinding(
                self,
                f"binding-{account}",
                WorkloadIdentityBindingProps(
                    account_email=names.service_account(account),
                    project=project,
                    cluster_project=project,
                    namespace=namespace,
                    kubernetes_service_account=service_account,
                    wait_for=(cluster.dependable,),
                ),
            )

    def _pod_identities(self) -> Iterator[tuple[str, str, str]]:
        """Account, namespace and Kubernetes service account of everything that acts as somebody."""
        for workload in cluster_workloads(self._blueprint.workloads):
            yield workload.name, self._names.namespace(workload), workload.name
        yield KEDA, self._names.addons, KEDA_SERVICE_ACCOUNT

    @property
    def _labels(self) -> dict[str, str]:
        deployment = self._blueprint.deployment
        return {**deployment.labels, "deployment": deployment.name, "generation": self._names.generation}


def routed_ports(blueprint: Blueprint) -> frozenset[int]:
    """Ports on which the load balancer reaches processes of the cluster: those of services that have routes."""
    return frozenset(
        process.process.port
        for workload in cluster_workloads(blueprint.workloads)
        if workload.service.routes is not None
        for process in processes(workload)
        if process.process.port is not None
    )
