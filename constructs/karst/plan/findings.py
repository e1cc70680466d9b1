"""What deserves a word in a plan, before anybody's approval: losses, doors that open, rights, protection that goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from karst.plan.access import is_access, is_sweeping, made_with_it, widened
from karst.plan.approvals import Approval
from karst.plan.exposure import exposures, is_front_door
from karst.plan.model import Action, Consent, Plan, ResourceChange, Values
from karst.plan.protection import (
    SECRET_VERSION,
    STATEFUL,
    is_abandoned,
    is_grant,
    is_released,
    is_rotation,
    lifted,
    lost_inside,
    protections,
    value_at,
)
from karst.plan.shields import shields_lost

_LOSING = {Action.DELETE: Consent.DELETE, Action.REPLACE: Consent.REPLACE, Action.FORGET: Consent.FORGET}
_BEHIND_THE_EDGE = frozenset({"INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "INGRESS_TRAFFIC_INTERNAL_ONLY"})
_RUN_SERVICE = "google_cloud_run_v2_service"


class Decision(StrEnum):
    """What the guard says about one change that deserves a word."""

    REFUSED = "refused"
    APPROVED = "approved"
    REPORTED = "reported"
    """Allowed, and worth knowing: an object left standing, a secret rotated, data that was released before."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a change would do, what the guard decided, and why."""

    stack: str
    address: str
    action: Action
    consent: Consent
    """What an approval has to say to let it pass."""
    decision: Decision
    why: str
    approval: Approval | None = None


def findings_of(plan: Plan) -> tuple[Finding, ...]:
    """Every change of `plan` that deserves a word, before approvals."""
    holds_protected = is_protected_stack(plan)
    is_first = is_first_deployment(plan)
    found: list[Finding] = []
    for change in plan.changes:
        if not change.is_touched:
            continue
        judged: list[tuple[Consent, Decision, str]] = []
        if change.action in _LOSING and (loss := _judge_loss(change, holds_protected=holds_protected)):
            judged.append((_LOSING[change.action], *loss))
        judged += _judge_loss_inside(change)
        judged += _judge_opening(change, plan, is_first=is_first)
        judged += _judge_shields(change, plan)
        judged += _judge_rights(change, plan, is_first=is_first)
        judged += _judge_lifting(change)
        origin = f"moved here from {change.previous_address}; " if change.previous_address else ""
        found += [_finding(plan, change, consent, decision, origin + why) for consent, decision, why in judged]
    return tuple(found)


def approved(finding: Finding, approval: Approval) -> Finding:
    """The finding, let pass."""
    return replace(finding, decision=Decision.APPROVED, approval=approval)


def is_protected_stack(plan: Plan) -> bool:
    """Whether the state before the plan holds anything protected, in the plan's targets or beside them."""
    before: Iterable[Values] = (*plan.prior, *(change.before for change in plan.changes))
    return any(protections(values) for values in before)


def is_first_deployment(plan: Plan) -> bool:
    """Whether the stack is only now made: nothing of it stood before but what it adopts, and it is more than grants."""
    adopted = sum(change.is_import for change in plan.changes)
    if len(plan.prior) > adopted or any(change.before and not change.is_import for change in plan.changes):
        return False
    return any(change.action is Action.CREATE and not is_access(change.type) for change in plan.changes)


def _finding(plan: Plan, change: ResourceChange, consent: Consent, decision: Decision, why: str) -> Finding:
    return Finding(
        stack=plan.stack, address=change.address, action=change.action, consent=consent, decision=decision, why=why
    )


def _judge_loss(change: ResourceChange, *, holds_protected: bool) -> tuple[Decision, str] | None:
    before = change.before
    context = "left over from an interrupted replacement; " if change.deposed_key else ""
    if held := protections(before):
        return Decision.REFUSED, f"{context}protected in state: {', '.join(held)}"
    if change.action is Action.FORGET or is_abandoned(before):
        return Decision.REPORTED, f"{context}stays in the cloud, and Terraform no longer tracks it"
    if change.is_import:
        return Decision.REFUSED, f"{context}exists in the cloud and would be imported only to be destroyed"
    if is_rotation(
        change.type, before, is_create_first=change.is_create_first, is_leftover=change.deposed_key is not None
    ):
        return Decision.REPORTED, f"{context}secret rotated: the new version is made first, the old one disabled"
    if holds_protected and change.type == SECRET_VERSION:
        return Decision.REFUSED, f"{context}a secret's value would go without a new one standing first"
    if holds_protected and is_grant(change.type):
        return Decision.REFUSED, f"{context}a grant in a stack that holds protected data"
    if change.type in STATEFUL and not is_released(before):
        return Decision.REFUSED, f"{context}it holds data, and nobody has released that (deletion_policy = DELETE)"
    return None


def _judge_opening(change: ResourceChange, plan: Plan, *, is_first: bool) -> Iterator[tuple[Consent, Decision, str]]:
    if change.action not in {Action.CREATE, Action.UPDATE, Action.REPLACE}:
        return
    known = frozenset(exposures(change.type, change.before)) if change.before else frozenset[str]()
    opened = [
        one for one in exposures(change.type, change.after, change.before, unknown=change.unknown) if one not in known
    ]
    if not opened:
        return
    is_expected = is_first and (is_front_door(change.type) or _is_behind_the_edge(change, plan))
    decision = Decision.REPORTED if is_expected else Decision.REFUSED
    yield Consent.EXPOSE, decision, f"strangers could reach it: {', '.join(opened)}"


def _judge_shields(change: ResourceChange, plan: Plan) -> Iterator[tuple[Consent, Decision, str]]:
    if lost := shields_lost(change, plan.changes):
        yield Consent.EXPOSE, Decision.REFUSED, f"strangers could reach more: {', '.join(lost)}"


def _judge_loss_inside(change: ResourceChange) -> Iterator[tuple[Consent, Decision, str]]:
    if change.action is Action.UPDATE and (lost := lost_inside(change.type, change.before, change.after)):
        yield Consent.DELETE, Decision.REFUSED, f"it stays, and a part of what it holds goes: {lost}"


def _judge_rights(change: ResourceChange, plan: Plan, *, is_first: bool) -> Iterator[tuple[Consent, Decision, str]]:
    if not widened(change):
        return
    if (is_first and not is_sweeping(change)) or made_with_it(change, plan.changes):
        return
    yield Consent.GRANT, Decision.REFUSED, "somebody gets rights over what exists"


def _judge_lifting(change: ResourceChange) -> Iterator[tuple[Consent, Decision, str]]:
    if change.action is not Action.UPDATE:
        return
    if gone := lifted(change.type, change.before, change.after):
        # Rules, grants and networks are made again from the configuration; data is not.
        decision = Decision.REPORTED if _is_made_again(change.type, gone) else Decision.REFUSED
        yield Consent.UNPROTECT, decision, f"protection lifted ({', '.join(gone)}): a later plan may delete it"


def _is_made_again(resource_type: str, gone: tuple[str, ...]) -> bool:
    return resource_type not in STATEFUL and gone == ("deletion_policy = PREVENT",)


def _is_behind_the_edge(change: ResourceChange, plan: Plan) -> bool:
    """Whether a Cloud Run service that answers everybody is reached through the load balancer only."""
    if not change.type.startswith(f"{_RUN_SERVICE}_iam_"):
        return False
    name = change.after.get("name")
    services = [one for one in plan.changes if one.type == _RUN_SERVICE and one.after.get("name") == name]
    return bool(services) and all(value_at(one.after, "ingress") in _BEHIND_THE_EDGE for one in services)
