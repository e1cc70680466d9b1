"""The certificates with which browsers and clients check that a host is the deployment's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdktn_provider_google.certificate_manager_certificate import (
    CertificateManagerCertificate,
    CertificateManagerCertificateManaged,
)
from cdktn_provider_google.certificate_manager_certificate_map import CertificateManagerCertificateMap
from cdktn_provider_google.certificate_manager_certificate_map_entry import CertificateManagerCertificateMapEntry
from cdktn_provider_google.certificate_manager_dns_authorization import CertificateManagerDnsAuthorization
from cdktn_provider_google.dns_record_set import DnsRecordSet
from constructs import Construct

from karst.naming import certificate as certificate_name


@dataclass(frozen=True, kw_only=True)
class CertifiedHost:
    """A host name, and the zone in which its ownership is proven."""

    hostname: str
    zone_name: str
    zone_project: str


@dataclass(frozen=True, kw_only=True)
class CertificatesProps:
    """All host names of a deployment."""

    project: str
    map_name: str
    """Also the prefix of what is made for each host."""
    hosts: Sequence[CertifiedHost]


class Certificates(Construct):
    """A managed certificate for each host name, renewed by Google, and the map that a load balancer reads.

    Promises: a host's ownership is proven by a DNS record, so the certificate is there before traffic is, and a new
    cluster needs nothing; adding or removing a host touches no other host's certificate.
    """

    map_reference: str
    """As a load balancer in another stack writes it; no reference, so it can be computed before the map exists."""

    def __init__(self, scope: Construct, id: str, props: CertificatesProps) -> None:
        super().__init__(scope, id)
        self._props = props
        certificate_map = CertificateManagerCertificateMap(self, "map", project=props.project, name=props.map_name)
        self.map_reference = (
            f"//certificatemanager.googleapis.com/projects/{props.project}/locations/global"
            f"/certificateMaps/{props.map_name}"
        )
        for host in sorted(props.hosts, key=lambda host: host.hostname):
            self._add_host(host, certificate_map)

    def _add_host(self, host: CertifiedHost, certificate_map: CertificateManagerCertificateMap) -> None:
        project = self._props.project
        noun = host.hostname.replace(".", "-")
        name = certificate_name(self._props.map_name, host.hostname)
        authorization = CertificateManagerDnsAuthorization(
            self,
            f"authorization-{noun}",
            project=project,
            name=name,
            domain=host.hostname,
            # Each project proves a host by a record of its own, so two that share the host don't fight over one.
            type="PER_PROJECT_RECORD",
        )
        proof = authorization.dns_resource_record.get(0)
        DnsRecordSet(
            self,
            f"proof-{noun}",
            project=host.zone_project,
            managed_zone=host.zone_name,
            name=proof.name,
            type=proof.type,
            ttl=300,
            rrdatas=[proof.data],
        )
        certificate = CertificateManagerCertificate(
            self,
            f"certificate-{noun}",
            project=project,
            name=name,
            managed=CertificateManagerCertificateManaged(
                domains=[host.hostname], dns_authorizations=[authorization.id]
            ),
        )
        CertificateManagerCertificateMapEntry(
            self,
            f"entry-{noun}",
            project=project,
            name=name,
            map=certificate_map.name,
            hostname=host.hostname,
            certificates=[certificate.id],
        )
