"""What every stack of a deployment shares: where it stands, its labels, its state."""

from __future__ import annotations

from karst.blueprint import Blueprint
from karst.protection import Protection
from karst.stack import StackProps, StateLocation


def stack_props(blueprint: Blueprint, protection: Protection) -> StackProps:
    """Project, region, labels and state of a stack of this deployment."""
    deployment = blueprint.deployment
    state = deployment.state
    return StackProps(
        project=deployment.gcp.project,
        region=deployment.gcp.region,
        labels={"deployment": deployment.name, "managed-by": "karst", **deployment.labels},
        state=StateLocation(bucket=state.bucket, prefix=f"{state.prefix}/{deployment.name}") if state else None,
        protection=protection,
    )
