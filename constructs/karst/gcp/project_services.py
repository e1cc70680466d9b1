"""The Google APIs that a project must have switched on before anything else can be made in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cdktn import TerraformResource
from cdktn_provider_google.project_service import ProjectService
from constructs import Construct

from karst.config.types import Manage
from karst.project_facts import CAVE_AND_CLIO


@dataclass(frozen=True, kw_only=True)
class ProjectServicesProps:
    """Which APIs to switch on, and whether it is this deployment that does."""

    project: str
    services: Collection[str] = CAVE_AND_CLIO
    """Short names: `run` stands for `run.googleapis.com`."""
    manage: Manage = Manage.CREATE
    """A project has its APIs once: exactly one of the deployments that share it may create them."""


class ProjectServices(Construct):
    """The APIs a deployment calls.

    Never switches one off: that would delete what other users of the project hold in it.
    """

    ready: TerraformResource | None
    """Stands once all of them are on: what a new project's first resources wait for. None if others manage the APIs."""

    def __init__(self, scope: Construct, id: str, props: ProjectServicesProps) -> None:
        super().__init__(scope, id)
        if props.manage is Manage.EXISTING:
            self.ready = None
            return
        services = [
            ProjectService(
                self,
                name,
                project=props.project,
                service=f"{name}.googleapis.com",
                disable_on_destroy=False,
                disable_dependent_services=False,
            )
            for name in sorted(props.services)
        ]
        # Not the toolkit's DataResource: it runs `terraform version` at synthesis, which needs no Terraform otherwise.
        self.ready = TerraformResource(
            self, "ready", terraform_resource_type="terraform_data", depends_on=list(services)
        )
