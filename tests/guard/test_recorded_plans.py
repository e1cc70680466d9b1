"""The guard's verdict on every recorded plan: what it refuses, what it reports, what it lets pass in silence."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from karst.plan.guard import Decision, judge
from karst.plan.reader import read_plan

PLANS = Path(__file__).parent / "plans"
TODAY = date(2026, 1, 1)

BUCKET = "google_storage_bucket.segmentation"
MESHES = "google_storage_bucket.meshes"
TABLE = "google_bigtable_table.graph"
SQL = "google_sql_database_instance.main"
FIRESTORE = "google_firestore_database.clio"
READER = "google_storage_bucket_iam_member.reader"
SQL_USER = "google_sql_user.materialize"
TOKEN = "google_secret_manager_secret_version.token"
EVERYTHING = {BUCKET, TABLE, SQL, FIRESTORE, READER, SQL_USER, TOKEN}
PROTECTED = {BUCKET, TABLE, SQL, FIRESTORE, SQL_USER}

CASES: dict[str, tuple[set[str], set[str]]] = {
    "block_removed": ({BUCKET}, set()),
    "forced_replacement": ({BUCKET}, set()),
    "forced_replacement_create_first": ({TABLE}, set()),
    "whole_destroy": (EVERYTHING, set()),
    "stack_emptied": (EVERYTHING, set()),
    "dataset_retired": (PROTECTED - {SQL_USER}, {SQL_USER}),
    "retired_dataset_removed": (set(), set()),
    "kept_dataset_removed": (set(), PROTECTED),
    "secret_rotated": (set(), {TOKEN}),
    "secret_rotated_delete_first": ({TOKEN}, set()),
    "secret_rotation_half_done": (set(), {TOKEN}),
    "deposed_bucket": ({BUCKET}, set()),
    "forgotten": ({BUCKET}, set()),
    "grant_removed": ({READER}, set()),
    "grant_replaced": ({READER}, set()),
    "sql_user_removed": ({SQL_USER}, set()),
    "moved": (set(), set()),
    "moved_and_replaced": ({MESHES}, set()),
    "targeted_grant_removed": ({READER}, set()),
    "nothing_changed": (set(), set()),
    "first_deployment": (set(), set()),
    "imported": (set(), set()),
    "imported_and_replaced": ({"terraform_data.adopted"}, set()),
}


def test_every_recorded_plan_is_judged() -> None:
    assert {path.stem for path in PLANS.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_recorded_plan(name: str) -> None:
    verdict = judge([read_plan(PLANS / f"{name}.json")], (), today=TODAY)
    refused = {finding.address for finding in verdict.refusals}
    reported = {finding.address for finding in verdict.findings if finding.decision is Decision.REPORTED}
    assert (refused, reported) == CASES[name]


def test_recordings_do_what_their_names_say() -> None:
    """Else a plan recorded with a mistake would pass for a lenient guard."""

    def actions(name: str) -> dict[str, str]:
        return {change.address: change.action.value for change in read_plan(PLANS / f"{name}.json").changes}

    assert set(actions("nothing_changed").values()) <= {"no-op", "update"}
    assert set(actions("retired_dataset_removed").values()) == {"delete"}
    assert {address for address, action in actions("dataset_retired").items() if action == "update"} >= PROTECTED
    assert set(actions("dataset_retired").values()) <= {"no-op", "update"}
    assert actions("forgotten")[BUCKET] == "forget"
    assert actions("moved")[MESHES] in {"no-op", "update"}
    assert list(actions("targeted_grant_removed")) == [READER]


def test_reasons_are_plain() -> None:
    def why(name: str) -> list[str]:
        return [finding.why for finding in judge([read_plan(PLANS / f"{name}.json")], (), today=TODAY).findings]

    assert why("forced_replacement_create_first") == [
        "protected in state: deletion_policy = PREVENT, deletion_protection = PROTECTED"
    ]
    assert why("moved_and_replaced") == [f"moved here from {BUCKET}; protected in state: deletion_policy = PREVENT"]
    assert why("deposed_bucket") == [
        "left over from an interrupted replacement; protected in state: deletion_policy = PREVENT"
    ]
    assert why("grant_removed") == ["a grant in a stack that holds protected data"]
    assert set(why("kept_dataset_removed")) == {"stays in the cloud, and Terraform no longer tracks it"}
    assert why("imported_and_replaced") == ["exists in the cloud and would be imported only to be destroyed"]
