"""Buckets keep as much of the past as they promise, and no more."""

from __future__ import annotations

from collections.abc import Iterator

from karst.policy.model import Json, Resource, Rule, Stack, as_mapping, as_objects, dig, on_each

_BUCKET = ("google_storage_bucket",)
_EXCHANGE = ("dump", "upload", "transfer", "logs")


def _rules(resource: Resource, action: str) -> list[Json]:
    found = as_objects(resource.body.get("lifecycle_rule"))
    return [as_mapping(rule.get("condition")) for rule in found if dig(rule, "action", "type") == action]


def _is_closed(stack: Stack) -> Iterator[tuple[str, str]]:
    public = {
        resource.text("bucket")
        for resource in stack.resources("google_storage_bucket_iam_member")
        if resource.text("member") == "allUsers"
    }
    for resource in stack.resources(*_BUCKET):
        if not resource.is_true("uniform_bucket_level_access"):
            yield resource.address, "may open single objects: set uniform_bucket_level_access"
        if resource.text("public_access_prevention") != "enforced" and resource.text("name") not in public:
            yield resource.address, "could be opened to everyone: set public_access_prevention to enforced"


def _keeps_versions(resource: Resource) -> Iterator[str]:
    is_versioned = resource.is_true("versioning", "enabled")
    undelete_s = dig(resource.body, "soft_delete_policy", "retention_duration_seconds")
    if not isinstance(undelete_s, int):
        yield "does not say how long a deletion can be undone: set soft_delete_policy"
    elif is_versioned != (undelete_s > 0):
        yield "keeps versions without undeletion, or the reverse: a record keeps both, a cache neither"
    if is_versioned and not any(rule.get("days_since_noncurrent_time") for rule in _rules(resource, "Delete")):
        yield "keeps replaced versions for ever: add a rule that deletes them"


def _sweeps(resource: Resource) -> Iterator[str]:
    if not _rules(resource, "AbortIncompleteMultipartUpload"):
        yield "keeps, and pays for, uploads that were never finished: add a rule that ends them"
    is_exchange = resource.text("name").endswith(_EXCHANGE)
    if is_exchange and not any(rule.get("age") for rule in _rules(resource, "Delete")):
        yield "never empties though objects only pass through it: add a rule that deletes them by age"


def _names_origins(resource: Resource) -> Iterator[str]:
    for rule in as_objects(resource.body.get("cors")):
        origins = rule.get("origin")
        if not isinstance(origins, list) or "*" in origins:
            yield "may be used by any web page: name the origins of cors"


RULES = (
    Rule(id="KARST_GCS_1", reason="One object opened by mistake is seen by nobody who looks.", judge=_is_closed),
    Rule(
        id="KARST_GCS_2",
        reason="What is overwritten by mistake must come back; what may go must not cost for ever.",
        judge=on_each(_BUCKET, _keeps_versions),
    ),
    Rule(id="KARST_GCS_3", reason="Dumps and half uploads fill a bucket unseen.", judge=on_each(_BUCKET, _sweeps)),
    Rule(
        id="KARST_GCS_4",
        reason="Any page in a signed-in browser could read or write.",
        judge=on_each(_BUCKET, _names_origins),
    ),
)
