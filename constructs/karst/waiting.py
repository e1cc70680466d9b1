"""What must stand before what inside one stack."""

from __future__ import annotations

from collections.abc import Iterable

from cdktn import TerraformResource
from constructs import Construct


def wait_for(first: TerraformResource, parts: Iterable[Construct]) -> None:
    """Let every resource below `parts` be made after `first`.

    `node.add_dependency` of constructs says nothing to Terraform: the toolkit writes only what a resource itself
    depends on. What already waits for another resource of `parts` is left as it is, for that one waits for `first`.
    """
    address = f"{first.terraform_resource_type}.{first.friendly_unique_id}"
    for part in parts:
        for element in part.node.find_all():
            if isinstance(element, TerraformResource) and not element.depends_on:
                element.depends_on = [address]
