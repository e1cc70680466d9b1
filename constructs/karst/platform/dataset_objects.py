"""A dataset's own bucket (edges, components, meshes) and its tables of image signatures."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.dataset import Dataset
from karst.config.service_needs import Access, Scope
from karst.config.types import Kind
from karst.derived.access import store_grants
from karst.gcp.bigquery import ImageSearch, ImageSearchProps
from karst.gcp.bucket import AccessLogs, Bucket, BucketProps, BucketPurpose, CorsRule, ExistingBucket, PublicAccess
from karst.platform.storage import grant_objects
from karst.protection import Protection


class DatasetObjects(Construct):
    """The bucket of a dataset that has graphs; viewers read meshes from it where the dataset is public."""

    def __init__(
        self, scope: Construct, id: str, blueprint: Blueprint, dataset: Dataset, protection: Protection
    ) -> None:
        super().__init__(scope, id)
        if dataset.graphs and blueprint.has(Kind.LOCAL):
            grants = store_grants(blueprint.workloads, Scope.DATASET)
            bucket = self._bucket(blueprint, dataset, protection)
            grant_objects(bucket, blueprint.emails, grants.get(("objects", "graph"), ()))

    def _bucket(self, blueprint: Blueprint, dataset: Dataset, protection: Protection) -> Bucket | ExistingBucket:
        deployment, names = blueprint.deployment, blueprint.names
        name = names.dataset_bucket(dataset)
        if dataset.bucket.manage == "existing":
            return ExistingBucket(self, "bucket", name)
        origins = sorted({f"https://{host}" for host in deployment.hosts} | set(deployment.cors.origins))
        public = dataset.public
        return Bucket(
            self,
            "bucket",
            BucketProps(
                name=name,
                project=deployment.gcp.project,
                location=dataset.bucket.location or deployment.gcp.region,
                purpose=BucketPurpose.RECORD,
                cors=[
                    CorsRule(
                        origins=["*"] if public else origins,
                        methods=("GET", "HEAD", "OPTIONS"),
                        response_headers=("Content-Type", "Range"),
                    )
                ],
                access_logs=AccessLogs(bucket=names.bucket("logs"), prefix=name),
                public=PublicAccess(reason=public.reason) if public else None,
                protection=protection,
            ),
        )


class DatasetSearch(Construct):
    """Image signatures of a dataset, for places that look alike."""

    def __init__(
        self, scope: Construct, id: str, blueprint: Blueprint, dataset: Dataset, protection: Protection
    ) -> None:
        super().__init__(scope, id)
        if not (blueprint.has(Kind.CLIO) and dataset.clio is not None and dataset.clio.search is not None):
            return
        gcp = blueprint.deployment.gcp
        search = ImageSearch(
            self,
            "signatures",
            ImageSearchProps(
                dataset_id=blueprint.names.search_dataset(dataset),
                project=gcp.project,
                location=gcp.region,
                protection=protection,
            ),
        )
        for grant in store_grants(blueprint.workloads, Scope.DATASET).get(("analytics", "search"), ()):
            email = blueprint.emails[grant.workload]
            if grant.access is Access.WRITE:
                search.grant_write(email)
            else:
                search.grant_read(email)
