"""Who calls: what the verifiers vouch for, joined with what is known about the user."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import httpx
from fastapi import HTTPException, Request

from karst_clio.caching import Clock
from karst_clio.catalog import Catalog
from karst_clio.identity.credentials import Place, credential_of
from karst_clio.identity.gateway import Gateway
from karst_clio.identity.records import Records
from karst_clio.identity.user import Caller, Role, User
from karst_clio.identity.verifiers import Verifiers, Vouched
from karst_clio.settings import ClioSettings
from karst_clio.web.errors import not_authenticated
from karst_clio.web.origins import may_use_cookie
from karst_platform.stores.documents import Documents


class Identity:
    """Knows callers by their tokens."""

    def __init__(
        self, *, settings: ClioSettings, documents: Documents, http: httpx.AsyncClient, clock: Clock, catalog: Catalog
    ) -> None:
        self._settings, self._catalog = settings, catalog
        self._verifiers = Verifiers(settings, http, clock)
        self.records = Records(documents, clock)

    @property
    def gateway(self) -> Gateway | None:
        """The auth gateway, where the deployment has one; users and roles stand there then."""
        return self._verifiers.gateway

    async def caller(self, request: Request, *, is_fresh: bool = False) -> Caller:
        """Whoever calls. Raises HTTPException: 401 where nobody that we know does, 400 where the user is disabled."""
        credential = credential_of(request)
        vouched = await self._verifiers.vouch(credential, is_fresh=is_fresh) if credential is not None else None
        caller = await self._known(vouched) if vouched is not None else None
        if caller is None and self._settings.test_user:
            credential = None
            caller = await self._known(Vouched(email=self._settings.test_user))
        if caller is None:
            raise not_authenticated()
        if caller.user.disabled:
            raise HTTPException(400, "Inactive user")
        is_by_cookie = credential is not None and credential.place is Place.COOKIE
        if is_by_cookie and not may_use_cookie(request, self._settings.listed_origins):
            text = (
                "With a cookie alone only pages of this server, or of an origin that ALLOWED_ORIGINS names, may write. "
                "Programs say Content-Type: application/json, or send the token in a header."
            )
            raise HTTPException(403, text)
        return caller

    async def token_for(self, caller: Caller) -> object:
        """A long-lived token for the caller: ours where there is a key, else the gateway's. 400 without either."""
        own, sealing = self._verifiers.own, self._verifiers.sealing
        if sealing is not None:
            token = caller.gateway_token
            sealed = {"gateway": sealing.seal(token)} if token is not None else {}
            return own.sign(caller.email, dict(caller.claims) | sealed)
        if self.gateway is not None and caller.gateway_token is not None:
            return await self.gateway.create_token(caller.gateway_token)
        raise HTTPException(400, "This server makes no tokens: set its key, FLYEM_SECRET.")

    async def members(self, caller: Caller, groups: Iterable[str]) -> frozenset[str]:
        """E-mails of all members of these groups, asked for at the same time."""
        gateway, token = self.gateway, caller.gateway_token
        if gateway is None:
            found = await asyncio.gather(*(self.records.members(group) for group in groups))
        elif token is not None:
            found = await asyncio.gather(*(gateway.members(group, token) for group in groups))
        else:
            found = []
        return frozenset().union(*found)

    def forget(self) -> None:
        """Ask again for users, groups and tokens."""
        self.records.forget()
        self._verifiers.forget()

    async def _known(self, vouched: Vouched) -> Caller | None:
        """The user as the gateway knows it, else the store; None where the user has ended the token."""
        if vouched.user is not None and not vouched.is_signed:
            return await self._caller(vouched.user, vouched)
        record = await self.records.get(vouched.email)
        if vouched.is_signed and record.ends(vouched.issued_s):
            return None
        return await self._caller(vouched.user or _with_face(record.user, dict(vouched.claims)), vouched)

    async def _caller(self, user: User, vouched: Vouched) -> Caller:
        owner = self._settings.owner
        if owner is not None and user.email.lower() == owner.lower() and Role.ADMIN not in user.global_roles:
            user = user.model_copy(update={"global_roles": [*user.global_roles, Role.ADMIN.value]})
        return Caller(
            user=user,
            public=await self._catalog.public(),
            gateway_token=vouched.gateway_token,
            claims=vouched.claims,
        )


def _with_face(user: User, claims: dict[str, str | bool]) -> User:
    """Name and picture that Google told, where the store has none."""
    known = {name: claims[name] for name in ("name", "picture") if isinstance(claims.get(name), str)}
    missing = {name: value for name, value in known.items() if getattr(user, name) is None}
    return user.model_copy(update=missing) if missing else user
