"""Who may do what: no keys, no roles wider than one store, nothing open to everyone unawares."""

from __future__ import annotations

import re
from collections.abc import Iterator

from karst.policy.model import Resource, Rule, Stack, as_mapping, walk

_BASIC = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
_WIDE = re.compile(r"google_(project|folder|organization)_iam_")
_TOO_WIDE = re.compile(
    r"roles/(storage\..*|.*[aA]dmin|iam\.(serviceAccountUser|serviceAccountTokenCreator|workloadIdentityUser)"
    r"|secretmanager\..*|bigtable\.user|datastore\.(user|owner))"
)
_KEY_FILE = "GOOGLE_APPLICATION_CREDENTIALS"
_EVERYONE = frozenset({"allUsers", "allAuthenticatedUsers"})
PUBLIC_ROLES = {
    "google_cloud_run_v2_service_iam_member": frozenset({"roles/run.invoker"}),
    "google_storage_bucket_iam_member": frozenset({"roles/storage.objectViewer", "roles/storage.legacyObjectReader"}),
}
"""What may be open to everyone, where a construct was told why."""


def grants(stack: Stack) -> Iterator[tuple[str, str, str]]:
    """Yield who gets which role on what kind of thing: identity, role, and the type without `google_`."""
    for resource in _iam(stack):
        for member in _members(resource):
            where = resource.kind.removeprefix("google_").rpartition("_iam_")[0]
            yield member, resource.text("role"), where


def _iam(stack: Stack) -> Iterator[Resource]:
    return (item for item in stack.resources() if re.search(r"_iam_(member|binding|policy)$", item.kind))


def _members(resource: Resource) -> list[str]:
    several = resource.body.get("members")
    return [str(member) for member in several] if isinstance(several, list) else [resource.text("member")]


def _no_keys(stack: Stack) -> Iterator[tuple[str, str]]:
    for resource in stack.resources("google_service_account_key"):
        yield resource.address, "is a key that works until somebody deletes it: let the workload run as the account"
    for resource in stack.resources():
        if any(_KEY_FILE in text or _KEY_FILE in path for path, text in walk(resource.body)):
            yield resource.address, f"expects a key in a file: remove {_KEY_FILE}"


def _no_basic_roles(stack: Stack) -> Iterator[tuple[str, str]]:
    for resource in _iam(stack):
        if resource.text("role") in _BASIC:
            yield resource.address, f"grants {resource.text('role')}, a role over everything: grant what is needed"


def _no_wide_roles(stack: Stack) -> Iterator[tuple[str, str]]:
    for resource in _iam(stack):
        if _WIDE.match(resource.kind) and _TOO_WIDE.fullmatch(resource.text("role")) and not _names_database(resource):
            yield resource.address, f"grants {resource.text('role')} on every store there: grant it on the one"


def _names_database(resource: Resource) -> bool:
    # Firestore has no narrower place to grant at: a condition is what names the database there.
    is_firestore = resource.text("role").startswith("roles/datastore.")
    return is_firestore and "/databases/" in resource.text("condition", "expression")


def _adds_only(stack: Stack) -> Iterator[tuple[str, str]]:
    for resource in _iam(stack):
        if not resource.kind.endswith("_member"):
            yield resource.address, "takes away what others were granted: use the _iam_member of the same type"


def _public_with_reason(stack: Stack) -> Iterator[tuple[str, str]]:
    for resource in _iam(stack):
        if _EVERYONE.isdisjoint(_members(resource)) or _is_reasoned(resource):
            continue
        yield resource.address, "is open to everyone: say why in the construct's `public` or `public_ingress`"


def _is_reasoned(resource: Resource) -> bool:
    # Constructs that were given a reason make one child of this id; only they may.
    path = str(as_mapping(as_mapping(resource.body.get("//")).get("metadata")).get("path", ""))
    allowed = resource.text("role") in PUBLIC_ROLES.get(resource.kind, frozenset())
    return allowed and path.endswith("/public") and _members(resource) == ["allUsers"]


RULES = (
    Rule(id="KARST_IAM_2", reason="A key in a file is a password that nobody rotates.", judge=_no_keys),
    Rule(id="KARST_IAM_3", reason="Basic roles reach every service of a project.", judge=_no_basic_roles),
    Rule(
        id="KARST_IAM_4",
        reason="A role on a project opens every dataset in it, so one workload's fault is everyone's.",
        judge=_no_wide_roles,
    ),
    Rule(
        id="KARST_IAM_5",
        reason="Bindings and policies remove grants that other stacks, or Google itself, rely on.",
        judge=_adds_only,
    ),
    Rule(
        id="KARST_IAM_6",
        reason="Who may be anonymous is a decision that has to be written down.",
        judge=_public_with_reason,
    ),
)
