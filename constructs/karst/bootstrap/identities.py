"""As whom workflows on GitHub act: two accounts without keys, each behind a pool that lets only its own jobs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from karst.bootstrap.step import READY, Look, blocked, differs, missing
from karst.derived.workflow_trust import ISSUER, Trust
from karst.google.client import GoogleApi, quoted
from karst.google.errors import RefusedError, as_mapping, printable

MARK = "made by karst bootstrap"
RENAME = "Rename the deployment, or have its owner remove it"


@dataclass(frozen=True, kw_only=True)
class AccountWish:
    """What an account should be."""

    account_id: str
    email: str
    project: str
    does: str
    """What it is for, in a few words."""


class Account:
    """A step: a service account is there. A name that is taken by an account of somebody else's is told."""

    def __init__(self, api: GoogleApi, wish: AccountWish) -> None:
        self.name = f"the account {wish.email}"
        self.wish = (wish.does,)
        self._api, self._wish = api, wish

    def look(self) -> Look:
        """Whether it is there and ours."""
        found = self._find()
        if found is None:
            return missing(*self.wish)
        if MARK not in str(found.get("description", "")):
            return blocked("an account of this name exists, and Karst did not make it", f"{RENAME}.")
        if found.get("disabled"):
            remedy = f"Run: gcloud iam service-accounts enable {self._wish.email} --project={self._wish.project}"
            return blocked("somebody disabled it", remedy)
        return READY

    def make(self) -> None:
        """Make it where it is missing."""
        if self._find() is not None:
            return
        account = {"displayName": self._wish.account_id, "description": f"{self._wish.does}; {MARK}"}
        create(
            self._api,
            "iam",
            f"v1/projects/{quoted(self._wish.project)}/serviceAccounts",
            f"make the account {self._wish.email}",
            body={"accountId": self._wish.account_id, "serviceAccount": account},
        )

    def _find(self) -> Mapping[str, object] | None:
        path = f"v1/projects/{quoted(self._wish.project)}/serviceAccounts/{quoted(self._wish.email)}"
        return self._api.find("iam", path, f"look at the account {self._wish.email}")


class Pool:
    """A step: a pool of workflows is there."""

    def __init__(self, api: GoogleApi, path: str, does: str) -> None:
        self.name = f"the pool {path.rpartition('/')[2]}"
        self.wish = (does,)
        self._api, self._path, self._does = api, path, does

    def look(self) -> Look:
        """Whether it is there and ours."""
        found = self._api.find("iam", f"v1/{quoted(self._path)}", f"look at {self.name}")
        if found is None:
            return missing(*self.wish)
        return _obstacle(found, "workload-identity-pools undelete", self._path) or READY

    def make(self) -> None:
        """Make it where it is missing."""
        parent, _, pool = self._path.rpartition("/")
        doing = f"make {self.name}"
        operation = create(
            self._api,
            "iam",
            f"v1/{quoted(parent)}",
            doing,
            query={"workloadIdentityPoolId": pool},
            body={"displayName": pool, "description": f"{self._does}; {MARK}", "disabled": False},
        )
        self._api.wait_for("iam", "v1", operation, doing)


class Provider:
    """A step: GitHub vouches for the jobs that come into a pool, on one condition."""

    def __init__(self, api: GoogleApi, path: str, trust: Trust) -> None:
        pool, _, provider = path.rpartition("/providers/")
        self.name = f"the way into the pool {pool.rpartition('/')[2]} by {provider}"
        self.wish = (f"on condition that {trust.condition}",)
        self._api, self._path, self._trust = api, path, trust

    def look(self) -> Look:
        """Whether it is there, ours, and lets in who should come in."""
        found = self._api.find("iam", f"v1/{quoted(self._path)}", f"look at {self.name}")
        if found is None:
            return missing(*self.wish)
        obstacle = _obstacle(found, "workload-identity-pools providers undelete", self._path)
        if obstacle is not None:
            return obstacle
        issuer = as_mapping(found.get("oidc")).get("issuerUri")
        if issuer != ISSUER:
            return blocked(f"it trusts {issuer!r}, not {ISSUER}", f"{RENAME}.")
        changes = self._changes(found)
        condition = str(found.get("attributeCondition", ""))
        details = {
            "attributeCondition": f"condition: {printable(condition) or 'none, so everybody on GitHub comes in'} -> "
            f"{self._trust.condition}",
            "attributeMapping": "what Google keeps of a job's token",
            "oidc.allowedAudiences": "audience: any that was listed -> the provider's own",
        }
        return differs(*(details[key] for key in changes)) if changes else READY

    def make(self) -> None:
        """Make it, or change its condition."""
        found = self._api.find("iam", f"v1/{quoted(self._path)}", f"look at {self.name}")
        body = {
            "attributeCondition": self._trust.condition,
            "attributeMapping": dict(self._trust.mapping),
            "oidc": {"issuerUri": ISSUER},
        }
        doing = f"make {self.name}"
        if found is None:
            parent, _, provider = self._path.rpartition("/")
            fresh = {**body, "displayName": provider, "description": MARK, "disabled": False}
            query = {"workloadIdentityPoolProviderId": provider}
            operation = create(self._api, "iam", f"v1/{quoted(parent)}", doing, query=query, body=fresh)
        else:
            changes = self._changes(found)
            if not changes:
                return
            query = {"updateMask": ",".join(changes)}
            operation = self._api.ask("PATCH", "iam", f"v1/{quoted(self._path)}", doing, query=query, body=body)
        self._api.wait_for("iam", "v1", operation, doing)

    def _changes(self, found: Mapping[str, object]) -> list[str]:
        changes: list[str] = []
        condition = str(found.get("attributeCondition", ""))
        # Whoever asks for more than Karst does, by `&&` behind it, keeps that.
        if condition != self._trust.condition and not _adds_to(condition, self._trust.condition):
            changes.append("attributeCondition")
        if dict(as_mapping(found.get("attributeMapping"))) != dict(self._trust.mapping):
            changes.append("attributeMapping")
        if as_mapping(found.get("oidc")).get("allowedAudiences"):
            changes.append("oidc.allowedAudiences")
        return changes


def create(
    api: GoogleApi, service: str, path: str, doing: str, *, body: object, query: Mapping[str, str] | None = None
) -> Mapping[str, object]:
    """Make something that another run may make at the same moment: then theirs is taken, and looked at next."""
    try:
        return api.ask("POST", service, path, doing, query=query, body=body)
    except RefusedError as error:
        if error.refusal.status != 409:
            raise
        return {}


def _obstacle(found: Mapping[str, object], undelete: str, path: str) -> Look | None:
    if found.get("state") == "DELETED":
        return blocked("it was deleted, and its name stays taken for 30 days", f"Run: gcloud iam {undelete} {path}")
    if MARK not in str(found.get("description", "")):
        return blocked("it exists, and Karst did not make it", f"{RENAME}.")
    if found.get("disabled"):
        return blocked("somebody disabled it", f"Enable it in the console once you know why: {path}")
    return None


def _adds_to(condition: str, ours: str) -> bool:
    return "||" not in condition.removeprefix(ours) and condition.startswith((f"{ours} && ", f"({ours}) && "))
