"""The deployment's names: its public zone, its private one, and a certificate for each host."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.gcp.certificate import Certificates, CertificatesProps, CertifiedHost
from karst.gcp.dns import PrivateZone, PrivateZoneProps, PublicZone, PublicZoneProps
from karst.gcp.network import Network


class Hosts(Construct):
    """Zones and certificates. Hosts are proven through DNS, so certificates stand before any traffic does."""

    internal: PrivateZone
    """Where databases and caches have names that outlive their addresses."""

    def __init__(self, scope: Construct, id: str, blueprint: Blueprint, network: Network) -> None:
        super().__init__(scope, id)
        deployment, names = blueprint.deployment, blueprint.names
        project = deployment.gcp.project
        zone = PublicZone(
            self,
            "public",
            PublicZoneProps(
                project=project, name=deployment.dns.zone, domain=deployment.dns.domain, manage=deployment.dns.manage
            ),
        )
        self.internal = PrivateZone(
            self,
            "internal",
            PrivateZoneProps(
                project=project, name=names.internal_zone, domain=names.internal_domain, network_id=network.network_id
            ),
        )
        zones = {extra.name: extra.zone for extra in deployment.dns.hostnames}
        Certificates(
            self,
            "certificates",
            CertificatesProps(
                project=project,
                map_name=names.certificate_map,
                hosts=[
                    CertifiedHost(hostname=host, zone_name=zones.get(host) or zone.zone_name, zone_project=project)
                    for host in deployment.hosts
                ],
            ),
        )
