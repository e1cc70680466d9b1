"""`<name>-foundation`: what lives for years."""

from __future__ import annotations

from typing import Any

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.types import Kind
from karst.derived.scaling import BROKER, reads_broker
from karst.gcp.bigtable import NodeRange, WideColumnInstance, WideColumnInstanceProps
from karst.gcp.network import Network, NetworkProps, SecondaryRange
from karst.gcp.project_services import ProjectServices, ProjectServicesProps
from karst.naming import KEDA, NODES, PODS_RANGE, SERVICES_RANGE
from karst.platform.caches import Caches
from karst.platform.cluster_accounts import ClusterAccounts
from karst.platform.documents import Documents
from karst.platform.hosts import Hosts
from karst.platform.identities import Identities
from karst.platform.images import Images
from karst.platform.messaging import Messaging
from karst.platform.relational import Relational
from karst.platform.secrets import Secrets
from karst.platform.storage import Storage
from karst.platform.watch import Watch
from karst.protection import Protection
from karst.stack import KarstStack
from karst.waiting import wait_for
from stacks.base import stack_props


class FoundationStack(KarstStack):
    """Project services, network, databases, buckets, messages, names, certificates, identities, secrets, alerts."""

    def __init__(self, scope: Construct, blueprint: Blueprint) -> None:
        super().__init__(scope, blueprint.names.stacks.foundation, stack_props(blueprint, Protection.PROTECTED))
        services = ProjectServices(
            self,
            "project",
            ProjectServicesProps(project=blueprint.deployment.gcp.project, manage=blueprint.deployment.gcp.manage),
        )
        identities = Identities(self, "identities", blueprint)
        watch = Watch(self, "watch", blueprint)
        network = self._network(blueprint)
        accounts = identities.accounts
        hosts = Hosts(self, "hosts", blueprint, network)
        internal = hosts.internal
        storage = Storage(self, "storage", blueprint, accounts, self.protection)
        Documents(self, "documents", blueprint, accounts, self.protection)
        Secrets(self, "secrets", blueprint, accounts, self.protection)
        images = Images(self, "images", blueprint, storage.access_logs("sources"))
        if blueprint.has(Kind.GLOBAL, Kind.LOCAL):
            sql = Relational(self, "sql", blueprint, accounts, network, internal, self.protection, watch.channels)
            redis = Caches(self, "redis", blueprint, accounts, network, internal, self.protection, watch.channels)
            cluster = ClusterAccounts(self, "clusters", blueprint)
            images.registry.grant_pull(cluster.accounts[NODES])
            if reads_broker(blueprint.workloads):
                redis.grant_connect(BROKER, cluster.accounts[KEDA])
            if sql.server.service_agent is not None:
                storage.admit_database_server(sql.server.service_agent)
        if blueprint.has(Kind.LOCAL):
            self._bigtable(blueprint)
            Messaging(self, "messages", blueprint, accounts, watch.channels)
        self._gate = services.ready

    def to_terraform(self) -> dict[str, Any]:
        """Write the stack, with everything made after the project's services are on."""
        document: dict[str, Any] = super().to_terraform()
        if self._gate is not None:
            wait_for(document, f"{self._gate.terraform_resource_type}.{self._gate.friendly_unique_id}")
        return document

    def _network(self, blueprint: Blueprint) -> Network:
        gcp, names = blueprint.deployment.gcp, blueprint.names
        ranges = gcp.network
        return Network(
            self,
            "network",
            NetworkProps(
                project=gcp.project,
                region=gcp.region,
                name=names.network,
                subnet_name=names.subnet,
                nodes_cidr=ranges.nodes,
                pods=SecondaryRange(name=PODS_RANGE, cidr=ranges.pods),
                services=SecondaryRange(name=SERVICES_RANGE, cidr=ranges.services),
                private_services=SecondaryRange(name=f"{names.network}-services", cidr=ranges.private_services),
                kept=[SecondaryRange(name=kept.name, cidr=kept.cidr) for kept in ranges.kept_ranges],
                without_flow_logs_because=None if ranges.flow_logs else "switched off in the configuration",
                nat_addresses=ranges.nat_addresses,
                manage=ranges.manage,
            ),
        )

    def _bigtable(self, blueprint: Blueprint) -> WideColumnInstance:
        bigtable, gcp = blueprint.deployment.bigtable, blueprint.deployment.gcp
        scaling = bigtable.scaling
        return WideColumnInstance(
            self,
            "bigtable",
            WideColumnInstanceProps(
                project=blueprint.names.bigtable_project,
                name=bigtable.instance,
                zone=gcp.zone,
                protection=self.protection,
                nodes=bigtable.nodes
                if scaling is None
                else NodeRange(
                    min_nodes=scaling.min_nodes, max_nodes=scaling.max_nodes, cpu_target_percent=scaling.cpu_target
                ),
                manage=bigtable.manage,
            ),
        )
