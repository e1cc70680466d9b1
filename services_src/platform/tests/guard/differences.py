"""Where our guard answers otherwise than the published library: what it answers, and why; there is nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services_src.platform.tests.guard.people import SUPERADMIN, token
from services_src.platform.tests.guard.table import READER_TOKEN

Told = Mapping[str, Any]

_REALM = "https://g.example.org/sticky_auth/api/v1/authorize"
_COOKIE = f"middle_auth_token={READER_TOKEN}; Secure; HttpOnly; Path=/; SameSite=Lax"
_NO_TOKEN = {
    "status": 401,
    "challenge": f'Bearer realm="{_REALM}"',
    "body": {"error": "no_token", "message": "Unauthorized - No Token Provided"},
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What ours answers, with which status theirs does, and why."""

    ours: Told
    their_status: int
    reason: str


def _user(number: int) -> Told:
    return {"status": 200, "body": {"id": number, "token": token(number)}}


_FOREIGN = (
    "A page of a foreign origin could act for whoever visits it: the cookie counts for our pages and listed ones."
)
_UNVALIDATED = "A link with a token could sign people in as somebody else: a token is no cookie before it is known."

DIFFERENCES: Mapping[str, Difference] = {
    "cookie, foreign page": Difference(ours=_NO_TOKEN, their_status=200, reason=_FOREIGN),
    "cookie, nameless page": Difference(ours=_NO_TOKEN, their_status=200, reason=_FOREIGN),
    "cookie, POST without an origin": Difference(
        ours={
            "status": 403,
            "body": {
                "error": "unknown_origin",
                "message": "A cookie alone changes nothing: "
                "send the token as Authorization: Bearer, or from our own pages.",
            },
        },
        their_status=200,
        reason="Browsers say from where a form comes; programs have headers. What says nothing may be forged.",
    ),
    "unknown query, browser": Difference(
        ours={"status": 302, "location": f"{_REALM}?redirect=https%3A//x.example.org/in%3Fx%3D1"},
        their_status=302,
        reason=_UNVALIDATED,
    ),
    "public root, unknown query": Difference(
        ours={"status": 200, "body": {"id": 0, "token": None}}, their_status=302, reason=_UNVALIDATED
    ),
    "query, browser": Difference(
        ours={
            "status": 302,
            "location": "https://x.example.org/in?x=1&middle_auth_url=g&y=a%20b",
            "cookie": _COOKIE,
        },
        their_status=302,
        reason="The cookie is not sent from other sites; what else the address says stays as it was written.",
    ),
    "public root, query": Difference(
        ours={"status": 302, "location": "https://x.example.org/root/stack/864", "cookie": _COOKIE},
        their_status=302,
        reason="The cookie is not sent from other sites.",
    ),
    "empty query": Difference(
        ours={"status": 302, "location": f"{_REALM}?redirect=https%3A//x.example.org/in%3Fx%3D1"},
        their_status=302,
        reason="No address that we send people to ever names a token, not even an empty one.",
    ),
    "dataset admin as superadmin": Difference(
        ours=_user(SUPERADMIN.id),
        their_status=403,
        reason="Superadmins make dataset admins: to keep them out only made them add themselves.",
    ),
}


def _without_issuer(told: Told) -> object:
    """Ours names the server that knows no such token: tokens of another deployment are a common mistake."""
    return {**told, "body": {key: value for key, value in told["body"].items() if key != "data"}}


def _message(told: Told) -> object:
    """Theirs is a text where clients expect an object; what it says and its status are the same."""
    return told["status"], told["body"]["message"] if isinstance(told["body"], dict) else told["body"]


SAME_IN_OTHER_WORDS: Mapping[str, Callable[[Told], object]] = {
    "header of an unknown token": _without_issuer,
    "unknown header before cookie": _without_issuer,
    "unknown cookie, program": _without_issuer,
    "unknown query, page": _without_issuer,
    "superadmin as another": _message,
    "member of nothing": _message,
}
