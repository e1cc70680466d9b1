"""The addresses under which Terraform keeps the resources of a stack."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from cdktn import TerraformResource

from karst.stack import KarstStack


def resource_addresses(stack: KarstStack, kinds: Collection[str] | None = None) -> frozenset[str]:
    """Addresses of what `stack` declares so far, such as `google_storage_bucket.storage__dump__bucket`.

    With `kinds` (`google_storage_bucket`), of those only: each address that is not asked for saves a call into the
    toolkit.
    """
    resources = [element for element in stack.node.find_all() if isinstance(element, TerraformResource)]
    return frozenset(
        f"{kind}.{element.friendly_unique_id}"
        for element in resources
        if (kind := _kind(element)) and (kinds is None or kind in kinds)
    )


def kind_of(address: str) -> str:
    """The kind of resource that an address names."""
    return address.partition(".")[0]


def _kind(element: TerraformResource) -> str:
    return _kind_of_class(type(element)) or element.terraform_resource_type


@cache
def _kind_of_class(made: type[TerraformResource]) -> str | None:
    # The plain TerraformResource, for kinds without bindings, is told its kind when it is made.
    kind: str | None = getattr(made, "TF_RESOURCE_TYPE", None)
    return kind
