"""The four steps that no program can take: told to the letter, and looked at until they are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from karst.bootstrap.delegation import Delegation, delegation_of, zones_of
from karst.bootstrap.project import grant_commands, permissions_lacking
from karst.bootstrap.rights import to_deploy
from karst.bootstrap.sign_in import (
    Addresses,
    Client,
    Registration,
    addresses_of,
    read_client,
    registration_of,
    secret_path,
)
from karst.config.deployment import Deployment
from karst.config.types import Kind, Manage
from karst.google.client import GoogleApi
from karst.google.errors import RefusedError
from karst.naming import Names


class Done(StrEnum):
    """How far a step is."""

    DONE = "done"
    OPEN = "to do"
    LATER = "after the first deployment"
    UNCHECKED = "can't be checked from here"
    NEEDLESS = "not needed"


@dataclass(frozen=True, kw_only=True)
class HandStep:
    """One of the four, and what is left of it."""

    number: int
    title: str
    done: Done
    lines: tuple[str, ...] = ()
    """What to do, to the letter; or why it could not be checked."""

    @property
    def is_waited_for(self) -> bool:
        """Whether looking again may find it done."""
        return self.done is Done.OPEN


Check = Callable[[GoogleApi, Deployment], tuple[Done, Sequence[str]]]


def hand_steps(api: GoogleApi, deployment: Deployment) -> tuple[HandStep, ...]:
    """Look at all four. Raises `SignInError` and `UnreachableError`; what Google refuses is told with its step."""
    checks: tuple[tuple[str, Check], ...] = (
        ("Grant permissions", _permissions),
        ("Delegate the name servers", _delegation),
        ("Create the OAuth client", _client),
        ("Register its redirect addresses", _redirects),
    )
    return tuple(
        _checked(number, title, check, api, deployment) for number, (title, check) in enumerate(checks, start=1)
    )


def _checked(number: int, title: str, check: Check, api: GoogleApi, deployment: Deployment) -> HandStep:
    try:
        done, lines = check(api, deployment)
    except RefusedError as error:
        off = error.refusal.is_api_off
        done, lines = (
            (Done.LATER, [_later("Its API is still off", deployment)]) if off else (Done.UNCHECKED, [str(error)])
        )
    return HandStep(number=number, title=title, done=done, lines=tuple(lines))


def _later(why: str, deployment: Deployment) -> str:
    name = deployment.name
    return f"{why}; the first `cdktf deploy {name}` changes that. Then: karst bootstrap {name} --wait"


def _permissions(api: GoogleApi, deployment: Deployment) -> tuple[Done, Sequence[str]]:
    project = deployment.gcp.project
    lacking = permissions_lacking(api, project, to_deploy(deployment))
    elsewhere = grants_elsewhere(deployment)
    if not lacking:
        return Done.DONE, elsewhere
    said = [f"To deploy from this machine you lack {len(lacking)} permissions. An owner of {project} types:"]
    return Done.OPEN, [*said, *grant_commands(project, lacking), *elsewhere]


def grants_elsewhere(deployment: Deployment) -> list[str]:
    """What owners of other projects and of the bill grant to the account that deploys; nobody else can see it."""
    deployer = Names(deployment).deployer
    member = f"--member=serviceAccount:{deployer}" if deployer else "--member=user:YOU@example.org"
    lines: list[str] = []
    if deployment.budget is not None:
        account = deployment.budget.billing_account
        lines.append(
            f"gcloud billing accounts add-iam-policy-binding {account} {member} --role=roles/billing.costsManager"
        )
    data = deployment.bigtable.project
    if Kind.LOCAL in deployment.kinds and data not in (None, deployment.gcp.project):
        lines.append(
            f"gcloud projects add-iam-policy-binding {data} --condition=None {member} --role=roles/bigtable.admin"
        )
    return ["Owners of these grant, which can't be seen from here:", *lines] if lines else []


def _delegation(api: GoogleApi, deployment: Deployment) -> tuple[Done, Sequence[str]]:
    found = [delegation_of(api, deployment.gcp.project, zone) for zone in zones_of(deployment)]
    absent = [one.zone for one in found if one.found is None]
    if absent and deployment.dns.manage is Manage.EXISTING:
        return Done.LATER, [f"There is no zone {', '.join(absent)} yet: have its owner make it, or correct dns."]
    if absent:
        return Done.LATER, [_later(f"There is no zone {', '.join(absent)} yet", deployment)]
    left = [one for one in found if not one.is_done]
    return (Done.OPEN, [line for one in left for line in delegation_lines(one)]) if left else (Done.DONE, [])


def delegation_lines(delegation: Delegation) -> list[str]:
    """The records to enter where the domain was bought, and what the world sees instead."""
    zone = delegation.found
    if zone is None:
        return []
    if delegation.is_broken:
        seen = "an error: either these servers are not those of the zone, or a DS record there does not fit it"
    else:
        seen = ", ".join(delegation.asked) or "nobody"
    records = [f"    {zone.domain}.  NS  {server}" for server in zone.servers]
    return [f"Where {zone.domain} was bought, or in the zone above it, enter:", *records, f"The world asks {seen}."]


def _client(api: GoogleApi, deployment: Deployment) -> tuple[Done, Sequence[str]]:
    wanted = addresses_of(deployment)
    if not wanted.redirects:
        return _signs_in_elsewhere(deployment)
    client, client_id = read_client(api, deployment)
    if client is Client.THERE:
        return Done.DONE, [f"Client {client_id}"]
    return Done.OPEN, client_lines(deployment, client)


def client_lines(deployment: Deployment, client: Client) -> list[str]:
    """How the client is made and put where auth reads it."""
    path = secret_path(deployment)
    secret, project = path.partition("/versions/")[0].rpartition("/")[2], path.split("/")[1]
    wrong = ["What the secret holds now is no web client's JSON file."] if client is Client.NO_JSON else []
    first = (
        f"gcloud secrets create {secret} --project={project} --replication-policy=automatic --data-file=client.json"
        if client is Client.NO_SECRET
        else f"gcloud secrets versions add {secret} --project={project} --data-file=client.json"
    )
    return [
        *wrong,
        f"https://console.cloud.google.com/auth/clients/create?project={deployment.gcp.project}",
        "Application type: Web application. Addresses: those of the next step.",
        "Download its JSON file as client.json, then:",
        f"    {first}",
    ]


def _redirects(api: GoogleApi, deployment: Deployment) -> tuple[Done, Sequence[str]]:
    wanted = addresses_of(deployment)
    if not wanted.redirects:
        return _signs_in_elsewhere(deployment)
    client, client_id = read_client(api, deployment)
    if client is not Client.THERE:
        return Done.OPEN, redirect_lines(wanted, "")
    found = {one: registration_of(api, client_id, one) for one in wanted.redirects}
    if Registration.NO_CLIENT in found.values():
        return Done.OPEN, [f"Google knows no client {client_id}: make one, and store it as the step before says."]
    absent = tuple(one for one, state in found.items() if state is Registration.MISSING)
    if absent:
        return Done.OPEN, redirect_lines(Addresses(origins=wanted.origins, redirects=absent), client_id)
    if Registration.UNCLEAR in found.values():
        said = "Google's answer could not be read. Open these, and see that no error says redirect_uri_mismatch:"
        return Done.UNCHECKED, [said, *(f"    {one}" for one in found if found[one] is Registration.UNCLEAR)]
    return Done.DONE, []


def redirect_lines(wanted: Addresses, client_id: str) -> list[str]:
    """What to enter in the client, to the letter."""
    place = f"In the client{f' {client_id}' if client_id else ''}, under"
    return [
        f"{place} Authorized JavaScript origins:",
        *(f"    {one}" for one in wanted.origins),
        f"{place} Authorized redirect URIs:",
        *(f"    {one}" for one in wanted.redirects),
    ]


def _signs_in_elsewhere(deployment: Deployment) -> tuple[Done, Sequence[str]]:
    if Kind.LOCAL in deployment.kinds and deployment.global_host:
        return Done.NEEDLESS, [f"People sign in at {deployment.global_host}."]
    origins = [f"    {one}" for one in deployment.clio.allowed_origins]
    said = "Clio needs a web client without redirect addresses; its JavaScript origins are those of your pages:"
    return Done.UNCHECKED, [said, *origins, "Its id stands first in GOOGLE_AUDIENCES of the service clio."]
