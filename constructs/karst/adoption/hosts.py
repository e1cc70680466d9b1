"""The deployment's name, its hosts, and the host of the global services."""

from __future__ import annotations

import re

from karst.adoption import parse
from karst.adoption.draft import Draft
from karst.adoption.rows import parsed
from karst.adoption.secrets import kinds, name_of
from karst.drafts.placeholders import FILL_IN, FILL_IN_HOST
from karst.drafts.yaml_text import Node
from karst.name_forms import dashed

_NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?\Z")
_ZONE = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?\Z")
_MOST_NAME_CHARS = 20


def add_name(draft: Draft, variable: str, chosen: str | None) -> None:
    """The name of the deployment: what the operator chose, else the environment's, in letters that names can have."""
    wanted = draft.text(variable)
    name = chosen if chosen is not None else wanted or ""
    if chosen is None and wanted is not None and not (_NAME.match(wanted) and len(wanted) <= _MOST_NAME_CHARS):
        name = dashed(wanted).strip("-0123456789")[:_MOST_NAME_CHARS].strip("-")
        draft.warn(
            variable,
            f"Names have up to {_MOST_NAME_CHARS} lower-case letters, digits and dashes, so the deployment is called "
            f"{name or FILL_IN}. Names of resources that exist stay as they are; choose another by --name.",
        )
    draft.put(("name",), name if chosen is not None else name or FILL_IN, *([variable] if wanted else []))


def own_host(draft: Draft) -> str:
    """Where the deployment answers."""
    return f"{name_of(draft)}.{draft.get(('dns', 'domain')) or FILL_IN}"


def add_hosts(draft: Draft) -> None:
    """Further hosts, each with its zone. Upstream's renderer fills the zones with hosts; such ones are not believed."""
    zones = draft.items("DNS_ZONES")
    hosts = [parse.host(one) for one in draft.items("DNS_HOSTNAMES")]
    believed = [zone if _ZONE.match(zone) and zone not in hosts else None for zone in zones]
    if any(zone is None for zone in believed):
        draft.warn(
            "DNS_ZONES", "It holds names of hosts instead of zones: a fault of upstream's renderer. They are not used."
        )
    pairs = {host: believed[index] if index < len(believed) else None for index, host in enumerate(hosts)}
    if len(zones) not in (0, len(hosts)) and hosts:
        draft.warn("DNS_ZONES", f"It lists {len(zones)} zones for {len(hosts)} hosts. Check dns.hostnames.")
    add_extra_hosts(draft, pairs, ("DNS_HOSTNAMES", "DNS_ZONES"))


def add_extra_hosts(draft: Draft, pairs: dict[str, str | None], names: tuple[str, ...]) -> None:
    """Hosts beside the deployment's own, with the zones that are known."""
    domain, main_zone = draft.get(("dns", "domain")), draft.get(("dns", "zone"))
    found: list[Node] = []
    for host, zone in pairs.items():
        if host == own_host(draft) or not host:
            continue
        entry: dict[str, Node] = {"name": host}
        if zone is not None and zone != main_zone:
            entry["zone"] = zone
        elif not (host == domain or host.endswith(f".{domain}")):
            entry["zone"] = FILL_IN
            draft.ask(
                f"dns.hostnames: {host}",
                f"The host is outside {domain}. Write the name of its Cloud DNS zone in place of {FILL_IN}.",
                "gcloud dns managed-zones list",
            )
        found.append(entry)
    if found:
        draft.put(("dns", "hostnames"), found, *(name for name in names if draft.variable(name)))
    for name in names:
        if draft.variable(name) and not draft.is_settled(name):
            draft.drop(name, draft.why_not(name) or "the deployment's own host follows from its name and domain")


def add_global_host(draft: Draft, name: str) -> None:
    """The host of the global services; a global deployment's own follows from its name."""
    host = parsed(draft, name, parse.host)
    if "global" not in kinds(draft):
        draft.put(("global", "host"), host or FILL_IN_HOST, *([name] if host else []))
        if host is None:
            draft.ask("global.host", f"Write the host of the global deployment in place of {FILL_IN_HOST}.")
    elif isinstance(host, str) and host != own_host(draft):
        draft.drop(name, "a global deployment's own host follows from its name")
        draft.warn(
            name,
            f"It calls the global services {host}, and the deployment's own host is {own_host(draft)}, which services "
            "will tell people to sign in at. Give the old name as --name where it lies in the same domain.",
        )
        listed = draft.get(("dns", "hostnames"))
        known = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        if host not in [one.get("name") for one in known]:
            add_missing: list[Node] = [*known, {"name": host}]
            domain = draft.get(("dns", "domain"))
            if isinstance(domain, str) and host.endswith(f".{domain}"):
                draft.put(("dns", "hostnames"), add_missing)
    else:
        draft.drop(name, "a global deployment's own host follows from its name")


def add_viewer(draft: Draft, name: str) -> None:
    """The viewer of links."""
    url = parsed(draft, name, parse.https_url)
    if url is not None:
        draft.put(("viewer", "url"), url, name)


def add_contact(draft: Draft, name: str) -> None:
    """Who heard of certificates that expire hears of failures: alerts of which nobody hears are refused."""
    email = parsed(draft, name, parse.text)
    if email is not None:
        draft.put(("tls", "email"), email, name)
        draft.put(("alerts", "emails"), [email], name)


def finish_contact(draft: Draft) -> None:
    """Without any address somebody has to write one."""
    if draft.get(("alerts", "emails")) is None:
        draft.ask("alerts.emails", "Who hears of failures: `karst policy` refuses alerts that tell nobody.")
