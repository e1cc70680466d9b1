"""What differs between two syntheses of a deployment: stack by stack, resource by resource, attribute by attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.attributes import REMARKS, differing
from tests.examples import ExampleStack

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What differs in a stack that stands before and after."""

    added: frozenset[str]
    """Addresses."""
    removed: frozenset[str]
    changed: Mapping[str, Mapping[str, tuple[object, object]]]
    """By address, the attributes with their values before and after; None where there is none.

    Blocks that are no resources count as one with their name: `provider`.
    """


def differences(
    before: Mapping[str, ExampleStack], after: Mapping[str, ExampleStack], *, common: bool = False
) -> dict[str, Difference]:
    """Every stack that differs; both deployments must have the same stacks, unless `common` ones are asked for."""
    assert common or before.keys() == after.keys()
    found = {name: _difference(before[name].content, after[name].content) for name in before.keys() & after.keys()}
    return {name: one for name, one in sorted(found.items()) if one.added or one.removed or one.changed}


def parts(content: Json) -> dict[str, Json]:
    """Resources of a stack by address, and its other blocks by name, without the toolkit's remarks."""
    resources = {
        f"{kind}.{name}": body for kind, bodies in content.get("resource", {}).items() for name, body in bodies.items()
    }
    others = {name: block for name, block in content.items() if name not in {"resource", REMARKS}}
    return resources | others


def _difference(before: Json, after: Json) -> Difference:
    old, new = parts(before), parts(after)
    changed = {address: differing(old[address], new[address]) for address in sorted(old.keys() & new.keys())}
    return Difference(
        added=frozenset(new.keys() - old.keys()),
        removed=frozenset(old.keys() - new.keys()),
        changed={address: attributes for address, attributes in changed.items() if attributes},
    )
