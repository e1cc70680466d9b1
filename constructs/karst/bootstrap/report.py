"""What bootstrap says: its plan, where it stands when it is stopped, what is left for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from karst.bootstrap.by_hand import HandStep
from karst.bootstrap.run import Planned, StoppedError
from karst.bootstrap.step import Look, Standing
from karst.config.deployment import Deployment
from karst.naming import DEPLOY, PLAN, Names

_SIGNS = {
    Standing.READY: "=",
    Standing.MISSING: "+",
    Standing.DIFFERS: "~",
    Standing.BLOCKED: "!",
    Standing.UNSEEN: "?",
}
_MOST_DETAILS = 60


def plan_text(deployment: Deployment, planned: Sequence[Planned]) -> str:
    """Every step, how it stands, and what will become of it."""
    lines = [f"{deployment.name} in the project {deployment.gcp.project}:"]
    for one in planned:
        lines.append(f"  {_SIGNS[one.look.standing]} {one.step.name}: {one.look.standing}")
        lines += [f"      {line}" for line in _details(one.look)]
    return "\n".join([*lines, *_left_out(deployment), *_legend(planned)])


def stopped_text(error: StoppedError, made: Sequence[str], deployment: str) -> str:
    """Where it stands."""
    left = ", ".join(step.name for step in error.left) or "nothing"
    return "\n".join(
        [
            f"Stopped at {error.step.name}:",
            *(f"    {line}" for line in str(error).splitlines()),
            f"Made so far: {', '.join(made) or 'nothing'}. It stays.",
            f"Not begun: {left}.",
            f"Then run the same command again, and it goes on from there: karst bootstrap {deployment}",
        ]
    )


def workflows_text(deployment: Deployment) -> str:
    """What workflows write to sign in."""
    if deployment.ci is None:
        return ""
    names = Names(deployment)
    lines = ["Workflows sign in with:"]
    for account in (PLAN, DEPLOY):
        lines += [
            f"  to {account}:",
            f"    workload_identity_provider: {names.identity_provider_path(account)}",
            f"    service_account: {names.service_account(account)}",
        ]
    return "\n".join(lines)


def hand_text(steps: Iterable[HandStep]) -> str:
    """The four steps for people."""
    lines = ["Four steps are yours:"]
    for step in steps:
        lines.append(f"  {step.number}. {step.title}: {step.done}")
        lines += [f"       {line}" for line in step.lines]
    return "\n".join(lines)


def is_open(steps: Iterable[HandStep]) -> bool:
    """Whether people can do something about any of them now, which looking again would find."""
    return any(step.is_waited_for for step in steps)


def _legend(planned: Sequence[Planned]) -> list[str]:
    if all(one.look.standing is not Standing.UNSEEN for one in planned):
        return []
    return ["? can't be seen before what stands above it is made, and is looked at again then."]


def _details(look: Look) -> list[str]:
    shown = list(look.details[:_MOST_DETAILS])
    if len(look.details) > _MOST_DETAILS:
        shown.append(f"and {len(look.details) - _MOST_DETAILS} more")
    return [*shown, *look.remedy.splitlines()]


def _left_out(deployment: Deployment) -> list[str]:
    lines: list[str] = []
    if deployment.state is None:
        lines.append("  No bucket for states: deployment.yaml names none. One person on one machine can do without.")
    if deployment.ci is None:
        lines.append("  No identities for workflows: deployment.yaml names no repository under ci.")
    return lines
