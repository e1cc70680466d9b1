"""What a program is told when it starts: plain settings, and references to secrets. Never a secret itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SECRET_NAME_ENDINGS = frozenset({"PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIALS", "APIKEY"})
_KEY_KINDS = frozenset({"API", "ACCESS", "PRIVATE", "SECRET", "SIGNING", "CSRF", "AUTH"})
_FILE = re.compile(r"(/[A-Za-z_.][A-Za-z0-9_.-]*){2,}\.[a-z]{2,4}")
"""Where a secret stands is none: `/run/secrets/client.json`."""
_SECRET_VALUES = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")),
    ("an address with a password", re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE)),
    ("a connection string with a password", re.compile(r"\bpassword\s*=\s*\S", re.IGNORECASE)),
    ("a service-account key", re.compile(r'"private_key"')),
    ("a signed token", re.compile(r"\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*")),
    ("a Google API key or access token", re.compile(r"\b(AIza[\w-]{30,}|ya29\.[\w-]+|GOCSPX-[\w-]+)")),
    ("a token of a code host or a chat", re.compile(r"\b(gh[pousr]_\w{20,}|github_pat_\w+|xox[abpr]-[\w-]+)")),
)
NUL = "\0"
"""The one character that ends a text wherever programs are started."""
SET_BY_CLOUD_RUN = frozenset({"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"})
"""Variables that Cloud Run gives a value, so that nobody else may."""


@dataclass(frozen=True, kw_only=True)
class SecretRef:
    """One version of a secret in Secret Manager."""

    secret: str
    """Its id, or its full name where it belongs to another project."""
    version: str = "latest"
    """Read when an instance starts; running instances keep what they read."""


@dataclass(frozen=True, kw_only=True)
class SecretFile:
    """A secret that a program reads from a file: `directory`/`file_name`. One directory holds one secret."""

    directory: str
    file_name: str
    ref: SecretRef


def check_literals(program: str, env: Mapping[str, str]) -> None:
    """Refuse a setting of `program` that looks like a secret, by its name or by its value, and one with a NUL.

    The message never repeats the value.
    """
    for name, value in sorted(env.items()):
        if NUL in value:
            raise ValueError(f"{program}: the setting {name} holds a NUL character, at which it would end: take it out")
        kind = secret_kind(name, value)
        if kind is not None:
            raise ValueError(
                f"{program}: the setting {name} {kind}: put the value into Secret Manager and refer to it in secret_env"
            )


def check_names(program: str, env: Mapping[str, str], secret_env: Mapping[str, SecretRef]) -> None:
    """Refuse names that no program can read, that Cloud Run sets itself, or that are given twice."""
    for name in sorted({*env, *secret_env}):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError(f"{program}: {name!r} cannot be the name of a setting: write letters, digits and '_'")
        if name in SET_BY_CLOUD_RUN:
            raise ValueError(f"{program}: {name} is set by Cloud Run: leave it out")
    both = sorted(env.keys() & secret_env.keys())
    if both:
        raise ValueError(f"{program}: {', '.join(both)} given both as a setting and as a secret: keep one")


def check_image(program: str, image: str) -> None:
    """Refuse an image whose content may change under its name."""
    name, _, digest = image.partition("@sha256:")
    _, _, tag = name.rpartition("/")[2].partition(":")
    if not digest and tag in {"", "latest"}:
        raise ValueError(
            f"{program}: the image {image!r} may change under its name: give the tag that `karst build` printed, or a "
            "digest"
        )


def secret_kind(name: str, value: str) -> str | None:
    """Say why a setting looks like a secret, as the end of a sentence about it; `None` where it does not."""
    if not value:
        return None
    words = [] if _FILE.fullmatch(value) else name.upper().split("_")
    if words and words[-1] in _SECRET_NAME_ENDINGS:
        return "is named like a secret"
    if len(words) > 1 and words[-1] == "KEY" and words[-2] in _KEY_KINDS:
        return "is named like a secret"
    for kind, pattern in _SECRET_VALUES:
        if pattern.search(value):
            return f"holds {kind}"
    return None
