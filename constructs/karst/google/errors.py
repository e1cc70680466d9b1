"""What goes wrong between Karst and Google's APIs, in words for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

SIGN_IN = "gcloud auth application-default login"
_MOST_CHARS = 300
_TOO_OFTEN = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "RATE_LIMIT_EXCEEDED"})


class GoogleError(Exception):
    """Google could not be asked, or said no; the message says why and what to do."""


class SignInError(GoogleError):
    """There are no credentials, or none that Google still takes."""


class UnreachableError(GoogleError):
    """Nobody answered, however often it was tried."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What an answer says about why it is none."""

    status: int
    code: str = ""
    """Such as `PERMISSION_DENIED`; empty where an API gives none."""
    reason: str = ""
    """More exactly, such as `SERVICE_DISABLED`."""
    message: str = ""
    service: str = ""
    """The API that it is about, such as `iam.googleapis.com`."""

    @property
    def is_api_off(self) -> bool:
        """Whether the project has this API switched off."""
        return self.reason in {"SERVICE_DISABLED", "accessNotConfigured"}

    @property
    def is_too_often(self) -> bool:
        """Whether the same may be asked again a while later."""
        return self.status == 429 or self.reason in _TOO_OFTEN

    @property
    def is_passing(self) -> bool:
        """Whether trying again may help."""
        return self.is_too_often or self.status in {408, 500, 502, 503, 504}


class RefusedError(GoogleError):
    """Google answered, and the answer is no."""

    def __init__(self, doing: str, refusal: Refusal) -> None:
        self.refusal: Refusal = refusal
        said = f"{refusal.status}: {refusal.message or 'no reason given'}"
        super().__init__(f"Google refused to {doing} ({said}). {_remedy(refusal)}.")


def parse_refusal(status: int, text: str) -> Refusal:
    """Read an answer's error, in any of the shapes that Google's APIs have."""
    try:
        answer = as_mapping(json.loads(text or "{}"))
    except ValueError:
        answer = {}
    error = answer.get("error")
    if not isinstance(error, dict):
        said = answer.get("error_description") or error or text
        return Refusal(status=status, message=printable(str(said)))
    told = as_mapping(error)
    details = [as_mapping(one) for one in as_list(told.get("details"))]
    info = next((one for one in details if str(one.get("@type", "")).endswith("ErrorInfo")), {})
    older = as_mapping(next(iter(as_list(told.get("errors"))), {}))
    return Refusal(
        status=status,
        code=str(told.get("status", "")),
        reason=str(info.get("reason") or older.get("reason") or ""),
        message=printable(str(told.get("message", ""))),
        service=printable(str(as_mapping(info.get("metadata")).get("service", ""))),
    )


def printable(text: str) -> str:
    """Words of others as they may stand in a message of ours: one line, not too long, nothing that moves a cursor."""
    line = " ".join(text.split())
    safe = "".join(letter if letter.isprintable() else "?" for letter in line)
    return safe if len(safe) <= _MOST_CHARS else f"{safe[: _MOST_CHARS - 3]}..."


def as_mapping(value: object) -> Mapping[str, object]:
    """A JSON object, empty where it is something else."""
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """A JSON array, empty where it is something else."""
    return cast("list[object]", value) if isinstance(value, list) else []


def _remedy(refusal: Refusal) -> str:
    if refusal.is_api_off:
        api = refusal.service or "the API"
        return f"Switch the API on: gcloud services enable {api}, and wait some minutes"
    if refusal.is_too_often:
        return "A quota of the project is used up. Wait some minutes, then run the same command again"
    if refusal.is_passing:
        return "That is Google's trouble. Run the same command again later"
    return {
        401: f"The credentials are not valid. Run: {SIGN_IN}",
        403: "Have somebody who owns the project grant you what is missing",
        404: "Check the names in deployment.yaml",
        409: "Somebody else changes it at this moment. Run the same command again",
        412: "Somebody else changes it at this moment. Run the same command again",
    }.get(refusal.status, "Check the values in deployment.yaml")
