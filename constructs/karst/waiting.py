"""What must stand before what inside one stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def wait_for(document: Mapping[str, Any], gate: str) -> None:
    """Let every resource of a stack's document be made after `gate`, a resource's address, and what that waits for.

    `node.add_dependency` of constructs says nothing to Terraform: the toolkit writes only what a resource itself
    depends on. What already waits for another resource is left as it is, for that one waits for the gate. Done on the
    document, for asking the toolkit for the dependencies of each resource takes a tenth of a synthesis.
    """
    resources: Mapping[str, Mapping[str, dict[str, Any]]] = document["resource"]
    kind, _, name = gate.partition(".")
    earlier = {gate, *resources[kind][name].get("depends_on", ())}
    for kind, named in resources.items():
        for name, body in named.items():
            if f"{kind}.{name}" not in earlier:
                body.setdefault("depends_on", [gate])
