"""The addresses under which Terraform keeps the resources of a stack."""

from __future__ import annotations

from cdktn import TerraformResource

from karst.stack import KarstStack


def resource_addresses(stack: KarstStack) -> frozenset[str]:
    """Addresses of everything that `stack` declares so far, such as `google_storage_bucket.storage__dump__bucket`."""
    return frozenset(
        f"{element.terraform_resource_type}.{element.friendly_unique_id}"
        for element in stack.node.find_all()
        if isinstance(element, TerraformResource)
    )
