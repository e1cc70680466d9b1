"""Where container images are kept: built once, named by the hash of their source, pulled by everything that runs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cdktn import ITerraformDependable
from cdktn_provider_google.artifact_registry_repository import (
    ArtifactRegistryRepository,
    ArtifactRegistryRepositoryCleanupPolicies,
    ArtifactRegistryRepositoryCleanupPoliciesCondition,
    ArtifactRegistryRepositoryCleanupPoliciesMostRecentVersions,
    ArtifactRegistryRepositoryDockerConfig,
    ArtifactRegistryRepositoryVulnerabilityScanningConfig,
)
from cdktn_provider_google.artifact_registry_repository_iam_member import ArtifactRegistryRepositoryIamMember
from constructs import Construct

from karst.gcp.members import Grantee, grant_id, member_of, needs_of

_REPOSITORY_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class ImageRegistryProps:
    """One registry for all images of a deployment."""

    repository_id: str
    project: str
    location: str
    """Region the images are kept and pulled in. Fixed."""
    keep_recent: int = 10
    """Images of each service that stay, however old."""
    delete_after_days: int = 90
    """Older images go, unless they are among the recent ones."""
    kms_key_name: str | None = None


class ImageRegistry(Construct):
    """A registry of container images.

    Promises: a tag, once pushed, means the same image for ever; the newest images of each service outlive every
    clean-up; images are scanned for known vulnerabilities; nobody pulls without a grant.
    """

    url: str

    def __init__(self, scope: Construct, id: str, props: ImageRegistryProps) -> None:
        super().__init__(scope, id)
        if not _REPOSITORY_ID.fullmatch(props.repository_id):
            raise ValueError(
                f"repository id {props.repository_id!r} must have 1-63 lower-case letters, digits and hyphens, begin "
                "with a letter and not end with a hyphen"
            )
        if props.keep_recent < 1:
            raise ValueError(f"keep_recent must be at least 1, not {props.keep_recent}: running images must stay")
        self.url = f"{props.location}-docker.pkg.dev/{props.project}/{props.repository_id}"
        self._props = props
        self._repository: ITerraformDependable = ArtifactRegistryRepository(
            self,
            "repository",
            project=props.project,
            location=props.location,
            repository_id=props.repository_id,
            format="DOCKER",
            description="Images of the deployment's services, tagged by the hash of their source",
            docker_config=ArtifactRegistryRepositoryDockerConfig(immutable_tags=True),
            vulnerability_scanning_config=ArtifactRegistryRepositoryVulnerabilityScanningConfig(
                enablement_config="INHERITED"
            ),
            cleanup_policy_dry_run=False,
            cleanup_policies=[
                ArtifactRegistryRepositoryCleanupPolicies(
                    id="delete-old",
                    action="DELETE",
                    condition=ArtifactRegistryRepositoryCleanupPoliciesCondition(
                        older_than=f"{props.delete_after_days * _DAY_S}s"
                    ),
                ),
                ArtifactRegistryRepositoryCleanupPolicies(
                    id="keep-recent",
                    action="KEEP",
                    most_recent_versions=ArtifactRegistryRepositoryCleanupPoliciesMostRecentVersions(
                        keep_count=props.keep_recent
                    ),
                ),
            ],
            kms_key_name=props.kms_key_name,
        )

    def grant_pull(self, grantee: Grantee) -> None:
        """Let `grantee` run the images."""
        self._grant("pull", grantee, "roles/artifactregistry.reader")

    def grant_push(self, grantee: Grantee) -> None:
        """Let `grantee` add images; it can neither replace nor delete any."""
        self._grant("push", grantee, "roles/artifactregistry.writer")

    def _grant(self, permission: str, grantee: Grantee, role: str) -> None:
        ArtifactRegistryRepositoryIamMember(
            self,
            grant_id(permission, grantee),
            project=self._props.project,
            location=self._props.location,
            repository=self._props.repository_id,
            role=role,
            member=member_of(grantee),
            depends_on=[self._repository, *needs_of(grantee)],
        )
