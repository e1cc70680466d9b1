"""How a deployment is found: delegation of its zones, certificates of its hosts, the client by which people sign in."""

from __future__ import annotations

from collections.abc import Iterator

from karst.bootstrap.by_hand import client_lines, delegation_lines, redirect_lines
from karst.bootstrap.delegation import delegation_of, zones_of
from karst.bootstrap.sign_in import Addresses, Client, Registration, addresses_of, read_client, registration_of
from karst.config.deployment import Deployment
from karst.config.types import Manage
from karst.doctor.finding import Finding, error, ok, unchecked, warning
from karst.google.client import GoogleApi, listed, quoted
from karst.google.errors import as_mapping, printable
from karst.naming import Names

_DEPLOY_FIRST = "The first deployment makes it: cdktf deploy "


def delegation(api: GoogleApi, deployment: Deployment) -> Iterator[Finding]:
    """Whether the world asks the zones' own servers."""
    for zone in zones_of(deployment):
        found = delegation_of(api, deployment.gcp.project, zone)
        if found.found is None:
            is_ours = deployment.dns.manage is Manage.CREATE and zone == deployment.dns.zone
            remedy = f"{_DEPLOY_FIRST}{deployment.name}" if is_ours else "Have its owner make it, or correct dns."
            yield (warning if is_ours else error)("delegation", f"There is no zone {zone} yet.", remedy)
        elif found.is_done:
            yield ok("delegation", f"the world asks the servers of {zone} for {found.found.domain}")
        else:
            lines = delegation_lines(found)
            yield error("delegation", f"{found.found.domain}: {lines[-1]}", "\n".join(lines[:-1]))


def certificates(api: GoogleApi, deployment: Deployment) -> Iterator[Finding]:
    """Whether each host has a certificate that is good."""
    names = Names(deployment)
    place = f"v1/projects/{quoted(deployment.gcp.project)}/locations/global/certificates"
    for host in deployment.hosts:
        found = api.find(
            "certificatemanager", f"{place}/{quoted(names.certificate(host))}", f"see {host}'s certificate"
        )
        if found is None:
            message = f"{host} has no certificate yet."
            yield warning("certificates", message, f"{_DEPLOY_FIRST}{deployment.name}")
            continue
        managed = as_mapping(found.get("managed"))
        state = str(managed.get("state", "unknown"))
        if state == "ACTIVE":
            yield ok("certificates", f"{host} has one, until {printable(str(found.get('expireTime', '?')))}")
            continue
        why = as_mapping(managed.get("provisioningIssue")).get("details") or ", ".join(
            f"{one.get('domain')}: {one.get('failureReason') or one.get('state')}"
            for one in listed(managed, "authorizationAttemptInfo")
        )
        message = f"That of {host} is {printable(state)} ({printable(str(why)) or 'no reason given'})."
        remedy = "Delegate the zone first (see delegation); then Google makes it within the hour by itself."
        yield (warning if state == "PROVISIONING" else error)("certificates", message, remedy)


def oauth_client(api: GoogleApi, deployment: Deployment) -> Iterator[Finding]:
    """Whether people can sign in."""
    check, wanted = "OAuth client", addresses_of(deployment)
    if not wanted.redirects:
        yield ok(check, "not needed: people sign in elsewhere, or at pages of their own")
        return
    client, client_id = read_client(api, deployment)
    if client is not Client.THERE:
        yield error(check, f"There is none: {client}.", "\n".join(client_lines(deployment, client)))
        return
    found = {one: registration_of(api, client_id, one) for one in wanted.redirects}
    absent = tuple(one for one in wanted.redirects if found[one] is Registration.MISSING)
    if Registration.NO_CLIENT in found.values():
        remedy = "\n".join(client_lines(deployment, Client.NO_JSON)[1:])
        yield error(check, f"Google knows no client {client_id}.", remedy)
    elif absent:
        lines = redirect_lines(Addresses(origins=wanted.origins, redirects=absent), client_id)
        message = f"{len(absent)} of {len(found)} redirect addresses are not registered."
        yield error(check, message, "\n".join(lines))
    elif Registration.UNCLEAR in found.values():
        yield unchecked(check, "Google's answer to the beginning of a sign-in could not be read.", "Sign in by hand.")
    else:
        yield ok(check, f"{client_id} knows all {len(found)} redirect addresses")
