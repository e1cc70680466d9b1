"""One unit of deployment: a set of Google Cloud resources that are planned, applied and kept in one state together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cdktn import GcsBackend, LocalBackend
from cdktn_provider_google.provider import GoogleProvider
from constructs import Construct

from karst.path_named_stack import PathNamedStack
from karst.protection import Protection


@dataclass(frozen=True, kw_only=True)
class StateLocation:
    """The bucket that keeps what Terraform knows about a deployment; each stack has a folder of its own in it."""

    bucket: str
    prefix: str
    """Folder inside the bucket, without the stack's name: the stack appends its own id."""


@dataclass(frozen=True, kw_only=True)
class StackProps:
    """Where a stack's resources live, and how firmly they are held."""

    project: str
    region: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Put on every resource that can carry labels."""
    state: StateLocation | None = None
    """Without one, state is a file beside the synthesized stacks: fine for one person, never for a team."""
    protection: Protection = Protection.PROTECTED


class KarstStack(PathNamedStack):
    """A stack with its provider, its state and readable, stable resource addresses.

    A resource's address is its construct path, `database/instance` becoming `database__instance`, so moving a file or
    upgrading the toolkit moves nothing in the cloud. Renaming a construct does: addresses of what holds data are pinned
    by a test.
    """

    protection: Protection

    def __init__(self, scope: Construct, id: str, props: StackProps) -> None:
        super().__init__(scope, id)
        self.protection = props.protection
        GoogleProvider(
            self,
            "google",
            project=props.project,
            region=props.region,
            default_labels=dict(sorted(props.labels.items())),
            deletion_policy=props.protection.deletion_policy,
        )
        if props.state is None:
            # Relative to the stack's own folder, cdktf.out/stacks/<id>: an absolute path would differ by machine.
            LocalBackend(self, path=f"../../../state/{id}.tfstate")
        else:
            GcsBackend(self, bucket=props.state.bucket, prefix=f"{props.state.prefix.strip('/')}/{id}")
