"""A Terraform plan as data: which objects it would create, change, replace, delete or let go of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"
Values: TypeAlias = Mapping[str, JsonValue]
"""The attributes of one object."""


class Consent(StrEnum):
    """What needs to be approved by name before it is applied."""

    DELETE = "delete"
    REPLACE = "replace"
    FORGET = "forget"
    EXPOSE = "expose"
    """Somebody on the internet could reach it who could not before."""
    GRANT = "grant"
    """Somebody may do more than before."""
    UNPROTECT = "unprotect"
    """What keeps its data from being lost is switched off."""


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
    unknown: JsonValue = False
    """In the shape of `after`: true where the cloud decides on a value only while the plan is applied."""
    before_sensitive: JsonValue = False
    """In the shape of `before`: true where the provider marks a value as secret."""
    after_sensitive: JsonValue = False

    @property
    def is_touched(self) -> bool:
        """Whether applying does anything to the object."""
        return self.action not in {Action.NO_OP, Action.READ}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What Terraform would do to one stack."""

    stack: str
    changes: tuple[ResourceChange, ...]
    prior: tuple[Values, ...]
    """Attributes of every object in the state before the plan, those outside the plan's targets included."""
    is_applicable: bool
    """Whether applying would do anything at all, a change of outputs or addresses included."""
