"""Rules of place and addresses: zones lie in the region, no two ranges of one network share an address."""

import ipaddress
from collections.abc import Iterator, Mapping
from itertools import combinations

from karst.config.errors import Location, Problem, dotted, show
from karst.config.loader import Environment
from karst.config.types import GenerationState, Manage
from karst.naming import Names

CONTROL_PLANE_PREFIX = 28
LEAST_NODES_PREFIX = 29
_NETWORK = ("gcp", "network")

Range = tuple[Location, ipaddress.IPv4Network]


def problems(environment: Environment) -> Iterator[Problem]:
    """What is wrong with zones and address ranges of one deployment."""
    yield from _zones(environment)
    yield from _ranges(environment)


def problems_between(environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """Ranges of two deployments that meet in the network they share."""
    for one, other in combinations(environments.values(), 2):
        if Names(one.deployment).network_path == Names(other.deployment).network_path:
            yield from _meeting(one, other)


def _meeting(one: Environment, other: Environment) -> Iterator[Problem]:
    """What `other` declares over addresses of `one`; one and the same range, named by both, is none."""
    network = show(Names(one.deployment).network)
    for first, taken in _used(one):
        for second, wanted in _used(other):
            could_be_one = first == second and _is_shared(first[-1], one, other)
            if taken.overlaps(wanted) and not (could_be_one and taken == wanted):
                place = f"{dotted(first)} of the deployment {show(one.name)}"
                message = f"{wanted} overlaps {taken}, {place} in the same network {network}"
                alike = f", or {taken} if it is the same range" if could_be_one else ""
                yield other.problem(second, message, f"Write a range that shares no address with it{alike}.")


def _is_shared(role: str | int, one: Environment, other: Environment) -> bool:
    """Whether a range is one thing for both: that of managed services in a network, the others in a subnet."""
    if role == "private_services":
        return True
    return role != "control_plane" and Names(one.deployment).subnet_path == Names(other.deployment).subnet_path


def _used(environment: Environment) -> Iterator[Range]:
    """Ranges that hold something; pods and Kubernetes services have none in a network of others without a cluster."""
    deployment = environment.deployment
    has_all = deployment.runs_cluster or deployment.gcp.network.manage is Manage.CREATE
    for location, text in _declared(environment):
        parsed = ipaddress.ip_network(text)
        if isinstance(parsed, ipaddress.IPv4Network) and (has_all or location[-1] in ("nodes", "private_services")):
            yield location, parsed


def _zones(environment: Environment) -> Iterator[Problem]:
    gcp = environment.deployment.gcp
    places: list[tuple[Location, str]] = [(("gcp", "zone"), gcp.zone)]
    places += [(("gcp", "zones", index), zone) for index, zone in enumerate(gcp.zones)]
    for location, zone in places:
        if zone.rpartition("-")[0] != gcp.region:
            remedy = f"Write a zone such as {gcp.region}-a, or change gcp.region."
            yield environment.problem(location, f"zone {show(zone)} is outside the region {show(gcp.region)}", remedy)


def _ranges(environment: Environment) -> Iterator[Problem]:
    usable: list[Range] = []
    for location, text in _declared(environment):
        parsed = ipaddress.ip_network(text)
        if isinstance(parsed, ipaddress.IPv6Network):
            yield environment.problem(
                location, f"{text} is an IPv6 range", "Write an IPv4 range such as 10.142.0.0/20."
            )
            continue
        usable.append((location, parsed))
        if location[0] == "generations" and parsed.prefixlen != CONTROL_PLANE_PREFIX:
            remedy = f"Write a range that ends in /{CONTROL_PLANE_PREFIX}, such as {parsed.network_address}/28."
            yield environment.problem(location, f"{text} does not have the size of a control plane's range", remedy)
        if location[-1] == "nodes" and parsed.prefixlen > LEAST_NODES_PREFIX:
            yield environment.problem(
                location, f"{text} is too small for a subnet", "Write /29 or larger, such as /20."
            )
    for (first, one), (second, other) in combinations(usable, 2):
        if one.overlaps(other):
            message = f"{other} overlaps {one} of {'.'.join(map(str, first))}"
            yield environment.problem(second, message, "Write a range that shares no address with it.")


def _declared(environment: Environment) -> Iterator[tuple[Location, str]]:
    network = environment.deployment.gcp.network
    yield (*_NETWORK, "nodes"), network.nodes
    yield (*_NETWORK, "pods"), network.pods
    yield (*_NETWORK, "services"), network.services
    yield (*_NETWORK, "private_services"), network.private_services
    for index, kept in enumerate(network.kept_ranges):
        yield (*_NETWORK, "kept_ranges", index, "cidr"), kept.cidr
    for name, generation in sorted(environment.deployment.generations.items()):
        if generation.control_plane is not None and generation.state is not GenerationState.REMOVED:
            yield ("generations", name, "control_plane"), generation.control_plane
