"""What a bucket promises."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cdktn import TerraformStack

from karst.gcp.bucket import (
    AccessLogs,
    Bucket,
    BucketProps,
    BucketPurpose,
    ColdStorage,
    CorsRule,
    ExistingBucket,
    PublicAccess,
)
from karst.protection import Protection
from tests.synth.support import Document, only, resources, synth

READER = "reader-1@lab-project.iam.gserviceaccount.com"
DAY_S = 86_400
PROPS = BucketProps(name="lab-records", project="lab-project", location="us-east4", purpose=BucketPurpose.RECORD)


def synth_bucket(
    *,
    purpose: BucketPurpose = BucketPurpose.RECORD,
    public: PublicAccess | None = None,
    protection: Protection = Protection.PROTECTED,
    name: str = "lab-records",
    delete_after_days: int | None = None,
    access_logs: AccessLogs | None = None,
) -> Document:
    def build(stack: TerraformStack) -> None:
        Bucket(
            stack,
            "records",
            BucketProps(
                name=name,
                project="lab-project",
                location="us-east4",
                purpose=purpose,
                public=public,
                protection=protection,
                delete_after_days=delete_after_days,
                access_logs=access_logs,
                cors=[CorsRule(origins=["https://viewer.example.org"], methods=["GET"])],
                cold_storage=ColdStorage.NEARLINE,
                kms_key_name="projects/p/locations/us-east4/keyRings/r/cryptoKeys/k",
            ),
        )

    return synth(build, protection)


def test_closed_to_the_public_with_one_policy_for_all_objects() -> None:
    document = synth_bucket()
    bucket = only(document, "google_storage_bucket")
    assert bucket["public_access_prevention"] == "enforced"
    assert bucket["uniform_bucket_level_access"] is True
    assert resources(document, "google_storage_bucket_iam_member") == {}


@pytest.mark.parametrize(
    ("purpose", "kept_days"), [(BucketPurpose.RECORD, 30), (BucketPurpose.CACHE, 0), (BucketPurpose.EXCHANGE, 7)]
)
def test_purpose_decides_what_is_kept(purpose: BucketPurpose, kept_days: int) -> None:
    bucket = only(synth_bucket(purpose=purpose), "google_storage_bucket")
    assert bucket["versioning"] == {"enabled": kept_days > 0}
    assert bucket["soft_delete_policy"] == {"retention_duration_seconds": kept_days * DAY_S}
    ends = [rule["condition"].get("days_since_noncurrent_time") for rule in bucket["lifecycle_rule"]]
    assert (kept_days in ends) is (kept_days > 0)


def test_unfinished_uploads_are_swept_and_objects_end_when_told() -> None:
    rules = only(synth_bucket(purpose=BucketPurpose.EXCHANGE, delete_after_days=30), "google_storage_bucket")[
        "lifecycle_rule"
    ]
    assert {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}} in rules
    assert {"action": {"type": "Delete"}, "condition": {"age": 30, "with_state": "LIVE"}} in rules


@pytest.mark.parametrize(
    ("protection", "may_empty"),
    [(Protection.PROTECTED, False), (Protection.ABANDONED, False), (Protection.RELEASED, True)],
)
def test_only_a_released_bucket_is_emptied(protection: Protection, may_empty: bool) -> None:
    assert only(synth_bucket(protection=protection), "google_storage_bucket")["force_destroy"] is may_empty


@pytest.mark.parametrize(
    ("can_list", "role"), [(False, "roles/storage.legacyObjectReader"), (True, "roles/storage.objectViewer")]
)
def test_public_bucket_lists_names_only_when_told(can_list: bool, role: str) -> None:
    document = synth_bucket(public=PublicAccess(reason="viewers read images without logging in", can_list=can_list))
    assert only(document, "google_storage_bucket")["public_access_prevention"] == "inherited"
    member = only(document, "google_storage_bucket_iam_member")
    assert (member["member"], member["role"]) == ("allUsers", role)


def test_options_reach_the_bucket() -> None:
    bucket = only(synth_bucket(access_logs=AccessLogs(bucket="lab-logs", prefix="records")), "google_storage_bucket")
    assert bucket["cors"] == [
        {
            "origin": ["https://viewer.example.org"],
            "method": ["GET"],
            "response_header": ["Content-Type"],
            "max_age_seconds": 3600,
        }
    ]
    assert bucket["autoclass"] == {"enabled": True, "terminal_storage_class": "NEARLINE"}
    assert bucket["logging"] == {"log_bucket": "lab-logs", "log_object_prefix": "records"}
    assert bucket["encryption"] == {"default_kms_key_name": "projects/p/locations/us-east4/keyRings/r/cryptoKeys/k"}


def test_grants_on_a_bucket_of_others_declare_no_bucket() -> None:
    def build(stack: TerraformStack) -> None:
        bucket = ExistingBucket(stack, "images", "lab-images")
        bucket.grant_read(READER)
        bucket.grant_read_write("writer@lab-project.iam.gserviceaccount.com")

    document = synth(build)
    assert resources(document, "google_storage_bucket") == {}
    assert resources(document, "google_storage_bucket_iam_member") == {
        "images__read_reader_1": {
            "bucket": "lab-images",
            "member": f"serviceAccount:{READER}",
            "role": "roles/storage.objectViewer",
        },
        "images__read_write_writer": {
            "bucket": "lab-images",
            "member": "serviceAccount:writer@lab-project.iam.gserviceaccount.com",
            "role": "roles/storage.objectUser",
        },
    }


def test_access_logs_are_delivered_and_the_bucket_that_writes_them_comes_later() -> None:
    def build(stack: TerraformStack) -> None:
        logs = Bucket(stack, "logs", replace(PROPS, name="lab-logs"))
        logs.receive_access_logs()
        written = AccessLogs(bucket=logs.name, prefix="records", waits_for=logs.dependables)
        Bucket(stack, "records", replace(PROPS, access_logs=written))

    document = synth(build)
    member = only(document, "google_storage_bucket_iam_member")
    assert member["member"] == "group:cloud-storage-analytics@google.com"
    assert (member["bucket"], member["role"]) == ("lab-logs", "roles/storage.objectCreator")
    assert resources(document, "google_storage_bucket")["records__bucket"]["depends_on"] == [
        "google_storage_bucket.logs__bucket",
        "google_storage_bucket_iam_member.logs__log",
    ]


@pytest.mark.parametrize(
    ("writes", "role"), [(True, "roles/storage.objectUser"), (False, "roles/storage.objectViewer")]
)
def test_a_managed_server_gets_in_by_the_account_that_its_making_tells(writes: bool, role: str) -> None:
    def build(stack: TerraformStack) -> None:
        Bucket(stack, "dump", PROPS).admit_server("sql", "${google_sql_database_instance.db.account}", writes=writes)

    member = only(synth(build), "google_storage_bucket_iam_member")
    assert member["member"] == "serviceAccount:${google_sql_database_instance.db.account}"
    assert (member["role"], member["depends_on"]) == (role, ["google_storage_bucket.dump__bucket"])


def test_grants_wait_for_the_bucket() -> None:
    def build(stack: TerraformStack) -> None:
        props = BucketProps(name="lab-cache", project="lab-project", location="us-east4", purpose=BucketPurpose.CACHE)
        Bucket(stack, "cache", props).grant_read(READER)

    member = only(synth(build), "google_storage_bucket_iam_member")
    assert member["depends_on"] == ["google_storage_bucket.cache__bucket"]


def test_a_silent_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="public access to bucket 'lab-records' needs a reason: write who needs it"):
        synth_bucket(public=PublicAccess(reason=" "))


@pytest.mark.parametrize("name", ["lab/path", "gs://lab", "Lab", "ab", "goog-lab", "my-google-data"])
def test_names_the_cloud_refuses(name: str) -> None:
    with pytest.raises(ValueError, match=r"must have 3-63 lower-case letters"):
        synth_bucket(name=name)


def test_logs_to_itself_are_refused() -> None:
    with pytest.raises(ValueError, match="bucket 'lab-records' would log each access to itself"):
        synth_bucket(access_logs=AccessLogs(bucket="lab-records", prefix="x"))


def test_an_end_before_the_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="delete_after_days must be at least 1, not 0"):
        synth_bucket(delete_after_days=0)


@pytest.mark.parametrize("grantee", ["allUsers", "someone@example.org", "group:team@example.org", "${x.email}"])
def test_only_service_accounts_are_granted_anything(grantee: str) -> None:
    with pytest.raises(ValueError, match="is not the address of a service account"):
        synth(lambda stack: ExistingBucket(stack, "images", "lab-images").grant_read(grantee))
