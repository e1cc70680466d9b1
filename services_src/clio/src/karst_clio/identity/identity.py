"""Who calls: the verifiers of tokens in their order, and what is known about whoever they vouch for."""

from __future__ import annotations

import httpx
from fastapi import HTTPException, Request

from karst_clio.caching import Clock
from karst_clio.catalog import Catalog
from karst_clio.identity.credentials import LONGEST_TOKEN, Credential, Place, credential_of
from karst_clio.identity.own_tokens import OwnTokens
from karst_clio.identity.user import Caller, Role, User
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
        self._documents, self._http = documents, http
        self.own_tokens = OwnTokens(settings.signing_keys, clock)

    async def caller(self, request: Request) -> Caller:
        """Whoever calls. Raises HTTPException: 401 where nobody that we know does, 400 where the user is disabled."""
        credential = credential_of(request)
        user = await self._verified(credential) if credential is not None else None
        if user is None and self._settings.test_user:
            user = User(email=self._settings.test_user)
        if user is None:
            raise not_authenticated()
        if user.disabled:
            raise HTTPException(400, "Inactive user")
        if credential is not None and credential.place is Place.COOKIE and not self._may_use_cookie(request):
            raise HTTPException(403, "A page of another origin may not write with this user's cookie.")
        if user.email == self._settings.owner and Role.ADMIN not in user.global_roles:
            user = user.model_copy(update={"global_roles": [*user.global_roles, Role.ADMIN.value]})
        return Caller(user=user, public=await self._catalog.public())

    def _may_use_cookie(self, request: Request) -> bool:
        return may_use_cookie(request, self._settings.listed_origins)

    async def _verified(self, credential: Credential) -> User | None:
        if len(credential.text) > LONGEST_TOKEN:
            return None
        claims = self.own_tokens.verify(credential.text)
        return None if claims is None else User(email=claims.email)
