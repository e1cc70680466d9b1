"""A place for files (objects) in Cloud Storage, and who may read and write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cdktn import ITerraformDependable
from cdktn_provider_google.storage_bucket import (
    StorageBucket,
    StorageBucketAutoclass,
    StorageBucketCors,
    StorageBucketEncryption,
    StorageBucketLifecycleRule,
    StorageBucketLifecycleRuleAction,
    StorageBucketLifecycleRuleCondition,
    StorageBucketLogging,
    StorageBucketSoftDeletePolicy,
    StorageBucketVersioning,
)
from cdktn_provider_google.storage_bucket_iam_member import StorageBucketIamMember
from constructs import Construct

from karst.gcp.members import Grantee, grant_id, member_of, needs_of
from karst.gcp.reasons import require_reason
from karst.protection import Protection

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_DAY_S = 86_400
_LOG_WRITERS = "group:cloud-storage-analytics@google.com"
"""As whom Cloud Storage delivers access logs."""


class BucketPurpose(StrEnum):
    """What a bucket's objects are worth, which decides how much of their past is kept."""

    RECORD = "record"
    """Cannot be computed again: versions, each kept 30 days after it was replaced; 30 days to undo a deletion."""

    CACHE = "cache"
    """Can be computed again: neither versions nor undelete, so that overwriting costs nothing."""

    EXCHANGE = "exchange"
    """Dumps and uploads on their way elsewhere: versions kept 7 days; objects themselves should have an end, too."""


_KEPT_DAYS = {BucketPurpose.RECORD: 30, BucketPurpose.CACHE: 0, BucketPurpose.EXCHANGE: 7}


@dataclass(frozen=True, kw_only=True)
class PublicAccess:
    """Everyone on the internet may read every object whose name they know."""

    reason: str
    can_list: bool = False
    """Whether they may list the names, too. Where a random name is what protects an object, they must not."""


@dataclass(frozen=True, kw_only=True)
class CorsRule:
    """Which web pages may use a bucket from a browser."""

    origins: Sequence[str]
    methods: Sequence[str]
    response_headers: Sequence[str] = ("Content-Type",)
    max_age_s: int = 3600


@dataclass(frozen=True, kw_only=True)
class AccessLogs:
    """Where usage of a bucket is recorded: one file an hour in `bucket`, below `prefix`."""

    bucket: str
    prefix: str
    waits_for: Sequence[ITerraformDependable] = ()
    """That bucket and what it grants, where the same stack makes them."""


class ColdStorage(StrEnum):
    """The cheapest class that objects nobody reads may sink to; reading brings them back at no extra charge."""

    NEARLINE = "NEARLINE"
    ARCHIVE = "ARCHIVE"


@dataclass(frozen=True, kw_only=True)
class BucketProps:
    """What is kept, how long, and who besides the project's workloads may see it."""

    name: str
    """Unique in the whole world; fixed for the bucket's life."""
    project: str
    location: str
    """Region or multi-region; fixed for the bucket's life."""
    purpose: BucketPurpose
    delete_after_days: int | None = None
    cors: Sequence[CorsRule] = ()
    cold_storage: ColdStorage | None = None
    access_logs: AccessLogs | None = None
    kms_key_name: str | None = None
    public: PublicAccess | None = None
    protection: Protection = Protection.PROTECTED


class _GrantableBucket(Construct):
    """What a bucket of ours and one we found have in common: a name and permissions."""

    name: str
    dependables: tuple[ITerraformDependable, ...] = ()
    """What must stand before objects can be put in; nothing for a bucket that we found."""

    def grant_read(self, grantee: Grantee) -> None:
        """Let `grantee` list and read objects."""
        self._grant("read", grantee, "roles/storage.objectViewer")

    def grant_read_write(self, grantee: Grantee) -> None:
        """Let `grantee` list, read, create, replace and delete objects, but not change who else may."""
        self._grant("read-write", grantee, "roles/storage.objectUser")

    def admit_server(self, server: str, email: str, *, writes: bool) -> None:
        """Let a managed server, by a short name of ours, read objects, or write them, too.

        Google makes the server's account, so its address is known only once the server stands.
        """
        self._add_member(
            f"{'write' if writes else 'read'}-{server}",
            f"serviceAccount:{email}",
            "roles/storage.objectUser" if writes else "roles/storage.objectViewer",
            self.dependables,
        )

    def receive_access_logs(self) -> None:
        """Let Cloud Storage write down here how other buckets are used; without this it drops the records."""
        member = self._add_member("log", _LOG_WRITERS, "roles/storage.objectCreator", self.dependables)
        self.dependables = (*self.dependables, member)

    def _grant(self, permission: str, grantee: Grantee, role: str) -> None:
        needs = [*self.dependables, *needs_of(grantee)]
        self._add_member(grant_id(permission, grantee), member_of(grantee), role, needs)

    def _add_member(
        self, id: str, member: str, role: str, needs: Sequence[ITerraformDependable]
    ) -> StorageBucketIamMember:
        return StorageBucketIamMember(
            self, id, bucket=self.name, role=role, member=member, depends_on=list(needs) or None
        )


class Bucket(_GrantableBucket):
    """A bucket with one access policy for all of its objects.

    Promises: nobody outside gets in unless `public` says why; unfinished uploads are swept after 7 days; deleting the
    bucket never deletes objects while it is protected; what `BucketPurpose` says of versions.
    Raises `ValueError` for a name that Cloud Storage would refuse, and for access logs written into the bucket itself.
    """

    def __init__(self, scope: Construct, id: str, props: BucketProps) -> None:
        super().__init__(scope, id)
        _check(props)
        self.name = props.name
        kept_days = _KEPT_DAYS[props.purpose]
        bucket = StorageBucket(
            self,
            "bucket",
            name=props.name,
            project=props.project,
            location=props.location.upper(),
            uniform_bucket_level_access=True,
            public_access_prevention="enforced" if props.public is None else "inherited",
            versioning=StorageBucketVersioning(enabled=kept_days > 0),
            soft_delete_policy=StorageBucketSoftDeletePolicy(retention_duration_seconds=kept_days * _DAY_S),
            lifecycle_rule=_lifecycle_rules(props, kept_days),
            cors=[
                StorageBucketCors(
                    origin=list(rule.origins),
                    method=list(rule.methods),
                    response_header=list(rule.response_headers),
                    max_age_seconds=rule.max_age_s,
                )
                for rule in props.cors
            ],
            autoclass=_autoclass(props.cold_storage),
            logging=_logging(props.access_logs),
            encryption=_encryption(props.kms_key_name),
            force_destroy=props.protection is Protection.RELEASED,
            depends_on=list(props.access_logs.waits_for) or None if props.access_logs else None,
        )
        self.dependables = (bucket,)
        if props.public is not None:
            role = "roles/storage.objectViewer" if props.public.can_list else "roles/storage.legacyObjectReader"
            self._add_member("public", "allUsers", role, self.dependables)


class ExistingBucket(_GrantableBucket):
    """A bucket that something else made and keeps: permissions are added, nothing of the bucket itself is declared."""

    def __init__(self, scope: Construct, id: str, name: str) -> None:
        super().__init__(scope, id)
        _check_name(name)
        self.name = name


def _check(props: BucketProps) -> None:
    _check_name(props.name)
    if props.public is not None:
        require_reason(f"public access to bucket {props.name!r}", props.public.reason)
    if props.access_logs is not None and props.access_logs.bucket == props.name:
        raise ValueError(f"bucket {props.name!r} would log each access to itself: name another bucket for its logs")
    if props.delete_after_days is not None and props.delete_after_days < 1:
        raise ValueError(f"bucket {props.name!r}: delete_after_days must be at least 1, not {props.delete_after_days}")


def _check_name(name: str) -> None:
    if not _BUCKET_NAME.fullmatch(name) or name.startswith("goog") or "google" in name:
        raise ValueError(
            f"bucket name {name!r} must have 3-63 lower-case letters, digits, '.', '_' and '-', begin and end with a "
            "letter or digit, and not contain 'google'; a folder inside a bucket is not part of its name"
        )


def _lifecycle_rules(props: BucketProps, kept_days: int) -> list[StorageBucketLifecycleRule]:
    rules = [
        StorageBucketLifecycleRule(
            action=StorageBucketLifecycleRuleAction(type="AbortIncompleteMultipartUpload"),
            condition=StorageBucketLifecycleRuleCondition(age=7),
        )
    ]
    if kept_days:
        rules.append(_delete_when(StorageBucketLifecycleRuleCondition(days_since_noncurrent_time=kept_days)))
    if props.delete_after_days is not None:
        rules.append(_delete_when(StorageBucketLifecycleRuleCondition(age=props.delete_after_days, with_state="LIVE")))
    return rules


def _delete_when(condition: StorageBucketLifecycleRuleCondition) -> StorageBucketLifecycleRule:
    return StorageBucketLifecycleRule(action=StorageBucketLifecycleRuleAction(type="Delete"), condition=condition)


def _autoclass(cold_storage: ColdStorage | None) -> StorageBucketAutoclass | None:
    if cold_storage is None:
        return None
    return StorageBucketAutoclass(enabled=True, terminal_storage_class=cold_storage.value)


def _logging(logs: AccessLogs | None) -> StorageBucketLogging | None:
    return None if logs is None else StorageBucketLogging(log_bucket=logs.bucket, log_object_prefix=logs.prefix)


def _encryption(kms_key_name: str | None) -> StorageBucketEncryption | None:
    return None if kms_key_name is None else StorageBucketEncryption(default_kms_key_name=kms_key_name)
