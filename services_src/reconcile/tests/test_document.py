"""A file that isn't understood changes nothing: it is refused whole, with the place and what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from karst_reconcile.document import read_document, read_file
from karst_reconcile.faults import Exit, ReconcileError
from services_src.reconcile.tests.conftest import dataset

WHOLE = {"version": 1, "deployment": "demo", "datasets": [dataset()], "service_accounts": []}
ACCOUNT = {"name": "uploads", "secret": "uploads-token"}


def text(**other: object) -> bytes:
    return json.dumps({**WHOLE, **other}).encode()


def of(**other: object) -> bytes:
    return text(datasets=[{**dataset(), **other}])


def test_what_newer_writers_add_is_passed_over() -> None:
    assert read_document(of(something_new=1), "x") == read_document(text(), "x")
    assert read_document(text(datasets=[]), "x").datasets == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no JSON, or is cut off"),
        (text()[:-20], "no JSON, or is cut off"),
        (b"\xff\xfe", "no JSON, or is cut off"),
        (b"[" * 100_000, "no JSON, or is cut off"),
        (b"[]", "names no version"),
        (b"{}", "names no version"),
        (text(version=2), "has the version '2'; this Karst knows 1"),
        (text(version="1"), "version"),
        (json.dumps({"version": 1, "deployment": "demo"}).encode(), "datasets: Field required"),
        (text(deployment="a/b"), "deployment: "),
        (of(auth_dataset="../../user"), "datasets.0.auth_dataset"),
        (of(auth_dataset="a%2fb"), "datasets.0.auth_dataset"),
        (of(groups={"a b": {}}), "datasets.0.groups"),
        (of(groups={"a": {"members": ["no address"]}}), "datasets.0.groups.a.members.0"),
        (of(groups={"a": {"permissions": ["\x1b[2J"]}}), "datasets.0.groups.a.permissions.0"),
        (of(terms_of_service="a\nb"), "datasets.0.terms_of_service"),
        (of(table_mappings=[{"service": "datastack", "table": "..", "dataset": "tiny"}]), "table_mappings.0.table"),
        (
            of(table_mappings=[{"service": "datastack", "table": "t", "dataset": "other"}]),
            "other, which isn't declared",
        ),
        (text(datasets=[dataset(), dataset()]), "declared twice"),
        (
            text(datasets=[dataset(), {**dataset("b"), "auth_dataset": "tiny", "terms_of_service": "Others"}]),
            "two terms of service",
        ),
        (text(service_accounts=[ACCOUNT, ACCOUNT]), "declared twice"),
        (text(service_accounts=[{**ACCOUNT, "secret": "../token"}]), "service_accounts.0.secret"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(content: bytes, said: str) -> None:
    with pytest.raises(ReconcileError) as caught:
        read_document(content, "datasets.json")
    message = str(caught.value)
    assert (caught.value.code, said in message) == (Exit.USAGE, True), message
    assert "nothing was changed" in message.lower()
    assert "\x1b" not in message


def test_a_table_of_two_datasets_is_refused() -> None:
    other: dict[str, Any] = dataset("b", table_mappings=[{"service": "datastack", "table": "tiny", "dataset": "b"}])
    with pytest.raises(ReconcileError, match="datastack/tiny belongs to b and to tiny"):
        read_document(text(datasets=[dataset(), other]), "datasets.json")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReconcileError, match="can't be read"):
        read_file(tmp_path / "none.json")
    with pytest.raises(ReconcileError, match="can't be read"):
        read_file(tmp_path)
