"""What lies in the bucket of states: whether it is safe, what no declared stack owns, locks that were left."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from karst.bootstrap.bucket import deletes_states, patch_of, read_bucket
from karst.config.deployment import Deployment
from karst.config.loader import Environment
from karst.config.rules.names import stack_ids
from karst.doctor.finding import Finding, error, ok, unchecked, warning
from karst.google.client import GoogleApi, listed, quoted
from karst.google.errors import RefusedError, as_list, as_mapping, printable

_OLD_LOCK = timedelta(hours=2)
_STATE, _LOCK = ".tfstate", ".tflock"
_MOST_OBJECTS = 20_000
_MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class StoredState:
    """An object of the bucket."""

    name: str
    size: int
    updated: str


def state_bucket(api: GoogleApi, deployment: Deployment) -> Iterator[Finding]:
    """Whether the bucket is there, the project's own, and as safe as bootstrap makes it."""
    check, bootstrap = "state bucket", f"karst bootstrap {deployment.name}"
    if deployment.state is None:
        yield warning(
            check, "States lie on this machine: deployment.yaml names no state.bucket.", "Name one, then " + bootstrap
        )
        return
    bucket = deployment.state.bucket
    found = read_bucket(api, bucket)
    if found is None:
        yield error(check, f"gs://{bucket} does not exist.", bootstrap)
        return
    if str(found.get("projectNumber")) != deployment.gcp.project_number:
        yield error(check, f"gs://{bucket} belongs to another project.", "Correct state.bucket in deployment.yaml.")
        return
    lacks = sorted(patch_of(found))
    if lacks:
        yield error(check, f"gs://{bucket} lacks what keeps states safe: {', '.join(lacks)}.", bootstrap)
    if deletes_states(found):
        yield error(check, f"A lifecycle rule of gs://{bucket} deletes states that are in use.", "Take it out.")
    if as_mapping(found.get("retentionPolicy")).get("retentionPeriod"):
        remedy = f"gcloud storage buckets update gs://{bucket} --clear-retention-period"
        yield error(check, f"A retention policy of gs://{bucket} forbids to write over states.", remedy)
    if not lacks:
        yield ok(check, f"gs://{bucket} is versioned and closed to the public")


def orphans(api: GoogleApi, of: Environment, environments: Mapping[str, Environment]) -> Iterator[Finding]:
    """States that no declared stack owns, and locks that nobody seems to hold."""
    check, state = "orphaned states", of.deployment.state
    if state is None:
        return
    declared = _declared(state.bucket, environments.values())
    stored = list(_objects(api, state.bucket, f"{state.prefix}/"))
    found = [one for one in stored if one.name not in declared]
    if len(stored) >= _MOST_OBJECTS:
        yield unchecked(check, f"gs://{state.bucket} holds more than {_MOST_OBJECTS} objects there; the rest was left.")
    strangers = [one for one in found if one.name.endswith(_STATE)]
    for one in strangers:
        yield _orphan(api, state.bucket, one)
    yield from _locks(state.bucket, [one for one in found if one.name.endswith(_LOCK)])
    if not strangers:
        yield ok(check, f"every state below gs://{state.bucket}/{state.prefix} belongs to a declared stack")


def _declared(bucket: str, environments: Iterable[Environment]) -> set[str]:
    """Objects of all stacks that any deployment here declares in this bucket."""
    return {
        f"{environment.deployment.state.prefix}/{environment.name}/{stack}/default{_STATE}"
        for environment in environments
        if environment.deployment.state is not None and environment.deployment.state.bucket == bucket
        for _, stack in stack_ids(environment)
    }


def _objects(api: GoogleApi, bucket: str, prefix: str) -> Iterator[StoredState]:
    page, count = "", 0
    while count < _MOST_OBJECTS:
        answer = api.ask(
            "GET",
            "storage",
            f"storage/v1/b/{quoted(bucket)}/o",
            f"list gs://{bucket}",
            query={"prefix": prefix, "maxResults": "1000", "pageToken": page},
        )
        for one in listed(answer, "items"):
            count += 1
            size = str(one.get("size", "0"))
            yield StoredState(
                name=str(one.get("name", "")),
                size=int(size) if size.isdecimal() else 0,
                updated=str(one.get("updated", "")),
            )
        page = str(answer.get("nextPageToken", ""))
        if not page:
            return


def _orphan(api: GoogleApi, bucket: str, stored: StoredState) -> Finding:
    check, place = "orphaned states", f"gs://{bucket}/{printable(stored.name)}"
    resources = _resources(api, bucket, stored)
    if resources == 0:
        message = f"{place} is empty, and no declared stack owns it."
        return warning(check, message, f"gcloud storage rm {shlex.quote(place)}")
    held = "resources" if resources is None else f"{resources} resources"
    return error(
        check,
        f"{place} holds {held} that nothing looks after: no deployment here declares its stack.",
        "Bring the declaration back (git log -- environments), say `removed` there and deploy; or declare it where the "
        "deployment lives now, if that is another repository.",
    )


def _resources(api: GoogleApi, bucket: str, stored: StoredState) -> int | None:
    """How many resources a state holds; None where it can't be told."""
    if stored.size > _MOST_BYTES:
        return None
    path = f"storage/v1/b/{quoted(bucket)}/o/{quoted(stored.name).replace('/', '%2F')}"
    try:
        document = api.ask("GET", "storage", path, f"read {stored.name}", query={"alt": "media"})
    except RefusedError:
        return None
    resources = document.get("resources")
    return len(as_list(resources)) if isinstance(resources, list) else None


def _locks(bucket: str, locks: Iterable[StoredState]) -> Iterator[Finding]:
    now = datetime.now(UTC)
    for one in locks:
        try:
            age = now - datetime.fromisoformat(one.updated)
        except (ValueError, TypeError):
            age = _OLD_LOCK
        if age >= _OLD_LOCK:
            yield warning(
                "state locks",
                f"gs://{bucket}/{printable(one.name)} has been locked since {printable(one.updated) or 'long ago'}.",
                "Only if nobody deploys now: terraform force-unlock ID in the stack's folder below cdktf.out/stacks.",
            )
