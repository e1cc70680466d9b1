"""Access policies: members are added to what is there, and nothing is taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from karst.bootstrap.rights import Binding
from karst.bootstrap.step import READY, Look, missing
from karst.google.client import GoogleApi, listed, quoted
from karst.google.errors import RefusedError, as_list, as_mapping

Policy = Mapping[str, object]
WITH_CONDITIONS = 3
"""The version of policies that may hold conditions. Asked for less, Google leaves them out, and writing loses them."""
_TRIES = 6
_CONTESTED = frozenset({409, 412})


@dataclass(frozen=True, kw_only=True)
class PolicyPlace:
    """Where a policy is read and written."""

    name: str
    read: Callable[[], Policy]
    write: Callable[[Policy], object]


class Grants:
    """A step: members hold roles on one thing."""

    def __init__(self, place: PolicyPlace, wanted: Sequence[Binding], api: GoogleApi) -> None:
        self.name = f"roles on {place.name}"
        self.wish = tuple(f"{one} for {short(one.member)}" for one in wanted)
        self._place, self._wanted, self._api = place, wanted, api

    def look(self) -> Look:
        """Which of the roles are missing."""
        absent = absent_from(self._place.read(), self._wanted)
        return missing(*(f"{one} for {short(one.member)}" for one in absent)) if absent else READY

    def make(self) -> None:
        """Add them. Where somebody else writes at the same moment, read again and try again."""
        for attempt in range(1, _TRIES + 1):
            policy = self._place.read()
            absent = absent_from(policy, self._wanted)
            if not absent:
                return
            try:
                self._place.write(_with(policy, absent))
            except RefusedError as error:
                is_contested = error.refusal.status in _CONTESTED
                # A new account takes a moment until policies know it.
                is_new = error.refusal.status == 400 and "does not exist" in error.refusal.message
                if attempt == _TRIES or not (is_contested or is_new):
                    raise
                self._api.rest(2.0**attempt)


def absent_from(policy: Policy, wanted: Iterable[Binding]) -> list[Binding]:
    """What of `wanted` a policy does not say. Who holds a role without a condition holds it under any."""
    held = {
        (str(one.get("role")), str(member), _expression(one))
        for one in listed(policy, "bindings")
        for member in as_list(one.get("members"))
    }
    return [
        one
        for one in wanted
        if (one.role, one.member, one.expression) not in held and (one.role, one.member, "") not in held
    ]


def _with(policy: Policy, added: Sequence[Binding]) -> Policy:
    fresh = [{"role": one.role, "members": [one.member], **_condition(one)} for one in added]
    return {**policy, "bindings": [*listed(policy, "bindings"), *fresh], "version": WITH_CONDITIONS}


def _condition(binding: Binding) -> Mapping[str, object]:
    if not binding.expression:
        return {}
    return {"condition": {"title": binding.title, "expression": binding.expression}}


def _expression(binding: Mapping[str, object]) -> str:
    return str(as_mapping(binding.get("condition")).get("expression", ""))


def short(member: str) -> str:
    """A member without what all of them begin with."""
    return member.partition(":")[2] if member.startswith("serviceAccount:") else member


def of_project(api: GoogleApi, project: str) -> PolicyPlace:
    """The policy of a project."""
    doing = f"{{}} the access policy of the project {project}"
    path = f"v1/projects/{quoted(project)}"
    options = {"options": {"requestedPolicyVersion": WITH_CONDITIONS}}
    return PolicyPlace(
        name=f"the project {project}",
        read=lambda: api.ask(
            "POST", "cloudresourcemanager", f"{path}:getIamPolicy", doing.format("read"), body=options
        ),
        write=lambda policy: api.ask(
            "POST", "cloudresourcemanager", f"{path}:setIamPolicy", doing.format("change"), body={"policy": policy}
        ),
    )


def of_account(api: GoogleApi, project: str, email: str) -> PolicyPlace:
    """The policy that says who may act as a service account."""
    doing = f"{{}} who may act as {email}"
    path = f"v1/projects/{quoted(project)}/serviceAccounts/{quoted(email)}"
    query = {"options.requestedPolicyVersion": str(WITH_CONDITIONS)}
    return PolicyPlace(
        name=f"the account {email}",
        read=lambda: api.ask("POST", "iam", f"{path}:getIamPolicy", doing.format("read"), query=query),
        write=lambda policy: api.ask(
            "POST", "iam", f"{path}:setIamPolicy", doing.format("change"), body={"policy": policy}
        ),
    )


def of_bucket(api: GoogleApi, bucket: str) -> PolicyPlace:
    """The policy of a bucket."""
    doing = f"{{}} the access policy of gs://{bucket}"
    path = f"storage/v1/b/{quoted(bucket)}/iam"
    query = {"optionsRequestedPolicyVersion": str(WITH_CONDITIONS)}
    return PolicyPlace(
        name=f"gs://{bucket}",
        read=lambda: api.ask("GET", "storage", path, doing.format("read"), query=query),
        write=lambda policy: api.ask("PUT", "storage", path, doing.format("change"), body=policy),
    )
