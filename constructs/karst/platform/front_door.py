"""How requests from outside reach the deployment: addresses, alias records, the load balancer, a watch over it."""

from __future__ import annotations

from collections.abc import Iterable

from constructs import Construct

from karst.blueprint import Blueprint
from karst.derived.workloads import Workload
from karst.gcp.address import GlobalAddresses, GlobalAddressesProps
from karst.gcp.dns import DnsRecord, DnsRecordProps
from karst.gcp.load_balancer import LoadBalancer, LoadBalancerProps, RunBackend
from karst.gcp.routes import Route, by_precision
from karst.gcp.security_policy import RateLimit
from karst.gcp.uptime import AlertChannels, AlertChannelsProps, Uptime, UptimeProps
from karst.naming import shorten
from karst.platform.run_services import run_workloads
from karst.platform.watch import channel_key

LANDING = "landing"
"""The service that answers what no route takes."""
_KEY_CHARS = 12


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
        workloads = run_workloads(blueprint)
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
                backends={
                    backend_key(workload): RunBackend(
                        service=names.run_service(workload.name),
                        region=gcp.region,
                        log_sample_rate=edge.log_share,
                    )
                    for workload in workloads
                },
                routes=by_precision(_routes(workloads)),
                default_backend=LANDING,
                rate_limit=RateLimit(requests=edge.rate_limit.requests_per_minute, per_s=60),
                allowed=edge.allowed,
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
                alert_channels=channels.names,
            ),
        )


def backend_key(workload: Workload) -> str:
    """Short stable name of a workload's back end."""
    return shorten(workload.name, _KEY_CHARS)


def _routes(workloads: Iterable[Workload]) -> Iterable[Route]:
    for workload in workloads:
        routes = workload.service.routes
        if routes is None or routes.prefix == "/":
            continue
        for path in (routes.prefix, f"{routes.prefix}/**"):
            yield Route(
                path=path, backend=backend_key(workload), priority=0, timeout_s=workload.service.timeouts.edge_s
            )
