"""For whose declaration something is made: programs that make what a deployment declares say so in a header.

What they make is then told apart from what people make by hand, so that they never take theirs away.
"""

from __future__ import annotations

import re

from fastapi import Request

from karst_platform.cave.errors import CaveError

HEADER = "X-Karst-Declaration"
"""Names the deployment."""
_DEPLOYMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}")


def declaration_of(request: Request, *, is_superadmin: bool) -> str | None:
    """The deployment whose declaration the caller follows; None for what is done by hand.

    Raises CaveError: 403 for all but superadmins, 400 for what is no name of a deployment.
    """
    told = request.headers.get(HEADER)
    if told is None:
        return None
    if not is_superadmin:
        raise CaveError(403, "missing_role", "Only a superadmin changes things in the name of a declaration.")
    if not _DEPLOYMENT.fullmatch(told):
        message = f"{HEADER} names no deployment: write letters, digits, '-', '_' and '.', 120 at the most."
        raise CaveError(400, "bad_request", message)
    return told
