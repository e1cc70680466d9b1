"""One unit of deployment: a set of Google Cloud resources that are planned, applied and kept in one state together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cdktn import GcsBackend, LocalBackend, TerraformElement, TerraformStack
from cdktn_provider_google.provider import GoogleProvider
from constructs import Construct, Node

from karst.protection import Protection

_LOGICAL_ID = re.compile(r"[a-z_][a-z0-9_]*")


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


class KarstStack(TerraformStack):
    """A stack with its provider, its state and readable, stable resource addresses.

    A resource's address is its construct path, `database/instance` becoming `database__instance`, so moving a file or
    upgrading the toolkit moves nothing in the cloud. Renaming a construct does: addresses of what holds data are pinned
    by a test.
    """

    protection: Protection

    def __init__(self, scope: Construct, id: str, props: StackProps) -> None:
        super().__init__(scope, id)
        self.protection = props.protection
        self._path_prefix = f"{self.node.path}/"
        self._paths_by_logical_id: dict[str, str] = {}
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

    def _allocate_logical_id(self, tf_element: Node | TerraformElement) -> str:
        # An element's text is its path: asking for the node first would double the calls into the toolkit.
        whole = tf_element.to_string() if isinstance(tf_element, TerraformElement) else tf_element.path
        path = whole.removeprefix(self._path_prefix)
        logical_id = path.replace("/", "__").replace("-", "_")
        if not _LOGICAL_ID.fullmatch(logical_id):
            raise ValueError(
                f"construct {path!r} cannot name a resource: write its id in lower-case letters, digits, '-' and '_', "
                "beginning with a letter"
            )
        owner = self._paths_by_logical_id.setdefault(logical_id, path)
        if owner != path:
            raise ValueError(
                f"constructs {owner!r} and {path!r} both become the address {logical_id!r}: rename one of them"
            )
        return logical_id
