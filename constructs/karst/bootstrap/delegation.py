"""Whether the rest of the world asks a deployment's zone for its names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from karst.config.deployment import Deployment
from karst.google.client import GoogleApi, listed, quoted
from karst.google.errors import as_list, as_mapping

_NS = 2
_NO_SUCH_NAME, _FAILED = 3, 2


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A zone as Google has it."""

    name: str
    domain: str
    servers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """A zone, and whom the world asks instead."""

    zone: str
    found: Zone | None
    """None while nobody has made it."""
    asked: tuple[str, ...] = ()
    is_broken: bool = False
    """Whether looking up the domain ends with an error: its servers don't know it, or its signature is wrong."""

    @property
    def is_done(self) -> bool:
        """Whether the world asks exactly the zone's own servers."""
        return self.found is not None and set(self.asked) == set(self.found.servers)


def zones_of(deployment: Deployment) -> tuple[str, ...]:
    """Names of the zones in which the deployment's hosts stand, its own first."""
    extra = (one.zone for one in deployment.dns.hostnames if one.zone)
    return tuple(dict.fromkeys((deployment.dns.zone, *extra)))


def delegation_of(api: GoogleApi, project: str, zone: str) -> Delegation:
    """Look the zone up at Google, and its domain in the world. Raises `GoogleError`."""
    found = read_zone(api, project, zone)
    if found is None:
        return Delegation(zone=zone, found=None)
    asked, status = name_servers(api, found.domain)
    return Delegation(zone=zone, found=found, asked=asked, is_broken=status not in {0, _NO_SUCH_NAME})


def read_zone(api: GoogleApi, project: str, zone: str) -> Zone | None:
    """A zone as Google has it; None where there is none of this name."""
    path = f"dns/v1/projects/{quoted(project)}/managedZones/{quoted(zone)}"
    answer = api.find("dns", path, f"look at the zone {zone}")
    if answer is None:
        return None
    servers = tuple(sorted(str(one).lower() for one in as_list(answer.get("nameServers"))))
    return Zone(name=zone, domain=str(answer.get("dnsName", "")).rstrip("."), servers=servers)


def name_servers(api: GoogleApi, domain: str) -> tuple[tuple[str, ...], int]:
    """Whom Google's public resolver asks for a domain, and the status of its answer. It is asked by HTTPS."""
    query = {"name": domain, "type": "NS"}
    response = api.ask_openly(api.public("resolver", "resolve"), query, f"look up {domain}")
    try:
        answer: Mapping[str, object] = as_mapping(json.loads(response.text or "{}"))
    except ValueError:
        return (), _FAILED
    found = (one for one in listed(answer, "Answer") if one.get("type") == _NS)
    status = answer.get("Status")
    return tuple(sorted(str(one.get("data", "")).lower() for one in found)), status if isinstance(status, int) else 2
