"""Recognizes failures that have nothing to do with the stack at hand: credentials, and the bucket of the state."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIGN_IN = "Sign in: gcloud auth application-default login"
_WITHOUT = "To see a plan without credentials and without the state: cdktf diff STACK --without-state"
_NO_CREDENTIALS = re.compile(r"could not find default credentials|No credentials loaded")
_BAD_CREDENTIALS = re.compile(r"Error 401|invalid_grant|invalid_rapt|oauth2: |credentials file|parse .*credentials")
_STATE = re.compile(r"Cloud Storage|storage: |storage\.googleapis\.com")
_FORBIDDEN = re.compile(r"Error 403|not have storage\.\w+\.\w+ access")
_ABSENT = re.compile(r"bucket doesn't exist|Error 404")
_UNREACHABLE = re.compile(r"dial tcp|no such host|connection refused|i/o timeout|TLS handshake")


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why Terraform failed, where every other stack fails for the same reason."""

    problem: str
    remedies: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((self.problem, *self.remedies))


def diagnose(said: str, bucket: str | None) -> Cause | None:
    """Recognize in Terraform's words a cause outside of the stack; `bucket` is the one that holds the stack's state."""
    if _NO_CREDENTIALS.search(said):
        return Cause(problem="There are no Google Cloud credentials on this machine.", remedies=(_SIGN_IN, _WITHOUT))
    if _BAD_CREDENTIALS.search(said):
        return Cause(problem="Google does not accept the credentials of this machine.", remedies=(_SIGN_IN, _WITHOUT))
    if bucket is None or not _STATE.search(said):
        return None
    if _FORBIDDEN.search(said):
        return _forbidden(bucket)
    if _ABSENT.search(said):
        return _absent(bucket)
    return unreachable(bucket, "see below") if _UNREACHABLE.search(said) else None


def unreachable(bucket: str, reason: str) -> Cause:
    """Say that nobody answers where the state lies."""
    return Cause(
        problem=f"The bucket of the state, gs://{bucket}, cannot be reached ({reason}).",
        remedies=("Check the network and HTTPS_PROXY, then run the same command again.", _WITHOUT),
    )


def _forbidden(bucket: str) -> Cause:
    grant = (
        f"gcloud storage buckets add-iam-policy-binding gs://{bucket} --member=user:YOU --role=roles/storage.objectUser"
    )
    return Cause(
        problem=f"Whoever is signed in may not use the bucket of the state, gs://{bucket}.",
        remedies=(
            f"{_SIGN_IN} (with an account that may)",
            f"Or have its owner run: {grant}",
            "Or correct state.bucket in the deployment's deployment.yaml.",
            _WITHOUT,
        ),
    )


def _absent(bucket: str) -> Cause:
    return Cause(
        problem=f"The bucket of the state, gs://{bucket}, does not exist.",
        remedies=(
            "Make it: karst bootstrap DEPLOYMENT",
            "Or correct state.bucket in the deployment's deployment.yaml.",
            _WITHOUT,
        ),
    )
