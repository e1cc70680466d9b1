"""What holds data must refuse to be deleted, by the provider and by the cloud's own switch."""

from __future__ import annotations

from collections.abc import Iterator

from karst.policy.model import Resource, Rule, Stack, as_mapping, as_objects, dig

SWITCHES: dict[str, tuple[tuple[tuple[str, ...], object], ...]] = {
    "google_sql_database_instance": (
        (("deletion_protection",), True),
        (("settings", "deletion_protection_enabled"), True),
        (("settings", "retain_backups_on_delete"), True),
    ),
    "google_bigtable_instance": ((("deletion_protection",), True), (("force_destroy",), False)),
    "google_bigtable_table": ((("deletion_protection",), "PROTECTED"),),
    "google_bigquery_dataset": ((("delete_contents_on_destroy",), False),),
    "google_bigquery_table": ((("deletion_protection",), True),),
    "google_firestore_database": ((("delete_protection_state",), "DELETE_PROTECTION_ENABLED"),),
    "google_redis_instance": ((("deletion_protection",), True),),
    "google_secret_manager_secret": ((("deletion_protection",), True),),
    "google_storage_bucket": ((("force_destroy",), False),),
}
"""What each type that holds data must say."""

STATEFUL = frozenset({*SWITCHES, "google_sql_database", "google_dns_managed_zone", "google_pubsub_subscription"})
_MONTH_DAYS = 30
_KEEPING = frozenset({"PREVENT", "ABANDON"})


def _switches_are_on(stack: Stack) -> Iterator[tuple[str, str]]:
    for resource in stack.resources(*SWITCHES):
        for path, wanted in SWITCHES[resource.kind]:
            if dig(resource.body, *path) != wanted and not _empties_itself(resource):
                yield resource.address, f"can be deleted with its data: set {'.'.join(path)} to {wanted!r}"


def _empties_itself(resource: Resource) -> bool:
    # Nothing is lost with a bucket whose every object would be gone within a month anyway.
    conditions = [as_mapping(rule.get("condition")) for rule in as_objects(resource.body.get("lifecycle_rule"))]
    ages = [condition.get("age") for condition in conditions if condition.get("with_state") == "LIVE"]
    return any(isinstance(age, int) and age <= _MONTH_DAYS for age in ages)


def _provider_refuses(stack: Stack) -> Iterator[tuple[str, str]]:
    stateful = next(stack.resources(*STATEFUL), None)
    if stateful is None:
        return
    providers = as_objects(as_mapping(stack.document.get("provider")).get("google"))
    if not providers or any(provider.get("deletion_policy") not in _KEEPING for provider in providers):
        yield "", f"holds {stateful.address}, and its provider lets it be deleted: set deletion_policy to PREVENT"


RULES = (
    Rule(
        id="KARST_KEEP_1",
        reason="The cloud's own switch holds where Terraform is not asked: the console, a script, another state.",
        judge=_switches_are_on,
    ),
    Rule(
        id="KARST_KEEP_2",
        reason="The provider's policy sits in state and outlives the removal of a declaration.",
        judge=_provider_refuses,
    ),
)
