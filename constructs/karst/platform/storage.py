"""The deployment's shared buckets, and who may read and write each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.service_needs import Access, Scope
from karst.config.types import Kind, Manage
from karst.derived.access import Grant, store_grants
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
from karst.gcp.members import Accounts
from karst.platform.run_services import run_workloads
from karst.protection import Protection

_READ = ("GET", "HEAD", "OPTIONS")
_CONFIG, _LOGS = "config", "logs"
_UPLOAD = ("OPTIONS", "POST", "PUT")


@dataclass(frozen=True, kw_only=True)
class _Role:
    """What a shared bucket is for, unless the deployment says otherwise."""

    kinds: frozenset[Kind]
    purpose: BucketPurpose
    delete_after_days: int | None = None
    cors_methods: tuple[str, ...] = ()
    cors_headers: tuple[str, ...] = ()
    cold_storage: ColdStorage | None = None


_LOCAL, _CLIO, _GLOBAL = frozenset({Kind.LOCAL}), frozenset({Kind.CLIO}), frozenset({Kind.GLOBAL})

ROLES: Mapping[str, _Role] = {
    _CONFIG: _Role(kinds=frozenset(Kind), purpose=BucketPurpose.RECORD),
    "dump": _Role(kinds=_LOCAL, purpose=BucketPurpose.EXCHANGE, delete_after_days=30),
    _LOGS: _Role(kinds=frozenset(Kind), purpose=BucketPurpose.EXCHANGE, delete_after_days=90),
    "nglstate": _Role(kinds=_GLOBAL, purpose=BucketPurpose.RECORD),
    "signatures": _Role(kinds=_CLIO, purpose=BucketPurpose.RECORD),
    "skeleton": _Role(
        kinds=_LOCAL,
        purpose=BucketPurpose.CACHE,
        cors_methods=_READ,
        cors_headers=("Content-Type", "Range"),
        cold_storage=ColdStorage.NEARLINE,
    ),
    "transfer": _Role(
        kinds=_CLIO,
        purpose=BucketPurpose.EXCHANGE,
        delete_after_days=7,
        cors_methods=_READ,
        cors_headers=("Content-Type", "Range"),
    ),
    "upload": _Role(
        kinds=_LOCAL,
        purpose=BucketPurpose.EXCHANGE,
        delete_after_days=14,
        cors_methods=_UPLOAD,
        cors_headers=("Content-Type", "x-goog-resumable"),
    ),
}
"""Role of each shared bucket to what holds for it."""


class Storage(Construct):
    """The shared buckets that the deployment's kinds need. What expires says so here; what must last is versioned."""

    buckets: Mapping[str, Bucket | ExistingBucket]
    """By role."""

    def __init__(
        self, scope: Construct, id: str, blueprint: Blueprint, accounts: Accounts, protection: Protection
    ) -> None:
        super().__init__(scope, id)
        self._blueprint = blueprint
        self._protection = protection
        self._logs = self._bucket(_LOGS, ROLES[_LOGS])
        self._logs.receive_access_logs()
        self.buckets = {_LOGS: self._logs} | {
            name: self._bucket(name, role)
            for name, role in sorted(ROLES.items())
            if name != _LOGS and role.kinds & blueprint.deployment.kinds
        }
        grants = store_grants(blueprint.workloads, Scope.DEPLOYMENT)
        for name, bucket in self.buckets.items():
            grant_objects(bucket, accounts, grants.get(("objects", name), ()))
        for workload in run_workloads(blueprint):
            self.buckets[_CONFIG].grant_read(accounts[workload.name])

    def admit_database_server(self, email: str) -> None:
        """Let the database server write its exports, and read what people uploaded for import."""
        for role, writes in (("dump", True), ("upload", False)):
            if role in self.buckets:
                self.buckets[role].admit_server("database-server", email, writes=writes)

    def access_logs(self, prefix: str) -> AccessLogs:
        """Where a bucket of this stack has its use written down."""
        return AccessLogs(bucket=self._logs.name, prefix=prefix, waits_for=self._logs.dependables)

    def _bucket(self, name: str, role: _Role) -> Bucket | ExistingBucket:
        deployment, names = self._blueprint.deployment, self._blueprint.names
        settings = names.bucket_settings(name)
        if settings.manage is Manage.EXISTING:
            return ExistingBucket(self, name, names.bucket(name))
        origins = sorted({f"https://{host}" for host in deployment.hosts} | set(deployment.cors.origins))
        public = settings.public
        return Bucket(
            self,
            name,
            BucketProps(
                name=names.bucket(name),
                project=deployment.gcp.project,
                location=settings.location or deployment.gcp.region,
                purpose=role.purpose if settings.versioning is None else _purpose(is_versioned=settings.versioning),
                delete_after_days=settings.delete_after_days or role.delete_after_days,
                cors=[
                    CorsRule(origins=["*"] if public else origins, methods=methods, response_headers=role.cors_headers)
                    for methods in filter(None, [role.cors_methods])
                ],
                cold_storage=role.cold_storage,
                access_logs=None if name == _LOGS else self.access_logs(name),
                public=PublicAccess(reason=public.reason) if public else None,
                protection=self._protection,
            ),
        )


def grant_objects(bucket: Bucket | ExistingBucket, accounts: Accounts, grants: Iterable[Grant]) -> None:
    """Give each workload the access to `bucket` that it declares."""
    for grant in grants:
        if grant.access is Access.WRITE:
            bucket.grant_read_write(accounts[grant.workload])
        else:
            bucket.grant_read(accounts[grant.workload])


def _purpose(*, is_versioned: bool) -> BucketPurpose:
    return BucketPurpose.RECORD if is_versioned else BucketPurpose.CACHE
