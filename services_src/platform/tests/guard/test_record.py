"""The record's JSON, by which other services decide."""

from __future__ import annotations

import json

import pytest

from karst_platform.cave.guard.record import ANONYMOUS, Affiliation, MissingTos, UserRecord

WHOLE = {
    "id": 3,
    "parent_id": None,
    "service_account": False,
    "name": "public name",
    "email": "someone@example.org",
    "admin": False,
    "pi": "",
    "affiliations": [[{"id": 1, "name": "Inst", "start": "2026-11-20T09:22:17", "end": None}]],
    "groups": ["default", "G1"],
    "permissions": {"h01": 2, "looked_at": 1, "kept": 0},
    "permissions_v2": {"h01": ["view", "edit"], "looked_at": ["view", "admin_view"], "kept": ["admin"]},
    "permissions_v2_ignore_tos": {"h01": ["view", "edit"], "gated": ["view"]},
    "missing_tos": [{"dataset_id": 2, "dataset_name": "gated", "tos_id": 1, "tos_name": "T"}],
    "datasets_admin": ["h01"],
    "groups_admin": ["G1"],
}


def test_the_record_is_as_clients_know_it() -> None:
    record = UserRecord.from_json(WHOLE)
    assert record.affiliations == (Affiliation(id=1, name="Inst", start="2026-11-20T09:22:17"),)
    assert record.missing_tos == (MissingTos(dataset_id=2, dataset_name="gated", tos_id=1, tos_name="T"),)
    told = record.to_json()
    assert told.pop("affiliations_v2") == WHOLE["affiliations"][0]  # type: ignore[index]
    assert told == WHOLE
    assert list(told) == list(WHOLE)
    assert UserRecord.from_json(json.loads(record.to_bytes())) == record


def test_nobody_has_every_key() -> None:
    told = ANONYMOUS.to_json()
    assert told.keys() >= WHOLE.keys()
    assert (told["id"], told["admin"], told["affiliations"]) == (0, False, [[]])


def test_terms_keep_a_grant_from_being_in_force() -> None:
    record = UserRecord.from_json(WHOLE)
    assert record.may("view", "h01")
    assert not record.may("view", "gated")
    assert record.may("view", "gated", ignore_tos=True)
    assert not record.may("view", "kept")
    assert not record.may("edit", "elsewhere", ignore_tos=True)


def test_records_of_older_services_can_be_read() -> None:
    record = UserRecord.from_json(
        {"id": 1, "permissions_v2": {"h01": ["view"]}, "affiliations": [{"id": 1, "name": "I"}]}
    )
    assert record.may("view", "h01", ignore_tos=True)
    assert record.affiliations[0].name == "I"
    assert not record.admin


@pytest.mark.parametrize("admin", [1, "true", "false", [0], None])
def test_only_true_makes_a_superadmin(admin: object) -> None:
    assert not UserRecord.from_json({"id": 1, "admin": admin}).admin


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        "x",
        3,
        {},
        {"id": None},
        {"id": "x"},
        {"id": 1, "permissions_v2": {"h01": 3}},
        {"id": 1, "missing_tos": [{}]},
    ],
)
def test_what_is_no_record_is_refused(told: object) -> None:
    with pytest.raises(ValueError, match=r"no user record|invalid literal"):
        UserRecord.from_json(told)
