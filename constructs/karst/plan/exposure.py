"""What of an object strangers can reach: public members, public addresses, doors that are open to every address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from karst.plan.model import JsonValue, Values
from karst.plan.protection import value_at

_EVERYBODY = re.compile(r"(?:^|[:\"])(allUsers|allAuthenticatedUsers)(?:$|\")")
_ANYWHERE = frozenset({"0.0.0.0/0", "::/0", "0.0.0.0", "::", "*"})  # noqa: S104 - compared with, not listened on
_NARROW_IPV4, _NARROW_IPV6 = 8, 16
"""From here on a range is somebody's network, however large."""
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_PROTOCOLS = frozenset({"ah", "all", "esp", "icmp", "icmpv6", "ipip", "sctp", "tcp", "udp"})
_PORTS = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?")
_NAMES_MEMBERS = re.compile(
    r"_(iam_(member|binding|policy)|acl|access_control|access|entity)$|^google_bigquery_dataset$"
)

_OPEN: dict[str, dict[str, JsonValue]] = {
    "google_alloydb_instance": {"network_config.enable_public_ip": True},
    "google_cloud_run_v2_service": {"ingress": "INGRESS_TRAFFIC_ALL", "invoker_iam_disabled": True},
    "google_cloudfunctions2_function": {"service_config.ingress_settings": "ALLOW_ALL"},
    "google_container_cluster": {
        "enable_legacy_abac": True,
        "private_cluster_config.enable_private_nodes": False,
        "private_cluster_config.enable_private_endpoint": False,
        "control_plane_endpoints_config.dns_endpoint_config.allow_external_traffic": True,
        "master_authorized_networks_config.gcp_public_cidrs_access_enabled": True,
    },
    "google_container_node_pool": {"network_config.enable_private_nodes": False},
    "google_sql_database_instance": {"settings.ip_configuration.ipv4_enabled": True},
    "google_storage_bucket": {"uniform_bucket_level_access": False},
}
"""By type: where an attribute with this value opens it."""
_FRONT_DOORS = ("google_compute_forwarding_rule", "google_compute_global_forwarding_rule")
_MACHINES = ("google_compute_instance", "google_compute_instance_template", "google_compute_region_instance_template")
_SERVICES = ("kubernetes_service", "kubernetes_service_v1")
_INTERNAL = ("networking.gke.io/load-balancer-type", "cloud.google.com/load-balancer-type")


def exposures(
    resource_type: str, values: Values, before: Values | None = None, *, unknown: JsonValue = False
) -> tuple[str, ...]:
    """Every way in which strangers reach an object with these attributes, in words; none for what is closed.

    A bucket that says nothing of public access does as its project does, unless it said so `before`.
    """
    found = list(_exposures(resource_type, values))
    prevention = values.get("public_access_prevention")
    was_closed = (before or {}).get("public_access_prevention") == "enforced"
    if resource_type == "google_storage_bucket" and prevention != "enforced" and (prevention or was_closed):
        found.append("public access is not prevented")
    found += _later(resource_type, before or {}, unknown)
    return tuple(dict.fromkeys(found))


def is_front_door(resource_type: str) -> bool:
    """Whether a resource is an address of a load balancer, which is there to be reached."""
    return resource_type in _FRONT_DOORS


def _exposures(kind: str, values: Values) -> Iterator[str]:
    if _NAMES_MEMBERS.search(kind):
        yield from (f"open to {who}" for who in sorted(_public_members(dict(values))))
    for path, opened in _OPEN.get(kind, {}).items():
        if value_at(values, path) == opened:
            yield f"{path} = {_shown(opened)}"
    yield from _open_doors(kind, values)


def _is_marked(mark: JsonValue) -> bool:
    """Whether anything below is unknown; what is known has marks too, of the same shape and false."""
    if isinstance(mark, dict):
        return any(map(_is_marked, mark.values()))
    return any(map(_is_marked, mark)) if isinstance(mark, list) else mark is True


def _later(kind: str, before: Values, unknown: JsonValue) -> Iterator[str]:
    """What was closed, or lets addresses in, and is known only while the plan is applied."""
    marks: Values = unknown if isinstance(unknown, dict) else {}
    for path in _OPEN.get(kind, {}):
        if value_at(marks, path) is True and value_at(before, path) is not None:
            yield f"{path} known only later"
    if kind == "google_compute_firewall" and any(_is_marked(marks.get(key)) for key in ("source_ranges", "allow")):
        yield "whom the firewall lets in is known only later"


def _open_doors(kind: str, values: Values) -> Iterator[str]:
    if kind == "google_sql_database_instance":
        yield from _open_networks(value_at(values, "settings.ip_configuration"), "value", "authorized_networks")
    if kind == "google_container_cluster":
        yield from _open_networks(values.get("master_authorized_networks_config"), "cidr_block", "the control plane")
    if kind == "google_compute_firewall" and _lets_everybody_in(values):
        yield from (f"the firewall lets every address in, {what}" for what in _allowed(values.get("allow")))
    if kind in _FRONT_DOORS and str(values.get("load_balancing_scheme") or "EXTERNAL").startswith("EXTERNAL"):
        yield "a public address of the load balancer"
    if kind in _MACHINES and any(True for _ in _blocks(values.get("network_interface"), "access_config")):
        yield "a machine with a public address"
    if kind in _SERVICES and _is_public_service(values):
        yield "a public address of a Kubernetes service"
    if kind.startswith("kubernetes_network_policy") and _lets_any_pod_be_reached(values):
        yield "the network policy lets every address in"


def _public_members(value: JsonValue) -> set[str]:
    """Strangers that any text inside a value names; a policy is text itself."""
    if isinstance(value, str):
        return {found[1] for found in _EVERYBODY.finditer(value)}
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {who for item in items for who in _public_members(item)}


def _open_networks(value: JsonValue, key: str, where: str) -> Iterator[str]:
    if any(_is_anywhere(one) for one in _values_of(value, key)):
        yield f"{where} open to every address"


def _is_anywhere(text: str) -> bool:
    """Whether a range holds a large part of the internet: all of it is often written as two halves."""
    if text.strip() in _ANYWHERE:
        return True
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError:
        return False
    if isinstance(network, IPv4Network):
        return network.prefixlen < _NARROW_IPV4
    return network.prefixlen < _NARROW_IPV6 and network.overlaps(_PUBLIC_IPV6)


def _allowed(value: JsonValue) -> Iterator[str]:
    for rule in value if isinstance(value, list) else ():
        if isinstance(rule, dict):
            protocol, ports = str(rule.get("protocol")).lower(), rule.get("ports")
            named = protocol if protocol in _PROTOCOLS else "by another protocol"
            for port in ports if isinstance(ports, list) and ports else ("",):
                yield f"{named} {port if _PORTS.fullmatch(str(port)) else 'on every port'}"


def _values_of(value: JsonValue, key: str) -> Iterator[str]:
    """Texts under a key, at any depth."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == key and isinstance(item, str):
                yield item.strip()
            else:
                yield from _values_of(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _values_of(item, key)


def _blocks(value: JsonValue, key: str) -> Iterator[JsonValue]:
    for block in value if isinstance(value, list) else ():
        found = block.get(key) if isinstance(block, dict) else None
        if found:
            yield found


def _lets_everybody_in(values: Values) -> bool:
    ranges = values.get("source_ranges")
    is_open = any(_is_anywhere(str(one)) for one in ranges) if isinstance(ranges, list) else False
    is_inward = values.get("direction") in (None, "INGRESS")
    return is_open and is_inward and bool(values.get("allow")) and values.get("disabled") is not True


def _is_public_service(values: Values) -> bool:
    if value_at(values, "spec.type") != "LoadBalancer":
        return False
    annotations = value_at(values, "metadata.annotations")
    named = annotations if isinstance(annotations, dict) else {}
    return not any(str(named.get(key)).lower() == "internal" for key in _INTERNAL)


def _lets_any_pod_be_reached(values: Values) -> bool:
    for rule in _blocks(values.get("spec"), "ingress"):
        for one in rule if isinstance(rule, list) else ():
            source = one.get("from") if isinstance(one, dict) else None
            if any(_is_anywhere(cidr) for cidr in _values_of(source, "cidr")):
                return True
    return False


def _shown(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
