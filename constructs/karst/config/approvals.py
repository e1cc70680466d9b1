"""Written consent to lose, open or give away something: `approvals.yaml` of a deployment, read by the plan guard."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from karst.config.base import Model
from karst.config.errors import show

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: object) -> object:
    """A day as it stands in YAML, where it is text."""
    if value is None or isinstance(value, date):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError(f"{show(value)} is no day. Write year, month and day with dashes, such as 2026-12-31")


class ApprovalEntry(Model):
    """One object of one stack, and the one thing that may happen to it."""

    address: Annotated[str, StringConstraints(pattern=r"^[a-z][A-Za-z0-9_]*\.[^*?]+$")] = Field(
        description="The object, in full; the guard prints it.",
        examples=["google_storage_bucket.storage__dump__bucket"],
    )
    stack: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")] = Field(
        description="The stack that holds it.", examples=["demo-foundation"]
    )
    action: Literal["delete", "replace", "forget", "unprotect", "grant", "expose"] = Field(
        description="What may happen to it: `delete`; `replace` by a new, empty one; `forget`, which leaves it in "
        "the cloud with nobody to care for it; `unprotect`, which switches off protection, versions or backups; "
        "`grant`, which gives somebody more rights; `expose`, which opens it to the internet.",
        examples=["delete"],
    )
    reason: Annotated[str, StringConstraints(pattern=r"\S", max_length=500)] = Field(
        description="Why, for who reviews the change and who reads the report.", examples=["moved to another project"]
    )
    until: Annotated[date | None, BeforeValidator(_day)] = Field(
        default=None,
        description="Last day on which it counts; without one, until it is taken out.",
        examples=["2026-12-31"],
    )


def _each_once(entries: tuple[ApprovalEntry, ...]) -> tuple[ApprovalEntry, ...]:
    """Else it would be left to chance whose last day counts."""
    named = [(one.stack, one.address, one.action) for one in entries]
    for index, (stack, address, action) in enumerate(named):
        if (stack, address, action) in named[:index]:
            raise ValueError(f"name the {action} of {show(address)} in {stack} twice. Keep one of the two")
    return entries


class Approvals(Model):
    """What the plan guard may let pass. An entry is taken out once it is applied."""

    approvals: Annotated[tuple[ApprovalEntry, ...], AfterValidator(_each_once)] = Field(
        description="One entry for each object and what may happen to it.",
        examples=[
            [
                {
                    "address": "google_storage_bucket.storage__dump__bucket",
                    "stack": "demo-foundation",
                    "action": "delete",
                    "reason": "moved to another project",
                }
            ]
        ],
    )
