"""How Terraform reaches a cluster: through Google's Connect Gateway, under a name that is known before it exists.

The token is ephemeral: asked for while Terraform runs, kept in no plan and no state. Nothing is read from the cluster
to find it, so stacks inside a cluster can be planned before there is one.
"""

from __future__ import annotations

from cdktn import TerraformStack
from cdktn_provider_google.ephemeral_google_client_config import EphemeralGoogleClientConfig
from cdktn_provider_helm.provider import HelmProvider, HelmProviderKubernetes
from cdktn_provider_kubernetes.provider import KubernetesProvider

_CREDENTIALS = "credentials"
_WRITTEN_BY_GOOGLE = (r"^cloud\.google\.com/neg-status$",)
"""What the cluster notes on objects of ours; every plan would take it away again."""


def add_kubernetes_provider(stack: TerraformStack, endpoint: str) -> None:
    """Let the stack declare Kubernetes objects in the cluster at `endpoint` (`Names.cluster_endpoint`)."""
    KubernetesProvider(
        stack, "kubernetes", host=endpoint, token=_token(stack), ignore_annotations=list(_WRITTEN_BY_GOOGLE)
    )


def add_helm_provider(stack: TerraformStack, endpoint: str) -> None:
    """Let the stack install charts in the cluster at `endpoint` (`Names.cluster_endpoint`)."""
    HelmProvider(stack, "helm", kubernetes=HelmProviderKubernetes(host=endpoint, token=_token(stack)))


def _token(stack: TerraformStack) -> str:
    """The token of whoever runs Terraform; the stack asks for it once."""
    known = stack.node.try_find_child(_CREDENTIALS)
    if not isinstance(known, EphemeralGoogleClientConfig):
        known = EphemeralGoogleClientConfig(stack, _CREDENTIALS)
    return known.access_token
