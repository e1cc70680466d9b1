"""A part of a cluster with rules of its own: what it refuses to run, and no connection that nobody named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cdktn import ITerraformDependable
from cdktn_provider_kubernetes.default_service_account_v1 import (
    DefaultServiceAccountV1,
    DefaultServiceAccountV1Metadata,
)
from cdktn_provider_kubernetes.namespace_v1 import NamespaceV1, NamespaceV1Metadata
from constructs import Construct

from karst.kubernetes.network_policy import NetworkPolicy, NetworkPolicyProps
from karst.kubernetes.privileges import PodSecurity

_POD_SECURITY = "pod-security.kubernetes.io"


@dataclass(frozen=True, kw_only=True)
class NamespaceProps:
    """Its name and what it refuses."""

    name: str
    level: PodSecurity = PodSecurity.RESTRICTED
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


class Namespace(Construct):
    """Refuses pods that ask for more than its level allows, and every connection that nobody named.

    The account that Kubernetes makes in each namespace gets no token, so a pod that names none is nobody.
    """

    name: str
    ready: tuple[ITerraformDependable, ...]
    """What stands in the namespace waits for it, and for the policy that closes it."""

    def __init__(self, scope: Construct, id: str, props: NamespaceProps) -> None:
        super().__init__(scope, id)
        if props.name == "default":
            raise ValueError("the namespace 'default' is where forgotten things end up. Give this one a name")
        self.name = props.name
        levels = {f"{_POD_SECURITY}/{mode}": props.level.value for mode in ("audit", "enforce", "warn")}
        namespace = NamespaceV1(
            self,
            "namespace",
            metadata=[NamespaceV1Metadata(name=props.name, labels=dict(sorted((dict(props.labels) | levels).items())))],
        )
        closed = NetworkPolicy(
            self,
            "closed",
            NetworkPolicyProps(namespace=props.name, name="default-deny", labels={}, waits_for=(namespace,)),
        )
        DefaultServiceAccountV1(
            self,
            "nobody",
            metadata=DefaultServiceAccountV1Metadata(namespace=props.name),
            automount_service_account_token=False,
            depends_on=[namespace],
        )
        self.ready = (namespace, closed.policy)
