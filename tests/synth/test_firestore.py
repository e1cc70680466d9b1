from collections.abc import Callable
from dataclasses import replace

import pytest
from cdktn import TerraformStack

from karst.config.types import Manage
from karst.gcp.firestore import CompositeIndex, DocumentDatabase, DocumentDatabaseProps, DocumentMode, Order
from karst.protection import Protection
from tests.synth.support import PROJECT, Document, only, resources, synth

ACCOUNT = f"daf-clio@{PROJECT}.iam.gserviceaccount.com"
HEADS = CompositeIndex(collection="annotations", fields=[("_head", Order.ASCENDING), ("x", Order.DESCENDING)])
PROPS = DocumentDatabaseProps(
    project=PROJECT,
    location="nam5",
    protection=Protection.PROTECTED,
    mode=DocumentMode.NATIVE,
    name="clio",
    indexes={"heads": HEADS},
)


def _database(
    props: DocumentDatabaseProps = PROPS, use: Callable[[DocumentDatabase], None] = lambda _: None
) -> Document:
    def build(stack: TerraformStack) -> None:
        use(DocumentDatabase(stack, "documents", props))

    return synth(build)


def test_any_moment_and_every_day_can_be_restored():
    document = _database()
    database = only(document, "google_firestore_database")
    assert database["point_in_time_recovery_enablement"] == "POINT_IN_TIME_RECOVERY_ENABLED"
    assert (database["name"], database["location_id"], database["type"]) == ("clio", "nam5", "FIRESTORE_NATIVE")
    schedule = only(document, "google_firestore_backup_schedule")
    assert (schedule["retention"], schedule["daily_recurrence"]) == ("1209600s", {})


@pytest.mark.parametrize(
    ("protection", "state"),
    [(Protection.PROTECTED, "DELETE_PROTECTION_ENABLED"), (Protection.RELEASED, "DELETE_PROTECTION_DISABLED")],
)
def test_protection_flips_the_switch(protection: Protection, state: str):
    database = only(_database(replace(PROPS, protection=protection)), "google_firestore_database")
    assert database["delete_protection_state"] == state


def test_indexes_speak_the_mode_of_their_database():
    index = only(_database(), "google_firestore_index")
    assert (index["api_scope"], index["query_scope"]) == ("ANY_API", "COLLECTION")
    assert index["fields"] == [
        {"field_path": "_head", "order": "ASCENDING"},
        {"field_path": "x", "order": "DESCENDING"},
    ]
    nested = replace(PROPS, indexes={"heads": replace(HEADS, includes_nested=True)})
    assert only(_database(nested), "google_firestore_index")["query_scope"] == "COLLECTION_GROUP"
    datastore = only(_database(replace(PROPS, mode=DocumentMode.DATASTORE)), "google_firestore_index")
    assert (datastore["api_scope"], datastore["query_scope"]) == ("DATASTORE_MODE_API", "COLLECTION_GROUP")


def _grant_both(database: DocumentDatabase) -> None:
    database.grant_read(ACCOUNT)
    database.grant_write(ACCOUNT)


def test_grants_open_one_database():
    grants = resources(_database(use=_grant_both), "google_project_iam_member")
    assert {name: grant["role"] for name, grant in grants.items()} == {
        "documents__read_daf_clio": "roles/datastore.viewer",
        "documents__write_daf_clio": "roles/datastore.user",
    }
    assert {grant["condition"]["expression"] for grant in grants.values()} == {
        f'resource.name == "projects/{PROJECT}/databases/clio"'
    }


def test_an_existing_default_database_is_granted_and_left_alone():
    document = _database(replace(PROPS, name="(default)", manage=Manage.EXISTING), _grant_both)
    assert set(document["resource"]) == {"google_project_iam_member"}
    conditions = [grant["condition"] for grant in resources(document, "google_project_iam_member").values()]
    assert {condition["title"] for condition in conditions} == {"only-database-default"}
    assert all("/databases/(default)" in condition["expression"] for condition in conditions)
