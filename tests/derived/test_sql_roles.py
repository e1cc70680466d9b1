"""Which roles the databases are wanted to have, and who gets which."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from karst.blueprint import Blueprint
from karst.config.types import Kind
from karst.derived.secrets import owned_secrets, passwords, referenced_secrets
from karst.derived.settings import settings
from karst.derived.sql_login import PASSWORD, needs_password
from karst.derived.sql_roles import database_roles, group, sql_roles
from karst.derived.workloads import Workload
from karst.naming import SQL_ROLES
from tests.derived.conftest import MakeDataset
from tests.derived.workers import deployment, service

UPSTREAM: dict[str, Any] = {
    "package": None,
    "image": {"source": "upstream", "repository": "docker.io/x/y", "version": "v1"},
}
SECRET = {PASSWORD: {"description": "Logs in", "is_generated": True}}
ANNOTATIONS = {"name": "annotations", "scope": "dataset"}
READS: dict[str, object] = {"relational": [{"name": "annotation"}, ANNOTATIONS]}
WRITES: dict[str, object] = {"relational": [{**ANNOTATIONS, "access": "write"}]}
COPIES: dict[str, object] = {
    "relational": [
        {"name": "annotation", "access": "write"},
        {**ANNOTATIONS, "access": "write", "creates_databases": True},
    ]
}
READER = service("reader", {}, stores=READS)
WRITER = service("writer", {}, stores=WRITES, secrets=SECRET, **UPSTREAM)
COPIER = service("copier", {}, stores=COPIES, secrets=SECRET, **UPSTREAM)
ADMIN = service(SQL_ROLES, {"runs_first": True})


def document(*workloads: Workload, datasets: tuple[Any, ...] = (), **keys: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sql_roles(whole(*workloads, datasets=datasets, **keys)))
    return found


def whole(*workloads: Workload, datasets: tuple[Any, ...] = (), **keys: object) -> Blueprint:
    return Blueprint(deployment=deployment(**keys), datasets=datasets, workloads=workloads)


def by_name(listed: list[dict[str, Any]]) -> Mapping[str, dict[str, Any]]:
    return {one["name"]: one for one in listed}


def test_each_login_gets_what_its_declaration_asks_for(make_dataset: MakeDataset) -> None:
    found = document(READER, WRITER, COPIER, ADMIN, datasets=(make_dataset("cortex"),))
    logins = by_name(found["logins"])
    assert logins == {
        "api-reader@lab-cave.iam": {
            "name": "api-reader@lab-cave.iam",
            "password": None,
            "can_copy": False,
            "databases": {"annotation": "read", "cortex_volume": "read"},
        },
        "api-writer": {
            "name": "api-writer",
            "password": "password-writer",
            "can_copy": False,
            "databases": {"cortex_volume": "write"},
        },
        "api-copier": {
            "name": "api-copier",
            "password": "password-copier",
            "can_copy": True,
            "databases": {"annotation": "write", "cortex_volume": "write"},
        },
    }
    assert found["copies"] == "api_copies"
    assert by_name(found["databases"])["cortex_volume"] == {
        "name": "cortex_volume",
        "extensions": ["postgis"],
        "read": "cortex_volume_read",
        "write": "cortex_volume_write",
        "owner": "cortex_volume_owner",
    }


def test_nobody_owns_a_database_that_nobody_copies(make_dataset: MakeDataset) -> None:
    found = document(READER, WRITER, datasets=(make_dataset("cortex"),))
    assert found["copies"] is None
    assert not any("owner" in one for one in found["databases"])


def test_services_of_ours_need_no_extension(make_dataset: MakeDataset) -> None:
    found = document(READER, datasets=(make_dataset("cortex"),))
    assert [one["extensions"] for one in found["databases"]] == [[], [], []]


def test_databases_of_removed_datasets_are_not_wanted_and_those_of_others_are(make_dataset: MakeDataset) -> None:
    datasets = (
        make_dataset("gone", state="removed"),
        make_dataset("old", annotations={"manage": "existing", "database": "OLD-volume"}),
    )
    found = by_name(document(READER, datasets=datasets)["databases"])
    assert found.keys() == {"OLD-volume", "annotation", "materialization"}


def test_two_datasets_of_one_volume_share_a_database(make_dataset: MakeDataset) -> None:
    datasets = tuple(make_dataset(name, annotations={"database": "shared"}) for name in ("one", "two"))
    assert [one["name"] for one in document(WRITER, datasets=datasets)["databases"]] == [
        "annotation",
        "materialization",
        "shared",
    ]


@pytest.mark.parametrize(
    ("kinds", "names"),
    [
        ([Kind.GLOBAL], {"accounts", "infoservice"}),
        ([Kind.LOCAL], {"annotation", "materialization"}),
        ([Kind.GLOBAL, Kind.LOCAL], {"accounts", "infoservice", "annotation", "materialization"}),
    ],
)
def test_a_deployment_has_the_databases_of_its_kinds_by_their_chosen_names(kinds: list[str], names: set[str]) -> None:
    runs_global: dict[str, Any] = {"global": None} if Kind.GLOBAL in kinds else {}
    found = document(ADMIN, kinds=kinds, sql={"databases": {"auth": "accounts"}}, **runs_global)
    assert by_name(found["databases"]).keys() == names


def test_names_of_groups_fit_and_stay_apart() -> None:
    long = "d" * 62
    groups = {group(long, kind) for kind in ("read", "write", "owner")} | {group(long + "d", "read")}
    assert len(groups) == 4
    assert max(map(len, groups)) == 63
    assert group("annotation", "write") == "annotation_write"


def test_a_service_is_told_as_whom_to_act(make_dataset: MakeDataset) -> None:
    told = {"KARST_DATABASE_ROLES": {"description": "Database to role"}}
    reader = service("reader", {}, stores=READS, settings=told)
    blueprint = whole(reader, WRITER, COPIER, datasets=(make_dataset("cortex"),))
    expected = {"annotation": "annotation_read", "cortex_volume": "cortex_volume_read"}
    assert json.loads(settings(blueprint, reader)["KARST_DATABASE_ROLES"]) == expected
    assert database_roles(blueprint, COPIER) == {"annotation": "api_copies", "cortex_volume": "api_copies"}
    assert database_roles(blueprint, WRITER) == {"cortex_volume": "cortex_volume_write"}


def test_the_administrator_reads_every_password_and_nobody_else_does() -> None:
    chosen = service(
        "chosen",
        {},
        {"secrets": {PASSWORD: "secret:projects/other-lab/secrets/theirs@3"}},
        stores=WRITES,
        secrets=SECRET,
        **UPSTREAM,
    )
    running = (WRITER, chosen, READER, ADMIN)
    assert [needs_password(one) for one in running] == [True, True, False, False]
    found = passwords(deployment(), running)
    assert {file: place.secret for file, place in found.items()} == {
        "password-writer": "api-writer-database-password",
        "password-chosen": "projects/other-lab/secrets/theirs",
    }
    readers = {one.secret: one.readers for one in owned_secrets(deployment(), running)}
    assert readers["api-writer-database-password"] == (SQL_ROLES, "writer")
    theirs = referenced_secrets(deployment(), running)
    assert theirs["projects/other-lab/secrets/theirs"] == ("chosen", SQL_ROLES)
    without = {one.secret: one.readers for one in owned_secrets(deployment(), (WRITER,))}
    assert without["api-writer-database-password"] == ("writer",)


def test_equal_configuration_gives_an_equal_document(make_dataset: MakeDataset) -> None:
    datasets = (make_dataset("cortex"),)
    assert sql_roles(whole(READER, WRITER, datasets=datasets)) == sql_roles(whole(READER, WRITER, datasets=datasets))
