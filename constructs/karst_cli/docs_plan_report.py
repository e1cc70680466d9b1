"""The reference page of plan reports: what needs an approval, whose values are shown, what costs."""

from __future__ import annotations

from collections.abc import Iterator

from karst.plan.cost import DRIVERS
from karst.plan.model import Consent
from karst.plan.protection import STATEFUL
from karst.plan.shown_values import SHOWN

_NEEDS = {
    Consent.DELETE: "Deleting what its state protects, what holds data and was not released, a secret's only version, "
    "column families of a table, and grants beside protected data.",
    Consent.REPLACE: "Replacing the same: a new, empty object takes its place.",
    Consent.FORGET: "Letting go of what is protected: it stays in the cloud, and nobody cares for it.",
    Consent.UNPROTECT: "Switching off protection from deletion, versions, backups or point-in-time recovery; keeping "
    "any of them for a shorter time; rules that delete more; `force_destroy`; releasing data by "
    "`deletion_policy = DELETE`; data that ends by itself.",
    Consent.GRANT: "A new or wider grant on what exists, a login, a key, a federation that trusts others, a role with "
    "more permissions, entries of old lists of access, keys to machines. Not what a stack's first "
    "deployment declares, but for owners, editors and administrators of a whole project, nor grants on what the same "
    "plan makes.",
    Consent.EXPOSE: "`allUsers` and `allAuthenticatedUsers`, public addresses, doors open to every address, public "
    "access no longer prevented, Cloud Run reached past the load balancer; Cloud Armor, sign-in, encryption, denials "
    "and network policies that go. Not a load balancer's addresses in its "
    "stack's first deployment, nor Cloud Run services that are reached only through it.",
}


def plan_report_page(note: str) -> str:
    """Write the page."""
    return "\n".join(_lines(note))


def _lines(note: str) -> Iterator[str]:
    yield from ("# Plan reports", "", note, "")
    yield "What `karst plan-report`, `karst guard` and `cdktf` go by."
    yield "[How to review a plan](../how-to/review-and-approve-a-plan.md) says how to use them."
    yield from ("", "## What needs an approval by name", "", "| `action` | For |", "| --- | --- |")
    yield from (f"| `{consent.value}` | {_NEEDS[consent]} |" for consent in Consent)
    yield from ("", "What is known only while a plan is applied counts as the worst that it could be.", "")
    yield (
        "These types hold data, or what can't be made again: "
        + ", ".join(f"`{kind}`" for kind in sorted(STATEFUL))
        + "."
    )
    yield from ("", "## Whose values are shown", "")
    yield "A report names attributes that change. It shows values of these alone, if they look as such values do, and"
    yield "true and false of any; keys of maps are counted, members of grants and keys of instances left out:"
    yield from ("", ", ".join(f"`{name}`" for name in sorted(SHOWN)) + ".", "")
    yield from ("## What the monthly bill depends on", "")
    yield "No prices: they differ by region and contract."
    yield "A report tells of each of these that a plan makes, changes or takes away."
    yield from ("", "| Type | What is paid for | Attribute | What it decides |", "| --- | --- | --- | --- |")
    for kind, (whole, attributes) in DRIVERS.items():
        yield f"| `{kind}` | {whole} | | |"
        yield from (f"| | | `{path}` | {what} |" for path, what in attributes.items())
    yield ""
