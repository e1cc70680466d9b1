"""Where images of our services are built and kept: sources go in, images come out, and only the builder pushes."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.gcp.artifact_registry import ImageRegistry, ImageRegistryProps
from karst.gcp.bucket import AccessLogs, Bucket, BucketProps, BucketPurpose
from karst.gcp.identity import ProjectRole, WorkloadIdentity, WorkloadIdentityProps
from karst.naming import BUILDER
from karst.protection import Protection

_SOURCES_DAYS = 30
"""A bundle is read once, when its image is built; anybody can make it again from the same commit."""


class Images(Construct):
    """A registry with tags that never move, a bucket of sources, and the one account that builds."""

    registry: ImageRegistry

    def __init__(self, scope: Construct, id: str, blueprint: Blueprint, access_logs: AccessLogs) -> None:
        super().__init__(scope, id)
        gcp, names = blueprint.deployment.gcp, blueprint.names
        builder = WorkloadIdentity(
            self,
            "builder",
            WorkloadIdentityProps(
                account_id=names.service_account_id(BUILDER),
                project=gcp.project,
                description="Builds images of services from their sources",
                project_roles=(ProjectRole.LOG_WRITER,),
            ),
        )
        if names.deployer:
            builder.grant_act_as(names.deployer)
        self.registry = ImageRegistry(
            self,
            "registry",
            ImageRegistryProps(repository_id=names.registry, project=gcp.project, location=gcp.region),
        )
        self.registry.grant_push(builder)
        sources = Bucket(
            self,
            "sources",
            BucketProps(
                name=names.sources_bucket,
                project=gcp.project,
                location=gcp.region,
                purpose=BucketPurpose.EXCHANGE,
                delete_after_days=_SOURCES_DAYS,
                access_logs=access_logs,
                protection=Protection.RELEASED,
            ),
        )
        sources.grant_read(builder)
