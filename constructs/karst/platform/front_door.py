"""How requests from outside reach the deployment: addresses, alias records, the load balancer, a watch over it."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.cluster_names import ClusterNames
from karst.config.service_runtime import Runtime
from karst.derived.edge import check_edge, weights
from karst.derived.route_claims import Target
from karst.derived.routes import route_table
from karst.gcp.address import GlobalAddresses, GlobalAddressesProps
from karst.gcp.backends import ClusterBackend, RunBackend
from karst.gcp.dns import DnsRecord, DnsRecordProps
from karst.gcp.load_balancer import LoadBalancer, LoadBalancerProps
from karst.gcp.security_policy import RateLimit
from karst.gcp.uptime import AlertChannels, AlertChannelsProps, Uptime, UptimeProps
from karst.platform.watch import channel_key


class FrontDoor(Construct):
    """One load balancer, one pair of addresses, one record of each kind a host."""

    def __init__(self, scope: Construct, id: str, blueprint: Blueprint) -> None:
        super().__init__(scope, id)
        deployment, names = blueprint.deployment, blueprint.names
        gcp, edge = deployment.gcp, deployment.edge
        addresses = GlobalAddresses(
            self,
            "addresses",
            GlobalAddressesProps(project=gcp.project, ipv4_name=names.address("ipv4"), ipv6_name=names.address("ipv6")),
        )
        self._add_records(blueprint, addresses)
        check_edge(deployment, blueprint.workloads)
        table = route_table(blueprint.workloads)
        LoadBalancer(
            self,
            "balancer",
            LoadBalancerProps(
                name=deployment.name,
                project=gcp.project,
                hosts=deployment.hosts,
                certificate_map_path=names.certificate_map_path,
                ipv4_address=addresses.ipv4,
                ipv6_address=addresses.ipv6,
                backends={key: _backend(blueprint, target) for key, target in table.targets.items()},
                routes=table.routes,
                default_backend=table.default,
                rate_limit=RateLimit(requests=edge.rate_limit.requests_per_minute, per_s=60),
                allowed=edge.allowed,
                trusted=edge.trusted,
            ),
        )
        self._add_watch(blueprint)

    def _add_records(self, blueprint: Blueprint, addresses: GlobalAddresses) -> None:
        deployment = blueprint.deployment
        zones = {extra.name: extra.zone for extra in deployment.dns.hostnames}
        kinds = {"A": addresses.ipv4} | ({"AAAA": addresses.ipv6} if deployment.edge.ipv6 else {})
        for host in deployment.hosts:
            for kind, address in sorted(kinds.items()):
                DnsRecord(
                    self,
                    f"alias-{host.replace('.', '-')}-{kind.lower()}",
                    DnsRecordProps(
                        project=deployment.gcp.project,
                        zone=zones.get(host) or deployment.dns.zone,
                        domain=host,
                        hostname=host,
                        type=kind,
                        values=[address],
                        ttl_s=deployment.dns.ttl_s,
                    ),
                )

    def _add_watch(self, blueprint: Blueprint) -> None:
        deployment = blueprint.deployment
        channels = AlertChannels(
            self,
            "channels",
            AlertChannelsProps(
                project=deployment.gcp.project,
                emails={channel_key(email): email for email in deployment.alerts.emails},
            ),
        )
        Uptime(
            self,
            "uptime",
            UptimeProps(
                name=deployment.host,
                project=deployment.gcp.project,
                host=deployment.host,
                path="/",
                is_closed=bool(deployment.edge.allowed),
                alert_channels=channels.names,
            ),
        )


def _backend(blueprint: Blueprint, target: Target) -> RunBackend | ClusterBackend:
    deployment, workload = blueprint.deployment, target.workload
    if workload.runtime is Runtime.CLOUDRUN:
        return RunBackend(
            service=blueprint.names.run_service(workload.name),
            region=deployment.gcp.region,
            log_sample_rate=deployment.edge.log_share,
        )
    shares = weights(deployment)
    return ClusterBackend(
        groups={
            generation: ClusterNames(of=deployment, generation=generation).endpoint_group(workload, target.process)
            for generation in shares
        },
        weights=shares,
        zones=deployment.gcp.node_zones,
        health_path=_health_path(target),
        timeout_s=workload.service.timeouts.edge_s,
        drain_s=workload.service.processes[target.process].drain_s,
        is_sticky=target.is_sticky,
        log_sample_rate=deployment.edge.log_share,
    )


def _health_path(target: Target) -> str:
    health = target.workload.service.health
    if health is None:
        raise ValueError(f"services.{target.workload.name}: health is missing. Write the paths live and ready")
    return health.ready
