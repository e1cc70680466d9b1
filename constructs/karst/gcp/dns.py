"""Host names: the public zone in which a deployment's hosts are found, and the private one of its databases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdktn_provider_google.dns_managed_zone import (
    DnsManagedZone,
    DnsManagedZoneDnssecConfig,
    DnsManagedZoneDnssecConfigDefaultKeySpecs,
    DnsManagedZonePrivateVisibilityConfig,
    DnsManagedZonePrivateVisibilityConfigNetworks,
)
from cdktn_provider_google.dns_managed_zone_iam_member import DnsManagedZoneIamMember
from cdktn_provider_google.dns_record_set import DnsRecordSet
from constructs import Construct

from karst.config.types import Manage
from karst.gcp.members import Grantee, grant_id, member_of, needs_of


@dataclass(frozen=True, kw_only=True)
class DnsRecordProps:
    """One name and what it stands for."""

    project: str
    zone: str
    """Name of the zone, not its domain."""
    domain: str
    hostname: str
    type: str
    """`A`, `AAAA`, `CNAME` ..."""
    values: Sequence[str]
    ttl_s: int = 300


class DnsRecord(Construct):
    """One record of a zone.

    Raises `ValueError` for a host outside the zone's domain: Google would refuse it only during the deployment.
    """

    hostname: str

    def __init__(self, scope: Construct, id: str, props: DnsRecordProps) -> None:
        super().__init__(scope, id)
        self.hostname = props.hostname.removesuffix(".")
        domain = props.domain.removesuffix(".")
        if self.hostname != domain and not self.hostname.endswith(f".{domain}"):
            raise ValueError(f"host {self.hostname!r} lies outside the domain {domain!r}: choose another zone")
        DnsRecordSet(
            self,
            "record",
            project=props.project,
            managed_zone=props.zone,
            name=f"{self.hostname}.",
            type=props.type,
            ttl=props.ttl_s,
            rrdatas=list(props.values),
        )


@dataclass(frozen=True, kw_only=True)
class PublicZoneProps:
    """A domain whose names the whole internet can look up."""

    project: str
    name: str
    domain: str
    """Without a dot at its end."""
    manage: Manage = Manage.CREATE
    """A zone belongs to one deployment; all others that share the domain say `existing`."""


class PublicZone(Construct):
    """The zone of a domain, signed with DNSSEC.

    Surprise: the signature counts only once the registrar of the domain has the zone's DS record.
    """

    zone_name: str
    domain: str

    def __init__(self, scope: Construct, id: str, props: PublicZoneProps) -> None:
        super().__init__(scope, id)
        self._project = props.project
        self.zone_name = props.name
        self.domain = props.domain.removesuffix(".")
        if props.manage is Manage.EXISTING:
            return
        zone = DnsManagedZone(
            self,
            "zone",
            project=props.project,
            name=props.name,
            dns_name=f"{self.domain}.",
            visibility="public",
            force_destroy=False,
            dnssec_config=DnsManagedZoneDnssecConfig(
                state="on",
                non_existence="nsec3",
                default_key_specs=[
                    DnsManagedZoneDnssecConfigDefaultKeySpecs(
                        key_type=key_type, algorithm="ecdsap256sha256", key_length=256
                    )
                    for key_type in ("keySigning", "zoneSigning")
                ],
            ),
        )
        self.zone_name = zone.name

    def add_record(self, id: str, hostname: str, type: str, values: Sequence[str], ttl_s: int = 300) -> DnsRecord:
        """Add a name; `id` is its address in state."""
        props = DnsRecordProps(
            project=self._project,
            zone=self.zone_name,
            domain=self.domain,
            hostname=hostname,
            type=type,
            values=values,
            ttl_s=ttl_s,
        )
        return DnsRecord(self, id, props)

    def grant_edit(self, grantee: Grantee) -> None:
        """Let a service account change this zone's records, for certificates that are proven by DNS."""
        DnsManagedZoneIamMember(
            self,
            grant_id("edit", grantee),
            project=self._project,
            managed_zone=self.zone_name,
            role="roles/dns.admin",
            member=member_of(grantee),
            depends_on=needs_of(grantee),
        )


@dataclass(frozen=True, kw_only=True)
class PrivateZoneProps:
    """A domain that exists only inside one network."""

    project: str
    name: str
    domain: str
    network_id: str


class PrivateZone(Construct):
    """Names for databases and caches, so that other stacks need not know their addresses."""

    zone_name: str
    domain: str

    def __init__(self, scope: Construct, id: str, props: PrivateZoneProps) -> None:
        super().__init__(scope, id)
        self._project = props.project
        self.domain = props.domain.removesuffix(".")
        zone = DnsManagedZone(
            self,
            "zone",
            project=props.project,
            name=props.name,
            dns_name=f"{self.domain}.",
            visibility="private",
            force_destroy=False,
            private_visibility_config=DnsManagedZonePrivateVisibilityConfig(
                networks=[DnsManagedZonePrivateVisibilityConfigNetworks(network_url=props.network_id)]
            ),
        )
        self.zone_name = zone.name

    def add_record(self, id: str, hostname: str, type: str, values: Sequence[str], ttl_s: int = 60) -> DnsRecord:
        """Add a name; `id` is its address in state."""
        props = DnsRecordProps(
            project=self._project,
            zone=self.zone_name,
            domain=self.domain,
            hostname=hostname,
            type=type,
            values=values,
            ttl_s=ttl_s,
        )
        return DnsRecord(self, id, props)
