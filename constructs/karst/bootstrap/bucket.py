"""The bucket in which Terraform keeps what it knows: versioned, closed to the public, and nobody else's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from karst.bootstrap.step import READY, Look, blocked, differs, missing
from karst.google.client import GoogleApi, listed, quoted
from karst.google.errors import RefusedError, as_mapping

DAY_S = 86_400
_UNDELETE_S = 7 * DAY_S
_KEPT_VERSIONS = 50
_KEPT_DAYS = 90
_OURS = {"managed-by": "karst"}
_STATES = (".tfstate", ".tflock")
_PAGE = 1000
_ANOTHER = "Write the name of another bucket as state.bucket"


@dataclass(frozen=True, kw_only=True)
class BucketWish:
    """What the bucket should be."""

    name: str
    project: str
    project_number: str
    location: str
    labels: Mapping[str, str]


class StateBucket:
    """A step: the bucket is there and as safe as it should be. What is stricter already stays as it is."""

    def __init__(self, api: GoogleApi, wish: BucketWish) -> None:
        self.name = f"the bucket gs://{wish.name}"
        self.wish = (
            f"in {wish.location}, project {wish.project}",
            "uniform access, closed to the public",
            f"every version kept, {_KEPT_VERSIONS} of each state for good, others for {_KEPT_DAYS} days",
            "deleted objects can be restored for 7 days",
        )
        self._api, self._wish = api, wish

    def look(self) -> Look:
        """Whether it is there, whose it is, and what it lacks."""
        try:
            found = read_bucket(self._api, self._wish.name)
        except RefusedError as error:
            if error.refusal.status != 403:
                raise
            why = "it exists and is either somebody else's, or you may not see it (storage.buckets.get)"
            return blocked(why, f"{_ANOTHER}: names are unique in the whole world. Or have its owner let you see it.")
        if found is None:
            return missing(*self.wish)
        return self._obstacle(found) or self._lacks(found)

    def make(self) -> None:
        """Make it, or bring it to what it lacks."""
        found = read_bucket(self._api, self._wish.name)
        if found is None:
            self._create()
            return
        body = {**patch_of(found), **self._labels(found)}
        if not body or self._obstacle(found):
            return
        self._api.ask(
            "PATCH",
            "storage",
            f"storage/v1/b/{quoted(self._wish.name)}",
            f"change gs://{self._wish.name}",
            # Somebody else's change in between is looked at before it is written over.
            query={"ifMetagenerationMatch": str(found.get("metageneration", "0"))},
            body=body,
        )

    def _create(self) -> None:
        try:
            self._api.ask(
                "POST",
                "storage",
                "storage/v1/b",
                f"make gs://{self._wish.name}",
                query={"project": self._wish.project},
                body={
                    "name": self._wish.name,
                    "location": self._wish.location,
                    "labels": {**self._wish.labels, **_OURS},
                    **_SAFE,
                    "lifecycle": {"rule": [_OLD_VERSIONS]},
                },
            )
        except RefusedError as error:
            # Made at the same moment by another run: the next look says whose it is.
            if error.refusal.status != 409:
                raise

    def _obstacle(self, found: Mapping[str, object]) -> Look | None:
        number = str(found.get("projectNumber", ""))
        if number != self._wish.project_number:
            why = f"it belongs to the project with the number {number or '?'}, not to {self._wish.project}"
            return blocked(why, f"{_ANOTHER}.")
        manager = as_mapping(found.get("labels")).get("managed-by")
        if manager not in (None, "karst"):
            return blocked(f"its label managed-by says that {manager!r} looks after it", f"{_ANOTHER}.")
        if as_mapping(found.get("retentionPolicy")).get("retentionPeriod"):
            return blocked(
                "its retention policy forbids to write over states, and to take back locks",
                f"Run: gcloud storage buckets update gs://{self._wish.name} --clear-retention-period",
            )
        if deletes_states(found):
            return blocked(
                "one of its lifecycle rules deletes states that are in use",
                f"Take that rule out; gcloud storage buckets describe gs://{self._wish.name} --format=json shows all. "
                f"{_ANOTHER} if it is meant.",
            )
        stranger = None if manager else self._stranger()
        if stranger is not None:
            return blocked(f"it holds other things than states, such as {stranger!r}", f"{_ANOTHER}.")
        return None

    def _lacks(self, found: Mapping[str, object]) -> Look:
        body = patch_of(found)
        said = [text for key, text in _IN_WORDS.items() if key in body]
        if "iamConfiguration" in body:
            said.append("uniform access, closed to the public")
        if self._labels(found):
            said.append("label managed-by=karst: it was made by hand, and is looked after from now on")
        return differs(*said) if said else READY

    def _labels(self, found: Mapping[str, object]) -> Mapping[str, object]:
        if as_mapping(found.get("labels")).get("managed-by"):
            return {}
        return {"labels": _OURS}

    def _stranger(self) -> str | None:
        """An object that is no state, in a bucket that nobody said is Karst's."""
        answer = self._api.ask(
            "GET",
            "storage",
            f"storage/v1/b/{quoted(self._wish.name)}/o",
            f"list gs://{self._wish.name}",
            query={"maxResults": str(_PAGE), "fields": "items(name),nextPageToken"},
        )
        names = (str(one.get("name", "")) for one in listed(answer, "items"))
        return next((name for name in names if not name.endswith(_STATES)), None)


_SAFE: Mapping[str, object] = {
    "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"},
    "versioning": {"enabled": True},
    "softDeletePolicy": {"retentionDurationSeconds": str(_UNDELETE_S)},
}
_OLD_VERSIONS: Mapping[str, object] = {
    "action": {"type": "Delete"},
    "condition": {"numNewerVersions": _KEPT_VERSIONS, "daysSinceNoncurrentTime": _KEPT_DAYS, "isLive": False},
}
_IN_WORDS = {
    "versioning": "every version of a state is kept from now on",
    "softDeletePolicy": "deleted objects can be restored for 7 days",
}


def read_bucket(api: GoogleApi, name: str) -> Mapping[str, object] | None:
    """A bucket's settings; None where no bucket in the world has the name."""
    return api.find("storage", f"storage/v1/b/{quoted(name)}", f"look at gs://{name}")


def patch_of(found: Mapping[str, object]) -> dict[str, object]:
    """What a bucket lacks of what is safe, as the API takes it."""
    access = as_mapping(found.get("iamConfiguration"))
    is_uniform = as_mapping(access.get("uniformBucketLevelAccess")).get("enabled") is True
    body: dict[str, object] = {}
    if not is_uniform or access.get("publicAccessPrevention") != "enforced":
        body["iamConfiguration"] = _SAFE["iamConfiguration"]
    if as_mapping(found.get("versioning")).get("enabled") is not True:
        body["versioning"] = _SAFE["versioning"]
    kept = str(as_mapping(found.get("softDeletePolicy")).get("retentionDurationSeconds", "0"))
    if not kept.isdecimal() or int(kept) < _UNDELETE_S:
        body["softDeletePolicy"] = _SAFE["softDeletePolicy"]
    return body


def deletes_states(found: Mapping[str, object]) -> bool:
    """Whether a lifecycle rule takes away what is neither an old version nor a folder of somebody else's."""
    return any(
        as_mapping(rule.get("action")).get("type") == "Delete" and not _spares_states(as_mapping(rule.get("condition")))
        for rule in listed(as_mapping(found.get("lifecycle")), "rule")
    )


def _spares_states(condition: Mapping[str, object]) -> bool:
    only_old = {"numNewerVersions", "daysSinceNoncurrentTime", "noncurrentTimeBefore", "customTimeBefore"}
    return condition.get("isLive") is False or bool(only_old & condition.keys()) or "matchesPrefix" in condition
