"""A Terraform plan as data: which objects it would create, change, replace, delete or let go of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"
Values: TypeAlias = Mapping[str, JsonValue]
"""The attributes of one object."""


class Action(StrEnum):
    """What happens to one object."""

    NO_OP = "no-op"
    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    FORGET = "forget"
    """Terraform no longer tracks the object, and leaves it as it is."""


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """One object of a plan, changed or not."""

    address: str
    type: str
    """Of the resource: `google_storage_bucket`."""
    action: Action
    is_create_first: bool
    """Of a replacement: whether the new object stands before the old one goes."""
    before: Values
    """Attributes in state before the plan; empty for a new object."""
    after: Values
    deposed_key: str | None
    """Set for what is left of an interrupted replacement: the old object, which the plan deletes."""
    previous_address: str | None
    """Set where the object moved inside the configuration, which touches nothing in the cloud."""
    is_import: bool
    """Whether the object exists in the cloud and enters the state with this plan."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What Terraform would do to one stack."""

    stack: str
    changes: tuple[ResourceChange, ...]
    prior: tuple[Values, ...]
    """Attributes of every object in the state before the plan, those outside the plan's targets included."""
    is_applicable: bool
    """Whether applying would do anything at all, a change of outputs or addresses included."""
