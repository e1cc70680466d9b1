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
from karst.protection import Protection

_READ = ("GET", "HEAD", "OPTIONS")
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
    "config": _Role(kinds=frozenset(Kind), purpose=BucketPurpose.RECORD),
    "dump": _Role(kinds=_LOCAL, purpose=BucketPurpose.EXCHANGE, delete_after_days=30),
    "logs": _Role(kinds=frozenset(Kind), purpose=BucketPurpose.EXCHANGE, delete_after_days=90),
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

    def __init__(self, scope: Construct, id: str, blueprint: Blueprint, protection: Protection) -> None:
        super().__init__(scope, id)
        self._blueprint = blueprint
        self._protection = protection
        grants = store_grants(blueprint.workloads, Scope.DEPLOYMENT)
        for name, role in sorted(ROLES.items()):
            if role.kinds & blueprint.deployment.kinds:
                grant_objects(self._bucket(name, role), blueprint, grants.get(("objects", name), ()))

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
                access_logs=None if name == "logs" else AccessLogs(bucket=names.bucket("logs"), prefix=name),
                public=PublicAccess(reason=public.reason) if public else None,
                protection=self._protection,
            ),
        )


def grant_objects(bucket: Bucket | ExistingBucket, blueprint: Blueprint, grants: Iterable[Grant]) -> None:
    """Give each workload the access to `bucket` that it declares."""
    for grant in grants:
        email = blueprint.names.service_account(grant.workload)
        if grant.access is Access.WRITE:
            bucket.grant_read_write(email)
        else:
            bucket.grant_read(email)


def _purpose(*, is_versioned: bool) -> BucketPurpose:
    return BucketPurpose.RECORD if is_versioned else BucketPurpose.CACHE
