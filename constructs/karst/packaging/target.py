"""Where the images of a deployment are built and kept."""

from __future__ import annotations

from dataclasses import dataclass

from karst.config.deployment import Deployment
from karst.naming import Names
from karst.packaging.image import image_reference


@dataclass(frozen=True, kw_only=True)
class BuildTarget:
    """The project, region, registry, bucket of sources and builder's account that a build uses."""

    project: str
    region: str
    repository: str
    bucket: str
    service_account: str

    def image(self, service: str, tag: str) -> str:
        """Give the address under which a service's image is pushed and pulled."""
        return image_reference(f"{self.region}-docker.pkg.dev/{self.project}/{self.repository}", service, tag)


def build_target(deployment: Deployment) -> BuildTarget:
    """Derive it from the deployment's configuration; the foundation stack makes all of it."""
    names = Names(deployment)
    project = deployment.gcp.project
    return BuildTarget(
        project=project,
        region=deployment.gcp.region,
        repository=names.registry,
        bucket=names.sources_bucket,
        service_account=names.builder,
    )
