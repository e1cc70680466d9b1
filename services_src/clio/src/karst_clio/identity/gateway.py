"""The auth gateway: knows users, their roles in datasets and their groups, by tokens of its own."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

import httpx
from fastapi import HTTPException

from karst_clio.caching import Clock, TimedCache
from karst_clio.identity.credentials import digest_of
from karst_clio.identity.own_tokens import is_address
from karst_clio.identity.records import KEEP_S
from karst_clio.identity.user import Role, User

SERVICE = "clio"
_TIMEOUT_S = 10
_LOGOUT_TIMEOUT_S = 5
_MOST_TOKENS = 4096
_MOST_GROUPS = 1024
_ROLE_OF = {"view": Role.GENERAL, "edit": Role.WRITE}
_log = logging.getLogger(__name__)


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """The gateway doesn't know the token."""


class Gateway:
    """Asks the gateway, and keeps its answers for ten minutes, of the users who called last."""

    def __init__(self, url: str, http: httpx.AsyncClient, clock: Clock) -> None:
        self.url = url
        self._http = http
        self._users: TimedCache[bytes, User] = TimedCache(keep_s=KEEP_S, size=_MOST_TOKENS, clock=clock)
        self._groups: TimedCache[str, frozenset[str]] = TimedCache(keep_s=KEEP_S, size=_MOST_GROUPS, clock=clock)

    async def user(self, token: str, *, is_fresh: bool = False) -> User | None:
        """The token's user, or None where the gateway refuses it. 502 where it doesn't answer."""
        digest = digest_of(token)
        if is_fresh:
            self._users.forget(digest)
        try:
            return await self._users.get(digest, lambda: self._load_user(token))
        except Refused:
            return None

    async def members(self, group: str, token: str) -> frozenset[str]:
        """E-mails of a group's members; none where the gateway doesn't say."""
        try:
            return await self._groups.get(group, lambda: self._load_members(group, token))
        except (Refused, httpx.HTTPError, httpx.InvalidURL) as error:
            _log.warning("the gateway does not say who is in a group", exc_info=error)
            return frozenset()

    async def create_token(self, token: str) -> object:
        """A long-lived token of the gateway. 502 where it doesn't answer, its own status where it refuses."""
        answer = await self._ask("POST", "/api/v1/create_token", token)
        if not answer.is_success:
            raise HTTPException(answer.status_code, answer.text)
        try:
            return answer.json()
        except ValueError:
            raise HTTPException(502, "The auth service's answer is no JSON.") from None

    async def log_out(self, token: str) -> None:
        """End a token; where the gateway doesn't answer it ends by itself, later."""
        try:
            await self._http.get(f"{self.url}/api/v1/logout", headers=_bearer(token), timeout=_LOGOUT_TIMEOUT_S)
        except httpx.HTTPError as error:
            _log.warning("the gateway does not take the logout", exc_info=error)

    def authorize_url(self, redirect: str, dataset: str | None) -> str:
        """Where a browser logs in, to come back to `redirect`."""
        query = {"redirect": redirect, "service": SERVICE} | ({"dataset": dataset} if dataset is not None else {})
        return f"{self.url}/api/v1/authorize?{urlencode(query)}"

    def forget(self) -> None:
        """Ask again the next time."""
        self._users.clear()
        self._groups.clear()

    async def _load_user(self, token: str) -> User:
        answer = await self._ask("GET", f"/api/v1/user/cache?service={SERVICE}", token)
        if not answer.is_success:
            raise Refused
        try:
            found = answer.json()
        except ValueError:
            raise HTTPException(502, "The auth service's answer is no JSON.") from None
        email = found.get("email") if isinstance(found, dict) else None
        if not isinstance(email, str) or not is_address(email):
            raise Refused
        return user_of(email, found)

    async def _load_members(self, group: str, token: str) -> frozenset[str]:
        path = f"/api/v1/groups/{quote(group, safe='')}/members"
        answer = await self._http.get(self.url + path, headers=_bearer(token), timeout=_TIMEOUT_S)
        answer.raise_for_status()
        try:
            return frozenset(_texts(answer.json()))
        except ValueError:
            raise Refused from None

    async def _ask(self, method: str, path: str, token: str) -> httpx.Response:
        try:
            return await self._http.request(method, self.url + path, headers=_bearer(token), timeout=_TIMEOUT_S)
        except httpx.HTTPError as error:
            _log.warning("the gateway does not answer", exc_info=error)
            raise HTTPException(502, "Auth service unavailable") from None


def user_of(email: str, found: Mapping[str, object]) -> User:
    """A user of the gateway in our words."""
    managed = _texts(found.get("datasets_admin"))
    permissions = found.get("permissions_v2")
    return User(
        email=email,
        name=_text(found.get("name")),
        picture=_text(found.get("picture_url")),
        global_roles=[Role.ADMIN.value] if found.get("admin") is True else [],
        datasets=_roles(permissions, managed),
        datasets_ignore_tos=_roles(found.get("permissions_v2_ignore_tos") or permissions, managed),
        missing_tos=_list(found.get("missing_tos")),
        groups=_texts(found.get("groups")),
    )


def _roles(permissions: object, managed: Sequence[str]) -> dict[str, list[str]]:
    given = permissions if isinstance(permissions, Mapping) else {}
    roles = {
        dataset: [role.value for permission, role in _ROLE_OF.items() if permission in _texts(each)]
        for dataset, each in given.items()
    }
    for dataset in managed:
        roles.setdefault(dataset, []).append(Role.DATASET_ADMIN.value)
    return roles


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _list(value: object) -> list[dict[str, object] | str | int]:
    return [each for each in value if isinstance(each, dict | str | int)] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
