"""Plans written by hand, for what would take a provider's account to record."""

from __future__ import annotations

import json
from typing import Any

from karst.plan.model import Plan
from karst.plan.reader import parse_plan

Json = dict[str, Any]

STANDING = {"address": "google_service_account.other", "values": {"name": "other"}}
"""Something that was there before, so that a plan is no first deployment."""


def entry(address: str, actions: str, before: Json | None = None, after: Json | None = None, **more: object) -> Json:
    """One change; `actions` as Terraform writes them, with a slash between."""
    kind, _, name = address.partition(".")
    body: Json = {"actions": actions.split("/"), "before": before, "after": after}
    for key in ("after_unknown", "before_sensitive", "after_sensitive", "importing"):
        if key in more:
            body[key] = more.pop(key)
    return {"address": address, "type": kind, "name": name, "change": body, **more}


def document(*entries: Json, is_new: bool = False) -> Json:
    """A plan of these changes."""
    prior = [] if is_new else [STANDING]
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "resource_changes": list(entries),
        "prior_state": {"values": {"root_module": {"resources": prior}}},
    }


def plan(*entries: Json, stack: str = "demo", is_new: bool = False) -> Plan:
    return parse_plan(json.dumps(document(*entries, is_new=is_new)), stack=stack, source=stack)
