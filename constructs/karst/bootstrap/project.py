"""The project itself: that it is the one that is meant, its first APIs, and what whoever is signed in may do there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from karst.bootstrap.rights import role_with
from karst.bootstrap.step import READY, Look, blocked, missing
from karst.google.client import GoogleApi, listed, quoted
from karst.google.errors import RefusedError, as_list

_AT_ONCE = 20
_PERMISSIONS_AT_ONCE = 100


class WrongProjectError(Exception):
    """The project's number is another than the configuration says."""


class FirstApis:
    """A step: the APIs without which nothing else can be made are on. Also finds out whether the number is right."""

    def __init__(self, api: GoogleApi, project: str, number: str, services: Collection[str]) -> None:
        self.name = f"the first APIs of {project}"
        self.wish = tuple(f"{name}.googleapis.com" for name in sorted(services))
        self._api, self._project, self._number, self._services = api, project, number, services

    def look(self) -> Look:
        """Which of them are off."""
        try:
            off = apis_off(self._api, self._project, self._number, self._services)
        except WrongProjectError as error:
            return blocked(str(error), "Correct gcp.project or gcp.project_number in deployment.yaml.")
        except RefusedError as error:
            if error.refusal.is_api_off or error.refusal.status != 403:
                raise
            return blocked(
                f"the project {self._project} can't be seen ({error.refusal.message})",
                "Correct gcp.project in deployment.yaml, or have its owner give you the role roles/owner for now.",
            )
        return missing(*(f"{name}.googleapis.com" for name in off)) if off else READY

    def make(self) -> None:
        """Switch on those that are off."""
        off = apis_off(self._api, self._project, self._number, self._services)
        if not off:
            return
        doing = f"switch on APIs of {self._project}"
        wanted = [f"{name}.googleapis.com" for name in off]
        operation = self._api.ask(
            "POST",
            "serviceusage",
            f"v1/projects/{quoted(self._project)}/services:batchEnable",
            doing,
            body={"serviceIds": wanted},
        )
        self._api.wait_for("serviceusage", "v1", operation, doing)
        self._api.settle(wanted)


class Permissions:
    """A step that nobody but a person can take: whoever is signed in may do what follows."""

    def __init__(self, api: GoogleApi, project: str, needed: Sequence[str]) -> None:
        self.name = f"your own permissions in {project}"
        self.wish = (f"{len(needed)} permissions, looked at once the APIs are on",)
        self._api, self._project, self._needed = api, project, needed

    def look(self) -> Look:
        """Which of them are missing."""
        lacking = permissions_lacking(self._api, self._project, self._needed)
        if not lacking:
            return READY
        return blocked(f"you lack {', '.join(lacking)}", "\n".join(grant_commands(self._project, lacking)))

    def make(self) -> None:
        """Nothing: nobody may grant these to themselves."""


def apis_off(api: GoogleApi, project: str, number: str, services: Collection[str]) -> list[str]:
    """Which of these APIs are off, by their short names. Raises `WrongProjectError`."""
    off: list[str] = []
    wanted = sorted(services)
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        answer = api.ask(
            "GET",
            "serviceusage",
            f"v1/projects/{quoted(project)}/services:batchGet",
            f"see which APIs of {project} are on",
            query={"names": [f"projects/{project}/services/{name}.googleapis.com" for name in part]},
        )
        states = {str(one.get("name", "")): str(one.get("state", "")) for one in listed(answer, "services")}
        _check_number(states, project, number)
        on = {name.rpartition("/")[2] for name, state in states.items() if state == "ENABLED"}
        off += [name for name in part if f"{name}.googleapis.com" not in on]
    return off


def permissions_lacking(api: GoogleApi, project: str, needed: Sequence[str]) -> list[str]:
    """Which of these permissions whoever is signed in does not have in the project."""
    held: set[str] = set()
    for start in range(0, len(needed), _PERMISSIONS_AT_ONCE):
        held |= _held(api, project, needed[start : start + _PERMISSIONS_AT_ONCE])
    return [one for one in needed if one not in held]


def _held(api: GoogleApi, project: str, asked: Sequence[str]) -> set[str]:
    """Those of a few permissions that are held, and those that Google knows no more, of which nothing can be said."""
    try:
        answer = api.ask(
            "POST",
            "cloudresourcemanager",
            f"v1/projects/{quoted(project)}:testIamPermissions",
            f"see what you may do in {project}",
            body={"permissions": list(asked)},
        )
    except RefusedError as error:
        named = set(re.findall(r"[\w.]+\w", error.refusal.message)) if error.refusal.status == 400 else set[str]()
        unknown = named & set(asked)
        if not unknown:
            raise
        return unknown | _held(api, project, [one for one in asked if one not in unknown])
    return {str(one) for one in as_list(answer.get("permissions"))}


def grant_commands(project: str, lacking: Iterable[str], member: str = "user:YOU@example.org") -> list[str]:
    """What an owner of the project types so that nothing is lacking."""
    first = f"gcloud projects add-iam-policy-binding {project} --condition=None --member={member}"
    return [f"{first} --role={role}" for role in sorted({role_with(one) for one in lacking})]


def _check_number(states: Mapping[str, str], project: str, number: str) -> None:
    """Answers name the project by its number."""
    owners = {name.split("/")[1] for name in states if name.startswith("projects/")}
    wrong = next((owner for owner in sorted(owners) if owner.isdecimal() and owner != number), None)
    if wrong is not None:
        raise WrongProjectError(f"the project {project} has the number {wrong}, and deployment.yaml says {number}")
