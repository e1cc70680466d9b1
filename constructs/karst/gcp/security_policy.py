"""What the edge refuses before any service sees it: known attacks, and clients that ask far too often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network

from cdktn_provider_google.compute_security_policy import (
    ComputeSecurityPolicy,
    ComputeSecurityPolicyAdvancedOptionsConfig,
    ComputeSecurityPolicyRule,
    ComputeSecurityPolicyRuleMatch,
    ComputeSecurityPolicyRuleMatchConfig,
    ComputeSecurityPolicyRuleMatchExpr,
    ComputeSecurityPolicyRuleRateLimitOptions,
    ComputeSecurityPolicyRuleRateLimitOptionsRateLimitThreshold,
)
from constructs import Construct

_TRUSTED_PRIORITY = 90_000
_RATE_LIMIT_PRIORITY = 100_000
_DEFAULT_PRIORITY = 2_147_483_647
_FIRST_RULE_PRIORITY = 1_000


class AttackSignatures(StrEnum):
    """Google's sets of patterns, each looked for in addresses, headers and the beginning of bodies.

    Where the order of a set changes, so do priorities; the sets are therefore numbered by their place here.
    """

    KNOWN_VULNERABILITIES = "cve-canary"
    """Exploits of single, widely used programs, log4shell among them. Practically free of false alarms."""
    SCANNERS = "scannerdetection-v33-stable"
    SESSION_FIXATION = "sessionfixation-v33-stable"
    SQL_INJECTION = "sqli-v33-stable"
    SCRIPT_INJECTION = "xss-v33-stable"
    LOCAL_FILES = "lfi-v33-stable"
    REMOTE_CODE = "rce-v33-stable"


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """How often one client may ask. A client is an address, so a lab behind one NAT counts as one."""

    requests: int = 6_000
    per_s: int = 60
    """One of the intervals that Cloud Armor counts in, from 10 to 3600 seconds."""


@dataclass(frozen=True, kw_only=True)
class SecurityPolicyProps:
    """What is refused, and what is only logged so that one can see whether refusing it would hurt."""

    name: str
    project: str
    enforced: Sequence[AttackSignatures] = (AttackSignatures.KNOWN_VULNERABILITIES, AttackSignatures.SCANNERS)
    previewed: Sequence[AttackSignatures] = (
        AttackSignatures.SESSION_FIXATION,
        AttackSignatures.SQL_INJECTION,
        AttackSignatures.SCRIPT_INJECTION,
        AttackSignatures.LOCAL_FILES,
        AttackSignatures.REMOTE_CODE,
    )
    """Bodies of this platform hold viewer states, queries and free text, which these sets mistake for attacks."""
    rate_limit: RateLimit = RateLimit()
    allowed: Sequence[str] = ()
    """Address ranges that get in, at most ten; everybody where none is named."""
    trusted: Sequence[str] = ()
    """Address ranges that get in whoever else does, and are never told to wait; at most ten."""


_MOST_RANGES = 10
_INTERVALS_S = (10, 30, 60, 120, 180, 240, 300, 600, 900, 1200, 1800, 2700, 3600)


class SecurityPolicy(Construct):
    """A Cloud Armor policy for the back ends of a load balancer.

    Promises: log4shell and its like get 403 whatever else is configured; a client over its limit gets 429 until it
    slows down, unless it is trusted; where ranges are named, all others get 403; previewed sets refuse nothing.
    """

    self_link: str

    def __init__(self, scope: Construct, id: str, props: SecurityPolicyProps) -> None:
        super().__init__(scope, id)
        _check(props)
        policy = ComputeSecurityPolicy(
            self,
            "policy",
            name=props.name,
            project=props.project,
            type="CLOUD_ARMOR",
            advanced_options_config=ComputeSecurityPolicyAdvancedOptionsConfig(json_parsing="STANDARD"),
            rule=[*_signature_rules(props), *_trusted_rules(props), _rate_limit_rule(props), _default_rule(props)],
        )
        self.self_link = policy.self_link


def _check(props: SecurityPolicyProps) -> None:
    if AttackSignatures.KNOWN_VULNERABILITIES not in props.enforced:
        raise ValueError(
            f"security policy {props.name!r} must enforce {AttackSignatures.KNOWN_VULNERABILITIES.value}: it stops "
            "log4shell"
        )
    both = sorted(set(props.enforced) & set(props.previewed))
    if both:
        raise ValueError(f"security policy {props.name!r} both enforces and previews {', '.join(both)}: keep one")
    if props.rate_limit.per_s not in _INTERVALS_S:
        raise ValueError(
            f"security policy {props.name!r}: per_s must be one of {', '.join(map(str, _INTERVALS_S))}, not "
            f"{props.rate_limit.per_s}"
        )
    for verb, ranges in (("allows", props.allowed), ("trusts", props.trusted)):
        if len(ranges) > _MOST_RANGES:
            raise ValueError(
                f"security policy {props.name!r} {verb} {len(ranges)} address ranges: at most {_MOST_RANGES} fit a rule"
            )
    if any(ip_network(one).prefixlen == 0 for one in props.trusted):
        raise ValueError(f"security policy {props.name!r} trusts everybody, so that its limit would hold nobody back")
    if not 1 <= props.rate_limit.requests <= 10_000:
        raise ValueError(
            f"security policy {props.name!r}: requests must be from 1 to 10000, not {props.rate_limit.requests}"
        )


def _signature_rules(props: SecurityPolicyProps) -> list[ComputeSecurityPolicyRule]:
    wanted = {*props.enforced, *props.previewed}
    return [
        ComputeSecurityPolicyRule(
            action="deny(403)",
            priority=_FIRST_RULE_PRIORITY + place,
            description=signatures.name.lower().replace("_", " "),
            preview=signatures in props.previewed,
            match=ComputeSecurityPolicyRuleMatch(
                expr=ComputeSecurityPolicyRuleMatchExpr(expression=_expression(signatures))
            ),
        )
        for place, signatures in enumerate(AttackSignatures)
        if signatures in wanted
    ]


def _expression(signatures: AttackSignatures) -> str:
    # Sensitivity 1 is a set's surest patterns only. One set has no levels; policy scanners know this spelling of it.
    if signatures is AttackSignatures.KNOWN_VULNERABILITIES:
        return f"evaluatePreconfiguredExpr('{signatures.value}')"
    return f"evaluatePreconfiguredWaf('{signatures.value}', {{'sensitivity': 1}})"


def _trusted_rules(props: SecurityPolicyProps) -> list[ComputeSecurityPolicyRule]:
    if not props.trusted:
        return []
    return [
        ComputeSecurityPolicyRule(
            action="allow",
            priority=_TRUSTED_PRIORITY,
            description="pods of our own deployments",
            match=_clients(props.trusted),
        )
    ]


def _rate_limit_rule(props: SecurityPolicyProps) -> ComputeSecurityPolicyRule:
    limit = props.rate_limit
    return ComputeSecurityPolicyRule(
        action="throttle",
        priority=_RATE_LIMIT_PRIORITY,
        description="requests of one client",
        match=_clients(props.allowed or ("*",)),
        rate_limit_options=ComputeSecurityPolicyRuleRateLimitOptions(
            # Not the forwarded address: a client can write there what it likes.
            enforce_on_key="IP",
            conform_action="allow",
            exceed_action="deny(429)",
            rate_limit_threshold=ComputeSecurityPolicyRuleRateLimitOptionsRateLimitThreshold(
                count=limit.requests, interval_sec=limit.per_s
            ),
        ),
    )


def _default_rule(props: SecurityPolicyProps) -> ComputeSecurityPolicyRule:
    return ComputeSecurityPolicyRule(
        action="deny(403)" if props.allowed else "allow",
        priority=_DEFAULT_PRIORITY,
        description="everything else",
        match=_clients(("*",)),
    )


def _clients(ranges: Sequence[str]) -> ComputeSecurityPolicyRuleMatch:
    return ComputeSecurityPolicyRuleMatch(
        versioned_expr="SRC_IPS_V1", config=ComputeSecurityPolicyRuleMatchConfig(src_ip_ranges=list(ranges))
    )
