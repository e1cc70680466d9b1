"""Rules of host names: each lies in its zone, belongs to one deployment, and global ones lead where they should."""

from collections.abc import Iterator, Mapping

from karst.config.errors import Location, Problem, choices, show
from karst.config.loader import Environment
from karst.config.types import Kind


def problems(environment: Environment) -> Iterator[Problem]:
    """What is wrong with the host names of one deployment."""
    deployment = environment.deployment
    for index, extra in enumerate(deployment.dns.hostnames):
        if extra.zone in (None, deployment.dns.zone) and not lies_in(extra.name, deployment.dns.domain):
            message = f"{show(extra.name)} is outside {show(deployment.dns.domain)}, the domain of its zone"
            remedy = f"Write a name that ends in .{deployment.dns.domain}, or name its own zone: `zone: ...`."
            yield environment.problem(("dns", "hostnames", index, "name"), message, remedy)
    if deployment.global_ is not None and deployment.global_.host in deployment.hosts:
        message = f"{show(deployment.global_.host)} is this deployment's own host"
        yield environment.problem(("global", "host"), message, "Write the host of the global deployment.")


def problems_between(environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """What is wrong with host names and zones of several deployments together."""
    yield from _claimed_twice(environments)
    yield from _global_hosts(environments)
    yield from _zones(environments)


def lies_in(host: str, domain: str) -> bool:
    """Whether `host` is `domain` or a name below it."""
    return host == domain or host.endswith(f".{domain}")


def _hosts(environment: Environment) -> Iterator[tuple[Location, str]]:
    yield ("name",), environment.deployment.host
    for index, extra in enumerate(environment.deployment.dns.hostnames):
        yield ("dns", "hostnames", index, "name"), extra.name


def _claimed_twice(environments: Mapping[str, Environment]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for environment in environments.values():
        for location, host in _hosts(environment):
            owner = owners.setdefault(host, environment.name)
            if location != ("name",) and host == environment.deployment.host:
                message = f"{show(host)} is the deployment's own host already"
                yield environment.problem(location, message, "Remove it: `<name>.<domain>` is always answered.")
            elif owner != environment.name:
                message = f"the host {show(host)} belongs to the deployment {show(owner)}"
                yield environment.problem(location, message, "Remove it from one of the two.")


def _global_hosts(environments: Mapping[str, Environment]) -> Iterator[Problem]:
    owners = {host: one for one in environments.values() for host in one.deployment.hosts}
    globals_ = [one.deployment.host for one in environments.values() if Kind.GLOBAL in one.deployment.kinds]
    for environment in environments.values():
        wanted = environment.deployment.global_
        owner = owners.get(wanted.host) if wanted else None
        if wanted and owner and owner is not environment and Kind.GLOBAL not in owner.deployment.kinds:
            message = f"{show(wanted.host)} is the deployment {show(owner.name)}, which runs no global services"
            remedy = f"Write {choices(globals_)}." if globals_ else "Write the host of a global deployment."
            yield environment.problem(("global", "host"), message, remedy)


def _zones(environments: Mapping[str, Environment]) -> Iterator[Problem]:
    """One zone has one domain, whoever names it."""
    domains: dict[tuple[str, str], tuple[str, str]] = {}
    for environment in environments.values():
        key = (environment.deployment.gcp.project, environment.deployment.dns.zone)
        domain, owner = domains.setdefault(key, (environment.deployment.dns.domain, environment.name))
        if domain != environment.deployment.dns.domain:
            message = f"the zone {show(key[1])} holds {show(domain)} in the deployment {show(owner)}"
            remedy = f"Write {domain} here too, or name another zone."
            yield environment.problem(("dns", "domain"), message, remedy)
    for environment in environments.values():
        for index, extra in enumerate(environment.deployment.dns.hostnames):
            known = domains.get((environment.deployment.gcp.project, extra.zone or ""))
            if extra.zone == environment.deployment.dns.zone or known is None or lies_in(extra.name, known[0]):
                continue
            message = f"{show(extra.name)} is outside {show(known[0])}, the domain of its zone {show(extra.zone)}"
            remedy = f"Write a name that ends in .{known[0]}, or another zone."
            yield environment.problem(("dns", "hostnames", index, "name"), message, remedy)
