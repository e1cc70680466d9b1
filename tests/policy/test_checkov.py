"""checkov over all that examples declare and leave out: it passes, or an exception says why not, and until when."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from karst.policy.rules import ALL
from tests.examples import ROOT, ExampleStack
from tests.policy.checkov_scan import Failure, Scan, scan

pytestmark = pytest.mark.needs_checkov

LISTED = yaml.safe_load((Path(__file__).parent / "exceptions.yaml").read_text("utf-8"))
BASELINE = yaml.safe_load((Path(__file__).parent / "baseline.yaml").read_text("utf-8"))
MUST = frozenset(check for lines in BASELINE["must"].values() for line in lines for check in line)
"""Checks that no exception may touch; a rule of ours may answer for one, and is tested itself."""
RULES = frozenset(rule.id for rule in ALL)
SCANNED = (
    "google_artifact_registry_repository",
    "google_artifact_registry_repository_iam_member",
    "google_bigquery_dataset",
    "google_bigquery_table",
    "google_bigtable_instance",
    "google_compute_firewall",
    "google_compute_global_forwarding_rule",
    "google_compute_network",
    "google_compute_security_policy",
    "google_compute_ssl_policy",
    "google_compute_subnetwork",
    "google_container_cluster",
    "google_container_node_pool",
    "google_dns_managed_zone",
    "google_project_iam_member",
    "google_pubsub_topic",
    "google_pubsub_topic_iam_member",
    "google_redis_instance",
    "google_sql_database_instance",
    "google_storage_bucket",
    "google_storage_bucket_iam_member",
    "kubernetes_config_map_v1",
    "kubernetes_cron_job_v1",
    "kubernetes_deployment_v1",
    "kubernetes_job_v1",
    "kubernetes_pod_v1",
    "kubernetes_service_account_v1",
    "kubernetes_service_v1",
)


@pytest.fixture(scope="module")
def scanned(every_stack: dict[str, ExampleStack], tmp_path_factory: pytest.TempPathFactory) -> Scan:
    return scan(every_stack, tmp_path_factory.mktemp("checkov"))


def _covers(entry: dict[str, Any], failure: Failure) -> bool:
    return (
        entry["check"] == failure.check
        and fnmatchcase(failure.stack, entry["stack"])
        and fnmatchcase(failure.name, entry["address"])
    )


def _is_answered(failure: Failure) -> bool:
    answer = LISTED["answered"].get(failure.check)
    return answer is not None and fnmatchcase(failure.namespace, answer.get("namespace", "*"))


def _unlisted(failures: frozenset[Failure]) -> list[Failure]:
    return sorted(
        failure
        for failure in failures
        if not _is_answered(failure) and not any(_covers(entry, failure) for entry in LISTED["exceptions"])
    )


def test_nothing_fails_outside_the_list(scanned: Scan) -> None:
    assert _unlisted(scanned.failures) == []


@pytest.mark.parametrize(
    ("check", "namespace"),
    [("CKV_GCP_29", ""), ("CKV_K8S_22", "demo-blue"), ("CKV_K8S_25", "demo-blue-addons")],
)
def test_a_failure_that_is_not_listed_is_seen(check: str, namespace: str) -> None:
    planted = Failure(check=check, stack="demo-foundation", name="storage__config__bucket", namespace=namespace)
    assert _unlisted(frozenset({planted})) == [planted]


@pytest.mark.parametrize("kind", SCANNED)
def test_checkov_looked_at_every_resource_of_the_type(kind: str, scanned: Scan) -> None:
    assert scanned.declared[kind]
    assert scanned.declared[kind] - scanned.seen == set()


def test_every_check_of_the_baseline_looked_at_something_or_is_answered(scanned: Scan) -> None:
    wanted = MUST | BASELINE["default"].keys()
    assert wanted - scanned.run - scanned.crashed == BASELINE["not_run"].keys()


@pytest.mark.parametrize(("check", "answer"), BASELINE["not_run"].items())
def test_what_answers_for_a_check_exists(check: str, answer: str, scanned: Scan) -> None:
    if answer.startswith(("google_", "kubernetes_")):
        assert answer not in scanned.declared, f"{check} has something to look at"
    else:
        assert answer in RULES or (ROOT / answer).is_file()


def test_a_check_that_crashes_is_answered_by_a_rule_of_ours(scanned: Scan) -> None:
    assert scanned.crashed <= LISTED["answered"].keys()


def test_every_entry_is_needed(scanned: Scan) -> None:
    unused = [e for e in LISTED["exceptions"] if not any(_covers(e, failure) for failure in scanned.failures)]
    assert unused == []
    answered = {failure.check for failure in scanned.failures if _is_answered(failure)}
    assert LISTED["answered"].keys() == answered | scanned.crashed


@pytest.mark.parametrize("entry", LISTED["exceptions"], ids=lambda entry: f"{entry['check']} {entry['address']}")
def test_an_exception_has_a_reason_and_a_last_day_and_spares_what_must_pass(entry: dict[str, Any]) -> None:
    assert len(entry["reason"]) > 20
    assert isinstance(entry["expires"], date)
    assert entry["expires"] >= datetime.now(UTC).date()
    assert entry["check"] not in MUST
    assert entry["check"] in BASELINE["default"]


def test_answers_name_rules_that_exist() -> None:
    assert {answer["rule"] for answer in LISTED["answered"].values()} <= RULES
