"""Who may do what inside a cluster: nobody everything, nobody unknown anything."""

from __future__ import annotations

from collections.abc import Iterator

from karst.policy.model import Json, Resource, Rule, as_objects, dig, on_each

_ROLES = ("kubernetes_cluster_role_v1", "kubernetes_role_v1")
_BINDINGS = ("kubernetes_cluster_role_binding_v1", "kubernetes_role_binding_v1")
_EVERYTHING = frozenset({"cluster-admin", "admin", "edit"})
_STRANGERS = frozenset(
    {"system:masters", "system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts"}
)
_GROWING = frozenset({"bind", "escalate", "impersonate"})


def _names_rights(resource: Resource) -> Iterator[str]:
    for rule in as_objects(resource.body.get("rule")):
        granted = _words(rule, "verbs")
        if "*" in granted | _words(rule, "resources") | _words(rule, "api_groups"):
            yield "grants what doesn't exist yet as well: name verbs, resources and groups instead of '*'"
        if granted & _GROWING:
            yield f"lets its holders give themselves any right: remove {' and '.join(sorted(granted & _GROWING))}"


def _names_holders(resource: Resource) -> Iterator[str]:
    if dig(resource.body, "role_ref", "name") in _EVERYTHING:
        yield "hands the cluster over: bind a role that names what is needed"
    for subject in as_objects(resource.body.get("subject")):
        name = str(subject.get("name"))
        if name in _STRANGERS or name == "default":
            yield f"gives rights to {name}, which is nobody in particular: bind one service account"


def _words(rule: Json, key: str) -> frozenset[str]:
    value = rule.get(key)
    return frozenset(str(word) for word in value) if isinstance(value, list) else frozenset()


RULES = (
    Rule(
        id="KARST_K8S_9",
        reason="Whoever takes over a pod with rights in the cluster has the cluster.",
        judge=on_each(_ROLES, _names_rights),
    ),
    Rule(
        id="KARST_K8S_10",
        reason="Rights of everybody are rights of attackers.",
        judge=on_each(_BINDINGS, _names_holders),
    ),
)
