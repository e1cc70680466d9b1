"""Tokens that show that a form was made by a page of ours, for whoever sends it.

They are signed with what only the browser and we have: the caller's own token, or a key in a cookie. So every replica
can check them, none keeps anything, and they end when the sign-in does.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

FIELD = "csrf_token"
"""Name of the hidden field."""
_PURPOSE = b"karst csrf "
_NONCE_CHARACTERS = 16


def csrf_token(key: str) -> str:
    """Make a token for whoever has this key, another one each time: compressed answers tell nobody anything of it."""
    nonce = secrets.token_hex(_NONCE_CHARACTERS // 2)
    return nonce + _signature(key, nonce)


def is_csrf_token(key: str, value: str) -> bool:
    """Whether it was made for whoever has this key."""
    nonce, signature = value[:_NONCE_CHARACTERS], value[_NONCE_CHARACTERS:]
    return bool(key) and hmac.compare_digest(signature.encode(errors="replace"), _signature(key, nonce).encode())


def _signature(key: str, nonce: str) -> str:
    return hmac.new(key.encode(), _PURPOSE + nonce.encode(errors="replace"), sha256).hexdigest()
