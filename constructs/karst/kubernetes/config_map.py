"""Files that are no secret, which pods mount."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdktn import ITerraformDependable
from cdktn_provider_kubernetes.config_map_v1 import ConfigMapV1, ConfigMapV1Metadata
from constructs import Construct

from karst.gcp.environment import NUL, secret_kind
from karst.kubernetes.literal import literal

_MOST_BYTES = 1_000_000
"""Kubernetes takes 1 MiB, names and all."""


@dataclass(frozen=True, kw_only=True)
class ConfigMapProps:
    """The files by name.

    Raises `ValueError` where one looks like it holds a secret, where one holds a NUL, and where they are too large.
    """

    namespace: str
    name: str
    files: Mapping[str, str]
    waits_for: Sequence[ITerraformDependable] = ()

    def __post_init__(self) -> None:
        size = sum(len(name) + len(text.encode()) for name, text in self.files.items())
        if size > _MOST_BYTES:
            raise ValueError(
                f"the files of {self.name} have {size} bytes, and a ConfigMap holds {_MOST_BYTES}. Shorten them, or "
                "divide what they describe over several deployments"
            )
        for name, text in sorted(self.files.items()):
            if NUL in text:
                raise ValueError(f"{self.name}: the file {name} holds a NUL character and so is no text: take it out")
            kind = secret_kind("", text)
            if kind is not None:
                raise ValueError(f"{self.name}: the file {name} {kind}: leave a mark for it and fill it in the pod")


class ConfigMap(Construct):
    """Files for pods. Mounted as a folder they follow changes within a minute; mounted one by one they don't."""

    name: str
    map: ITerraformDependable

    def __init__(self, scope: Construct, id: str, props: ConfigMapProps) -> None:
        super().__init__(scope, id)
        self.name = props.name
        self.map = ConfigMapV1(
            self,
            "map",
            metadata=ConfigMapV1Metadata(name=props.name, namespace=props.namespace),
            data={name: literal(text) for name, text in sorted(props.files.items())},
            depends_on=list(props.waits_for) or None,
        )


def content_hash(files: Mapping[str, str]) -> str:
    """Equal for equal files; on a pod, it replaces the pod when they change."""
    return hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()[:16]
