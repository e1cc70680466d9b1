"""Who may do what, as grants say it: what a change gives to somebody who did not have it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping

from karst.plan.model import Action, JsonValue, ResourceChange, Values
from karst.plan.protection import is_grant

_ROLES = ("google_project_iam_custom_role", "google_organization_iam_custom_role")
_KEYS = ("google_service_account_key", "google_storage_hmac_key", "google_apikeys_key")
_FEDERATIONS = ("google_iam_workload_identity_pool_provider", "google_iam_workload_identity_pool")
_SUBJECTS = ("kubernetes_role_binding", "kubernetes_cluster_role_binding")
_RULES = ("kubernetes_role", "kubernetes_cluster_role")
_LISTS = ((_RULES, "rule"), (_ROLES, "permissions"), (("google_bigquery_dataset",), "access"))
"""By the beginning of the type: the attribute that lists rights one by one."""
_ENTRIES = (
    "google_bigquery_dataset_access",
    "google_storage_bucket_access_control",
    "google_storage_default_object_access_control",
    "google_storage_object_access_control",
)
"""One line of an old list of access each."""
_OLD_LISTS = ("google_storage_bucket_acl", "google_storage_default_object_acl", "google_storage_object_acl")
_LOGINS = ("ssh-keys", "sshKeys", "enable-oslogin")
_METADATA = "google_compute_project_metadata"
_SWEEPING = frozenset(
    {"roles/owner", "roles/editor", "roles/iam.securityAdmin", "roles/resourcemanager.projectIamAdmin"}
)
_LATER = "known only while the plan is applied"

Right = tuple[str, str]
"""What may be done, and by whom or where, each compared as it stands."""


def is_access(resource_type: str) -> bool:
    """Whether a resource is somebody's right to something."""
    return is_grant(resource_type) or resource_type.startswith(
        (*_ROLES, *_KEYS, *_FEDERATIONS, *_SUBJECTS, *_RULES, *_ENTRIES, *_OLD_LISTS)
    )


def is_sweeping(change: ResourceChange) -> bool:
    """Whether a change gives somebody a whole project, folder or organization, or all that can be given away in it."""
    is_wide = change.type.startswith(("google_project_iam_", "google_folder_iam_", "google_organization_iam_"))
    return is_wide and not _SWEEPING.isdisjoint(right for right, _ in widened(change))


def widened(change: ResourceChange) -> frozenset[Right]:
    """Rights that are there after `change` and were not before; what is not known yet counts as new."""
    if change.action not in {Action.CREATE, Action.UPDATE, Action.REPLACE}:
        return frozenset()
    unknown = change.unknown if isinstance(change.unknown, dict) else {}
    return frozenset(_rights(change.type, change.after, unknown)) - frozenset(_rights(change.type, change.before, {}))


def made_with_it(change: ResourceChange, plan: Iterable[ResourceChange]) -> bool:
    """Whether the very plan makes what the grant `change` opens, so that nothing that exists is opened to anybody."""
    kind, suffix, _ = change.type.rpartition("_iam_")
    if not suffix:
        return False
    noun = kind.rpartition("_")[2]
    keys = (noun, f"{noun}_id", "service_account_id", "name")
    made = [one for one in plan if one.type == kind and one.action is Action.CREATE]
    for key in keys:
        if _is_unknown(change.unknown, key):
            # What the cloud names only later is made by this plan; which of several it is, nobody can tell.
            return bool(made)
        target = change.after.get(key)
        if isinstance(target, str) and target:
            return any(_is_called(one, target, keys) and _is_beside(one.after, change.after) for one in made)
    return False


def roles_of(change: ResourceChange) -> tuple[str, ...]:
    """What the rights are called that `change` adds, in order, without who gets them."""
    return tuple(sorted({right for right, _ in widened(change)}))


def _rights(kind: str, values: Values, unknown: Mapping[str, JsonValue]) -> Iterator[Right]:
    if not values and not unknown:
        return
    if kind.endswith("_iam_policy"):
        yield from _policy(values.get("policy_data"), unknown)
    elif kind.endswith(("_iam_member", "_iam_binding")):
        yield from _members(values, unknown)
    elif kind.startswith(_SUBJECTS):
        role = _text(values.get("role_ref"))
        yield from ((role, _text(subject)) for subject in _items(values.get("subject")))
    elif kind.startswith(_FEDERATIONS):
        trusted = {key: values.get(key) for key in ("attribute_condition", "attribute_mapping", "oidc", "aws", "saml")}
        yield "trust", _text({**trusted, "disabled": values.get("disabled") is True})
    elif kind.startswith(_KEYS):
        yield "key", _text(values.get("name") or values.get("service_account_id") or values.get("access_id"))
    elif is_grant(kind):
        yield "login", _text([values.get("name"), values.get("instance"), values.get("database_roles")])
    else:
        yield from _listed(kind, values)


def _listed(kind: str, values: Values) -> Iterator[Right]:
    """Rights that are no grants of IAM: rules and permissions, old lists of access, keys to sign in to machines."""
    if kind in _ENTRIES:
        yield str(values.get("role")), _text({key: value for key, value in values.items() if key not in _NO_RIGHT})
    elif kind in _OLD_LISTS:
        place = [values.get("bucket"), values.get("object")]
        yield from (("acl", _text([one, place])) for one in _items(values.get("role_entity")))
        if named := values.get("predefined_acl") or values.get("default_acl"):
            yield "acl", _text([named, place])
    elif kind.startswith(_METADATA):
        yield from _logins(values)
    for prefixes, attribute in _LISTS:
        if kind.startswith(prefixes):
            yield from ((attribute, _text(one)) for one in _items(values.get(attribute)))


def _members(values: Values, unknown: Mapping[str, JsonValue]) -> Iterator[Right]:
    role = _LATER if _is_unknown(dict(unknown), "role") else str(values.get("role"))
    condition = _text(values.get("condition") or [])
    members = [values.get("member"), *_items(values.get("members"))]
    if _is_unknown(dict(unknown), "member") or _is_unknown(dict(unknown), "members"):
        members.append(_LATER)
    target = _text({key: value for key, value in values.items() if key not in _BESIDE_THE_TARGET})
    yield from ((role, _text([member, condition, target])) for member in members if member)


_BESIDE_THE_TARGET = frozenset({"id", "etag", "role", "member", "members", "condition", "deletion_policy"})


def _policy(value: JsonValue, unknown: Mapping[str, JsonValue]) -> Iterator[Right]:
    if _is_unknown(dict(unknown), "policy_data"):
        yield "policy", _LATER
        return
    try:
        document: JsonValue = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        yield "policy", _text(value)
        return
    for binding in _items(document.get("bindings")):
        if isinstance(binding, dict):
            condition = _text(binding.get("condition") or [])
            role = str(binding.get("role"))
            yield from ((role, _text([member, condition])) for member in _items(binding.get("members")))


_NO_RIGHT = frozenset(
    {"id", "etag", "api_updated_member", "domain", "email", "entity_id", "generation", "project_team"}
)
"""Of an entry: what the cloud adds to it."""


def _logins(values: Values) -> Iterator[Right]:
    """Keys with which somebody may sign in to every machine of a project."""
    metadata = values.get("metadata")
    held: Values = metadata if isinstance(metadata, dict) else {str(values.get("key")): values.get("value")}
    yield from (("ssh", _text([key, held[key]])) for key in _LOGINS if key in held)


def _is_unknown(marks: JsonValue, key: str) -> bool:
    """Whether an attribute, or a part of it, is not known yet."""
    found = marks.get(key) if isinstance(marks, dict) else marks
    return _has_true(found)


def _has_true(marks: JsonValue) -> bool:
    items: Collection[JsonValue] = ()
    if isinstance(marks, dict):
        items = list(marks.values())
    elif isinstance(marks, list):
        items = marks
    return marks is True or any(_has_true(item) for item in items)


def _is_called(made: ResourceChange, target: str, keys: Iterable[str]) -> bool:
    names = {str(made.after.get(key)).rpartition("/")[2] for key in (*keys, "account_id", "email", "secret_id")}
    return target.rpartition("/")[2] in names - {"None", ""}


def _is_beside(made: Values, grant: Values) -> bool:
    """Whether both stand in the same place, as far as both say where."""
    for one, other in (
        ("project", "project"),
        ("location", "location"),
        ("instance_name", "instance"),
        ("dataset_id",) * 2,
    ):
        here, there = made.get(one), grant.get(other) or grant.get(one)
        if isinstance(here, str) and isinstance(there, str) and here.rpartition("/")[2] != there.rpartition("/")[2]:
            return False
    return True


def _items(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _text(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True)
