"""Resources that existed before Karst: `imports` of a deployment become Terraform's `import` blocks.

A plan shows what taking them over would change; nothing is made twice. Once applied, the entries may go.
"""

from __future__ import annotations

from collections.abc import Iterable

from karst.addresses import kind_of, resource_addresses
from karst.app import SynthesisError
from karst.config.deployment import ResourceImport
from karst.config.errors import did_you_mean, show
from karst.stack import KarstStack


def apply_imports(deployment: str, stacks: Iterable[KarstStack], imports: Iterable[ResourceImport]) -> None:
    """Write an `import` block into the stack of each entry.

    Raises `SynthesisError` for a stack or an address that the deployment doesn't declare, and for
    one address named twice.
    """
    by_name = {stack.node.id: stack for stack in stacks}
    blocks: dict[str, list[dict[str, str]]] = {}
    for index, entry in enumerate(imports):
        place = f"environments/{deployment}/deployment.yaml: imports[{index}]"
        if entry.stack not in by_name:
            remedy = did_you_mean(entry.stack, by_name, "The deployment's stacks are")
            raise SynthesisError(f"{place}.stack: {show(entry.stack)} is no stack of {show(deployment)}. {remedy}")
        _check_address(place, entry, by_name[entry.stack])
        listed = blocks.setdefault(entry.stack, [])
        if any(block["to"] == entry.address for block in listed):
            raise SynthesisError(
                f"{place}.address: {show(entry.address)} is imported twice. Take one of the entries out."
            )
        listed.append({"to": entry.address, "id": entry.id})
    for name, listed in blocks.items():
        by_name[name].add_override("import", listed)


def _check_address(place: str, entry: ResourceImport, stack: KarstStack) -> None:
    kind = kind_of(entry.address)
    alike = resource_addresses(stack, {kind})
    if entry.address in alike:
        return
    remedy = did_you_mean(entry.address, alike or resource_addresses(stack), f"It declares of {kind}")
    raise SynthesisError(f"{place}.address: {show(entry.stack)} declares no {show(entry.address)}. {remedy}")
