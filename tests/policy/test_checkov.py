"""checkov, in an environment of its own, over the synthesized examples."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from karst.policy.rules import ALL
from tests.conftest import find_tool
from tests.examples import ExampleStack

pytestmark = pytest.mark.needs_checkov

LISTED = yaml.safe_load((Path(__file__).parent / "exceptions.yaml").read_text("utf-8"))
MUST = frozenset(
    [f"CKV_GCP_{number}" for number in (1, 7, 8, 9, 10, 12, 13, 21, 22, 23, 25, 64, 68, 69, 70, 71, 72, 123)]
    + ["CKV2_GCP_1", "CKV2_GCP_19"]
    + [f"CKV_GCP_{number}" for number in (2, 3, 4, 6, 11, 14, 15, 16, 17, 27, 28, 29, 41, 42, 44, 45, 46, 47, 48, 49, 60)]
    + [f"CKV_GCP_{number}" for number in (74, 75, 76, 77, 79, 88, 95, 97, 99, 100, 101, 106, 114, 115, 116, 117, 121)]
    + [f"CKV_K8S_{number}" for number in (10, 12, 13, 14, 16, 17, 18, 19, 20, 21, 26, 27, 28, 29, 30, 35, 37, 41)]
    + ["CKV_GCP_122", "CKV2_GCP_2", "CKV2_GCP_3", "CKV2_GCP_12", "CKV2_GCP_18", "CKV2_GCP_37", "CKV2_GCP_38"]
)
"""Checks that no exception may touch; a rule of ours may answer for one, and is tested itself."""
SCANNED = (
    "google_container_cluster",
    "google_container_node_pool",
    "google_sql_database_instance",
    "google_storage_bucket",
    "google_bigtable_instance",
    "google_bigquery_dataset",
    "google_bigquery_table",
    "google_redis_instance",
    "google_pubsub_topic",
    "google_artifact_registry_repository",
    "google_compute_ssl_policy",
    "google_compute_firewall",
    "google_compute_subnetwork",
    "google_dns_managed_zone",
    "google_project_iam_member",
    "kubernetes_deployment_v1",
    "kubernetes_job_v1",
    "kubernetes_service_account_v1",
)
Failure = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What checkov said: check, stack and name of every failure; what it looked at; what it could not run."""

    failures: set[Failure]
    seen: set[tuple[str, str]]
    crashed: set[str]


def _copy_resources(examples: dict[str, ExampleStack], folder: Path) -> None:
    # checkov's reader of JSON crashes on terraform.required_version (bridgecrewio/checkov#7454) and on ephemeral
    # values and their provider; every check of the baseline is about resources.
    for name, example in examples.items():
        (folder / name).mkdir()
        resources = {"resource": example.content.get("resource", {})}
        (folder / name / "cdk.tf.json").write_text(json.dumps(resources))


@pytest.fixture(scope="module")
def scan(examples: dict[str, ExampleStack], tmp_path_factory: pytest.TempPathFactory) -> Scan:
    folder = tmp_path_factory.mktemp("checkov")
    _copy_resources(examples, folder)
    command = [str(find_tool("checkov")), "-d", str(folder), "--framework", "terraform_json", "-o", "json", "--compact"]
    done = subprocess.run([*command, "--skip-download"], capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    results: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)["results"]
    assert results["parsing_errors"] == []
    return Scan(
        failures={(item["check_id"], *_place(item)) for item in results["failed_checks"]},
        seen={_place(item) for item in results["failed_checks"] + results["passed_checks"]},
        crashed=set(re.findall(r"Failed to run check (\w+)", done.stderr)),
    )


def _place(item: dict[str, Any]) -> tuple[str, str]:
    return item["file_path"].split("/")[1], item["resource"].rpartition(".")[2]


def _covers(entry: dict[str, Any], failure: Failure) -> bool:
    check, stack, name = failure
    return entry["check"] == check and fnmatchcase(stack, entry["stack"]) and fnmatchcase(name, entry["address"])


def _unlisted(failures: set[Failure]) -> list[Failure]:
    return sorted(
        failure
        for failure in failures
        if failure[0] not in LISTED["answered"] and not any(_covers(entry, failure) for entry in LISTED["exceptions"])
    )


def test_nothing_fails_outside_the_list(scan: Scan) -> None:
    assert _unlisted(scan.failures) == []


def test_a_failure_that_is_not_listed_is_seen() -> None:
    planted = {("CKV_GCP_29", "demo-foundation", "storage__config__bucket")}
    assert _unlisted(planted) == sorted(planted)


def test_checkov_looked_at_every_resource_of_the_baseline(examples: dict[str, ExampleStack], scan: Scan) -> None:
    declared = {
        (stack.name, name)
        for stack in examples.values()
        for kind in SCANNED
        for name in stack.content.get("resource", {}).get(kind, {})
    }
    assert declared
    assert declared - scan.seen == set()


def test_a_check_that_crashes_is_answered_by_a_rule_of_ours(scan: Scan) -> None:
    assert scan.crashed <= set(LISTED["answered"])


def test_every_entry_is_needed(scan: Scan) -> None:
    unused = [e for e in LISTED["exceptions"] if not any(_covers(e, failure) for failure in scan.failures)]
    assert unused == []
    assert set(LISTED["answered"]) <= {failure[0] for failure in scan.failures} | scan.crashed


@pytest.mark.parametrize("entry", LISTED["exceptions"], ids=lambda entry: f"{entry['check']} {entry['address']}")
def test_an_exception_has_a_reason_and_a_last_day_and_spares_what_must_pass(entry: dict[str, Any]) -> None:
    assert len(entry["reason"]) > 20
    assert isinstance(entry["expires"], date)
    assert entry["expires"] >= datetime.now(UTC).date()
    assert entry["check"] not in MUST


def test_answers_name_rules_that_exist() -> None:
    assert {answer["rule"] for answer in LISTED["answered"].values()} <= {rule.id for rule in ALL}
