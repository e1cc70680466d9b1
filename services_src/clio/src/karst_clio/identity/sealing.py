"""The gateway's token inside ours, unreadable for whoever sees ours.

Our token lives longer than what we remember, and roles stand with the gateway: so ours carries the gateway's along.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

_PURPOSE = b"karst clio: a token of the gateway in a token of the service"


class Sealing:
    """Seals with the first key, opens with all of them. The keys are derived: signatures tell nothing about them."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._fernet = MultiFernet([Fernet(_derived(key)) for key in keys])

    def seal(self, token: str) -> str:
        """`token`, unreadable."""
        return self._fernet.encrypt(token.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """The token, or None where none of the keys sealed it."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except (InvalidToken, ValueError):
            return None


def _derived(key: SecretStr) -> bytes:
    secret = key.get_secret_value().encode()
    return urlsafe_b64encode(HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret))
