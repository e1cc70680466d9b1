"""What keeps strangers out without being the thing itself, and goes: Cloud Armor, sign-in, rules that deny."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from karst.plan.model import Action, JsonValue, ResourceChange, Values
from karst.plan.protection import value_at

_BACK_END: Mapping[str, JsonValue] = {"security_policy": None, "edge_security_policy": None, "iap.enabled": True}
_KEPT: Mapping[str, Mapping[str, JsonValue]] = {
    "google_compute_backend_service": _BACK_END,
    "google_compute_region_backend_service": _BACK_END,
    "google_container_cluster": {"network_policy.enabled": True, "master_authorized_networks_config": None},
    "google_redis_instance": {"auth_enabled": True},
    "google_sql_database_instance": {
        "settings.ip_configuration.ssl_mode": "ENCRYPTED_ONLY",
        "settings.ip_configuration.require_ssl": True,
    },
}
"""By type: where an attribute that had this value, or any value for None, kept strangers out."""
_STRICTER: Mapping[str, frozenset[JsonValue]] = {
    "settings.ip_configuration.ssl_mode": frozenset({"TRUSTED_CLIENT_CERTIFICATE_REQUIRED"})
}
_ARMOR = "google_compute_security_policy"
_ARMOR_RULES = ("google_compute_security_policy_rule", "google_compute_region_security_policy_rule")
_RULE = ("action", "match", "preview", "priority", "rate_limit_options")


def shields_lost(change: ResourceChange, plan: Iterable[ResourceChange]) -> tuple[str, ...]:
    """What kept strangers out before `change` and no longer does, in words."""
    return tuple(_lost(change, plan))


def _lost(change: ResourceChange, plan: Iterable[ResourceChange]) -> Iterator[str]:
    if change.action is Action.DELETE:
        yield from _denials_deleted(change, plan)
    elif change.action in {Action.UPDATE, Action.REPLACE}:
        for path, kept in _KEPT.get(change.type, {}).items():
            if _keeps(path, kept, change.before) and not _keeps(path, kept, change.after):
                yield f"{path} no longer keeps them out"
        if change.type == _ARMOR:
            yield from _armor_thinned(change.before, change.after)


def _keeps(path: str, kept: JsonValue, values: Values) -> bool:
    found = value_at(values, path)
    if isinstance(found, (list, dict)) or kept is None:
        return bool(found)
    return found == kept or found in _STRICTER.get(path, frozenset())


def _denials_deleted(change: ResourceChange, plan: Iterable[ResourceChange]) -> Iterator[str]:
    """What denied, and does not go together with all that it guarded."""
    before = change.before
    if change.type == "google_compute_firewall" and before.get("deny"):
        if not _goes("google_compute_network", plan):
            yield "a firewall's rule that denies goes"
    elif change.type.startswith("kubernetes_network_policy") and _denies_a_namespace(before):
        if not _goes("kubernetes_namespace", plan):
            yield "the network policy that denies what no other allows goes"
    elif change.type in _ARMOR_RULES and _is_denial(before):
        yield "a rule of Cloud Armor that denies goes"


def _goes(kind: str, plan: Iterable[ResourceChange]) -> bool:
    return any(one.action is Action.DELETE and one.type in {kind, f"{kind}_v1"} for one in plan)


def _denies_a_namespace(values: Values) -> bool:
    return bool(values.get("spec")) and not any(
        value_at(values, f"spec.{path}")
        for path in ("ingress", "pod_selector.match_labels", "pod_selector.match_expressions")
    )


def _armor_thinned(before: Values, after: Values) -> Iterator[str]:
    denied, now_denied = (_rules(values, is_denial=True) for values in (before, after))
    if denied - now_denied:
        yield "a rule of Cloud Armor that denies goes, or is another"
    if _rules(after, is_denial=False) - _rules(before, is_denial=False):
        yield "a rule of Cloud Armor lets somebody past"


def _rules(values: Values, *, is_denial: bool) -> frozenset[str]:
    rules = values.get("rule")
    return frozenset(
        json.dumps([rule.get(key) for key in _RULE], sort_keys=True)
        for rule in (rules if isinstance(rules, list) else ())
        if isinstance(rule, dict) and _is_denial(rule) is is_denial
    )


def _is_denial(rule: Values) -> bool:
    return rule.get("action") != "allow" and rule.get("preview") is not True
