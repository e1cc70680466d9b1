"""Which verifier vouches for a token: ours and Google by its signature, the gateway for every other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import httpx

from karst_clio.caching import Clock, TimedCache
from karst_clio.identity.credentials import Credential, is_token
from karst_clio.identity.gateway import Gateway
from karst_clio.identity.google_tokens import GoogleTokens
from karst_clio.identity.own_tokens import OwnTokens
from karst_clio.identity.sealing import Sealing
from karst_clio.identity.user import User
from karst_clio.settings import ClioSettings

_KEEP_S = 600
_MOST_KEPT = 4096


@dataclass(frozen=True, kw_only=True)
class Vouched:
    """What a verifier says about a token."""

    email: str
    issued_s: float | None = None
    end_s: float | None = None
    claims: tuple[tuple[str, str | bool], ...] = ()
    """What Google said."""
    gateway_token: str | None = field(default=None, repr=False)
    user: User | None = None
    """Who it is, where the gateway knows; else the store does."""

    @property
    def is_signed(self) -> bool:
        """Whether the token is a JWT, which lives until its end unless its user ends it earlier."""
        return self.end_s is not None


class NobodyVouchesError(Exception):
    """No verifier knows the token."""


class Verifiers:
    """All that a deployment uses. Tokens of ours and of Google are checked once in ten minutes."""

    def __init__(self, settings: ClioSettings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._clock = clock
        self.own = OwnTokens(settings.signing_keys, clock)
        self.sealing = Sealing(settings.signing_keys) if settings.signing_keys else None
        self.gateway = Gateway(settings.gateway_url, http, clock) if settings.gateway_url is not None else None
        # Beside a gateway Google's tokens count only where audiences say whose; a gateway knows who may come.
        uses_google = self.gateway is None or bool(settings.google_audiences)
        self._google = GoogleTokens(http, settings.google_audiences, clock) if uses_google else None
        self._signed: TimedCache[bytes, Vouched] = TimedCache(keep_s=_KEEP_S, size=_MOST_KEPT, clock=clock)

    async def vouch(self, credential: Credential, *, is_fresh: bool) -> Vouched | None:
        """Who the token stands for, or None. `is_fresh` asks the gateway anew."""
        text = credential.text
        if not is_token(text):
            return None
        if text.count(".") != 2:  # no JWT, so it's the gateway's or nobody's
            return await self._by_gateway(text, is_fresh=is_fresh)
        try:
            signed = await self._signed.get(credential.digest, lambda: self._signature(text))
        except NobodyVouchesError:
            return await self._by_gateway(text, is_fresh=is_fresh)
        if signed.end_s is not None and signed.end_s <= self._clock():
            return None
        if self.gateway is None or signed.gateway_token is None:
            return signed
        by_gateway = await self._by_gateway(signed.gateway_token, is_fresh=is_fresh)
        if by_gateway is None or by_gateway.email.lower() != signed.email.lower():
            return None
        return replace(by_gateway, issued_s=signed.issued_s, end_s=signed.end_s)

    def forget(self) -> None:
        """Check and ask again the next time."""
        self._signed.clear()
        if self.gateway is not None:
            self.gateway.forget()

    async def _signature(self, text: str) -> Vouched:
        own = self.own.verify(text)
        if own is not None:
            sealed = own.sealed if self.sealing is not None else None
            gateway_token = self.sealing.open(sealed) if self.sealing is not None and sealed is not None else None
            return Vouched(
                email=own.email,
                issued_s=own.issued_s,
                end_s=own.end_s,
                claims=own.copied,
                gateway_token=gateway_token,
            )
        google = await self._google.verify(text) if self._google is not None else None
        if google is None:
            raise NobodyVouchesError
        return Vouched(email=google.email, issued_s=google.issued_s, end_s=google.end_s, claims=google.copied)

    async def _by_gateway(self, token: str, *, is_fresh: bool) -> Vouched | None:
        if self.gateway is None:
            return None
        user = await self.gateway.user(token, is_fresh=is_fresh)
        return None if user is None else Vouched(email=user.email, gateway_token=token, user=user)
