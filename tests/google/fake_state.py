"""What the fake of Google's APIs holds, and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Answer = tuple[int, Any]

PROJECT, NUMBER = "lab-cave", "123456789012"
_ALWAYS_ON = {"serviceusage", "storage", "resolver", "accounts"}


class RefusedError(Exception):
    """An error as Google's newer APIs write it."""

    def __init__(self, status: int, code: str, message: str, details: list[Json] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"error": {"code": status, "message": message, "status": code, "details": details or []}}


class ObjectRefusedError(RefusedError):
    """An error as Cloud Storage writes it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(status, "", message)
        errors = [{"message": message, "domain": "global", "reason": reason}]
        self.body = {"error": {"code": status, "message": message, "errors": errors}}


@dataclass
class World:
    """One project, and the names of the whole world."""

    apis: set[str] = field(default_factory=lambda: {"serviceusage", "storage"})
    denied: set[str] = field(default_factory=set)
    """Permissions that whoever is signed in does not have."""
    unknown: set[str] = field(default_factory=set)
    """Permissions that Google knows no more."""
    unsupported: set[str] = field(default_factory=set)
    """Permissions that no role of a project's own may have."""
    buckets: dict[str, Json] = field(default_factory=dict)
    objects: dict[str, Json] = field(default_factory=dict)
    """`bucket/name` to the content, parsed."""
    accounts: dict[str, Json] = field(default_factory=dict)
    pools: dict[str, Json] = field(default_factory=dict)
    """Pools and their providers, by path."""
    roles: dict[str, Json] = field(default_factory=dict)
    policies: dict[str, Json] = field(default_factory=dict)
    operations: dict[str, int] = field(default_factory=dict)
    """Questions until an operation is done."""
    zones: dict[str, Json] = field(default_factory=dict)
    delegated: dict[str, list[str]] = field(default_factory=dict)
    secrets: dict[str, str | None] = field(default_factory=dict)
    redirects: dict[str, set[str]] = field(default_factory=dict)
    """Client id to its registered addresses."""
    certificates: dict[str, Json] = field(default_factory=dict)
    quotas: dict[str, float] = field(default_factory=dict)

    def check_api(self, api: str) -> None:
        if api not in _ALWAYS_ON and api not in self.apis:
            service = f"{api}.googleapis.com"
            info = {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "SERVICE_DISABLED",
                "domain": "googleapis.com",
                "metadata": {"service": service, "consumer": f"projects/{NUMBER}"},
            }
            said = f"{service} has not been used in project {NUMBER} before or it is disabled."
            raise RefusedError(403, "PERMISSION_DENIED", said, [info])

    def check_permission(self, permission: str) -> None:
        if permission in self.denied:
            raise RefusedError(
                403, "PERMISSION_DENIED", f"Permission '{permission}' denied on resource (or it may not exist)."
            )

    def policy(self, place: str) -> Json:
        return self.policies.setdefault(place, {"version": 1, "etag": "0", "bindings": []})

    def write_policy(self, place: str, policy: Json) -> Json:
        before = self.policy(place)
        if policy.get("etag") != before["etag"]:
            raise RefusedError(409, "ABORTED", "There were concurrent policy changes.")
        bindings = policy.get("bindings", [])
        if any("condition" in one for one in bindings) and policy.get("version") != 3:
            raise RefusedError(400, "INVALID_ARGUMENT", "Policies with conditions have version 3.")
        for one in bindings:
            for member in one["members"]:
                kind, _, email = member.partition(":")
                is_ours = kind == "serviceAccount" and email.endswith(f"@{PROJECT}.iam.gserviceaccount.com")
                if is_ours and email not in self.accounts:
                    raise RefusedError(400, "INVALID_ARGUMENT", f"Service account {email} does not exist.")
        self.policies[place] = {**policy, "etag": str(int(before["etag"]) + 1)}
        return self.policies[place]

    def held(self, place: str) -> set[tuple[str, str, str]]:
        """Role, member and condition of all that a policy says."""
        return {
            (one["role"], member, one.get("condition", {}).get("expression", ""))
            for one in self.policy(place)["bindings"]
            for member in one["members"]
        }
