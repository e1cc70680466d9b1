"""How a deployment is reached: hosts, certificates, the load balancer and its weights."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from karst.config.base import Model
from karst.config.types import (
    Cidr,
    Email,
    GenerationName,
    Hostname,
    HttpsUrl,
    Manage,
    Percent,
    ResourceName,
    each_once,
)


class ExtraHost(Model):
    """Another name under which the deployment answers."""

    name: Hostname = Field(description="Full host name.", examples=["cave.example.org"])
    zone: ResourceName | None = Field(
        default=None, description="Cloud DNS zone of the name, if not the deployment's.", examples=["example-org"]
    )


class Dns(Model):
    """Names in the Domain Name System."""

    manage: Manage = Field(
        default=Manage.CREATE, description="Who makes the zone: exactly one deployment of a project does."
    )
    zone: ResourceName = Field(description="Name of the Cloud DNS zone.", examples=["kingdom"])
    domain: Hostname = Field(
        description="Domain of the zone; the deployment answers at `<name>.<domain>`.", examples=["example.org"]
    )
    hostnames: tuple[ExtraHost, ...] = Field(default=(), description="Further names, stable aliases among them.")
    ttl_s: int = Field(
        default=300,
        ge=5,
        le=86400,
        description="Seconds that others remember an address. Lower it a day before a move.",
    )


class Tls(Model):
    """The issuer of certificates that an imported deployment had, kept for the record.

    Nothing reads it: Certificate Manager proves each name through DNS, so an upgrade has its certificate before
    traffic moves.
    """

    email: Email | None = Field(
        default=None,
        description="Contact of the ACME account. Changes nothing.",
        examples=["ops@example.org"],
    )
    server: HttpsUrl | None = Field(
        default=None,
        description="ACME directory of that issuer. Changes nothing.",
        examples=["https://acme.example.org/directory"],
    )
    issuer: ResourceName | None = Field(
        default=None, description="Name of that issuer. Changes nothing.", examples=["letsencrypt-prod"]
    )


class RateLimit(Model):
    """Requests of one client before it has to wait."""

    requests_per_minute: int = Field(
        default=6000,
        ge=60,
        le=10_000,
        description="Requests a minute and client address. Pods of one deployment share the addresses of its NAT, so "
        "name these in `edge.trusted`.",
    )


def _not_everybody(ranges: tuple[str, ...]) -> tuple[str, ...]:
    for one in ranges:
        if ip_network(one).prefixlen == 0:
            raise ValueError(f"hold everybody ({one}), who then knows no limit. Name the addresses of your own pods")
    return ranges


class Edge(Model):
    """The load balancer in front of everything."""

    weights: dict[GenerationName, Percent] = Field(
        default_factory=dict,
        description="Percent of traffic for each generation, 100 in all; by default all of it for the active one.",
        examples=[{"blue": 90, "green": 10}],
    )
    ipv6: bool = Field(default=True, description="Answer on an IPv6 address too.")
    timeout_s: int = Field(
        default=620, ge=30, le=3600, description="Longest answer, in seconds; no service behind it may take longer."
    )
    rate_limit: RateLimit = Field(default=RateLimit(), description="What one client may ask.")
    allowed: Annotated[tuple[Cidr, ...], AfterValidator(each_once)] = Field(
        default=(),
        description="Only these addresses, IPv4 or IPv6, get in; everybody by default. Pods of deployments that "
        "ask at public hosts stand in `trusted`.",
        examples=[["198.51.100.0/25", "2001:db8:40::/48"]],
        max_length=10,
    )
    trusted: Annotated[tuple[Cidr, ...], AfterValidator(each_once), AfterValidator(_not_everybody)] = Field(
        default=(),
        description="These addresses get in, whoever else may, and know no rate limit. Upstream's images ask auth and "
        "info at their public hosts: name the addresses of `gcp.network.nat_addresses` of each deployment that runs "
        "some.",
        examples=[["203.0.113.10/32", "203.0.113.11/32"]],
        max_length=10,
    )
    log_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1.0, description="Share of requests that are logged."
    )


class GlobalHost(Model):
    """Where a local deployment finds the global services."""

    host: Hostname = Field(description="Host of the global deployment.", examples=["global.example.org"])


class Viewer(Model):
    """The default viewer of links."""

    url: HttpsUrl = Field(
        default="https://spelunker.cave-explorer.org/",
        description="Neuroglancer in which links open.",
        examples=["https://viewer.example.org/"],
    )


class StateBucket(Model):
    """Where Terraform keeps what it knows."""

    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$")] = Field(
        description="Versioned bucket, made by `karst bootstrap`; each stack has its own prefix in it.",
        examples=["lab-karst-state"],
    )
    prefix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9/_-]*[a-z0-9]$")] = Field(
        default="karst",
        description="Folder under which the stacks stand. Before changing it, move the objects.",
    )
