"""What holds data, names or identities keeps its address: Terraform would replace it under a new one.

After a change that adds or removes such a resource on purpose, write the new list: one address a line, sorted.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from karst.moves import MOVES
from tests.examples import ExampleStack

LIST = Path(__file__).parent / "stateful.txt"
STATEFUL = frozenset(
    {
        "google_artifact_registry_repository",
        "google_bigquery_dataset",
        "google_bigquery_table",
        "google_bigtable_instance",
        "google_bigtable_table",
        "google_certificate_manager_certificate",
        "google_certificate_manager_certificate_map",
        "google_certificate_manager_dns_authorization",
        "google_compute_address",
        "google_compute_global_address",
        "google_compute_network",
        "google_compute_subnetwork",
        "google_dns_managed_zone",
        "google_firestore_database",
        "google_pubsub_subscription",
        "google_pubsub_topic",
        "google_redis_instance",
        "google_secret_manager_secret",
        "google_service_account",
        "google_sql_database",
        "google_sql_database_instance",
        "google_sql_user",
        "google_storage_bucket",
    }
)


def stateful(stacks: dict[str, ExampleStack]) -> set[str]:
    return {
        f"{name} {kind}.{logical_id}"
        for name, stack in stacks.items()
        for kind, named in stack.content.get("resource", {}).items()
        if kind in STATEFUL
        for logical_id in named
    }


def judge(known: set[str], actual: set[str]) -> str:
    """Say what to do about every address that went or came, empty if none did."""
    lines: list[str] = []
    for entry in sorted(known - actual):
        stack, address = entry.split()
        lines.append(
            f"{stack} no longer declares {address}: Terraform would delete it. If it was renamed, add "
            f'Move(stack="{stack}", before="{address}", after=...) to constructs/karst/moves.py; '
            f"if it goes on purpose, take its line out of {LIST.name}."
        )
    lines += [f"{entry} is new: add the line to {LIST.name}." for entry in sorted(actual - known)]
    return "\n".join(lines)


def test_stateful_addresses(examples: dict[str, ExampleStack]) -> None:
    lines = LIST.read_text(encoding="utf-8").splitlines()
    assert lines == sorted(set(lines)), f"{LIST.name} is not sorted, or names something twice"
    if complaint := judge(set(lines), stateful(examples)):
        pytest.fail(complaint, pytrace=False)


def test_every_move_leads_somewhere(examples: dict[str, ExampleStack]) -> None:
    declared = {address.split()[1] for address in stateful(examples)}
    assert [move for move in MOVES if move.after not in declared and move.after.partition(".")[0] in STATEFUL] == []


def test_a_renamed_bucket_is_found() -> None:
    complaint = judge({"demo google_storage_bucket.a"}, {"demo google_storage_bucket.b"})
    assert 'Move(stack="demo", before="google_storage_bucket.a"' in complaint
    assert "google_storage_bucket.b is new" in complaint
