"""All checks of a deployment, in the order in which one finding explains the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from karst.config.loader import Environment
from karst.doctor import names, project, states
from karst.doctor.finding import Finding, Findings, Severity, guarded, unchecked
from karst.google.client import GoogleApi

OK, ERRORS, UNUSABLE_INPUT, UNCHECKED = 0, 1, 2, 3

Check = Callable[[GoogleApi, Environment, Mapping[str, Environment]], Findings]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("APIs", lambda api, of, _: project.apis(api, of.deployment)),
    ("permissions", lambda api, of, _: project.permissions(api, of.deployment)),
    ("state bucket", lambda api, of, _: states.state_bucket(api, of.deployment)),
    ("orphaned states", states.orphans),
    ("workflows", lambda api, of, _: project.workflows(api, of.deployment)),
    ("quotas", project.quotas),
    ("delegation", lambda api, of, _: names.delegation(api, of.deployment)),
    ("certificates", lambda api, of, _: names.certificates(api, of.deployment)),
    ("OAuth client", lambda api, of, _: names.oauth_client(api, of.deployment)),
)
"""What needs somebody who is signed in."""


def examine(api: GoogleApi, of: Environment, environments: Mapping[str, Environment]) -> list[Finding]:
    """Look at everything of one deployment in the cloud."""
    return [
        finding for name, check in CHECKS for finding in guarded(name, lambda check=check: check(api, of, environments))
    ]


def nothing_seen(why: str) -> list[Finding]:
    """What every check in the cloud says where nobody is signed in."""
    return [unchecked(name, why) for name, _ in CHECKS]


def status(findings: Findings) -> int:
    """Exit status: 1 where anything is wrong, else 3 where anything could not be looked at, else 0."""
    severities = {finding.severity for finding in findings}
    if Severity.ERROR in severities:
        return ERRORS
    return UNCHECKED if Severity.UNCHECKED in severities else OK
