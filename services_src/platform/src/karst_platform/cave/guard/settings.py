"""What a service that the guard protects can be told, and the guard that these settings make."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints, model_validator
from redis.asyncio import Redis

from karst_platform.cave.guard.authority import Authority
from karst_platform.cave.guard.guard import DEFAULT_NAMESPACE, Guard
from karst_platform.cave.guard.places import Places
from karst_platform.cave.guard.push import NoChanges, RedisChanges, connect
from karst_platform.cave.guard.remember import Remembering
from karst_platform.cave.guard.remote import HttpAuthority
from karst_platform.settings import Settings

_log = logging.getLogger(__name__)


def _items(value: object) -> object:
    return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value


_HOST = r"[A-Za-z0-9.-]+(:\d+)?"
Place = Annotated[str, StringConstraints(pattern=rf"^(https?://)?{_HOST}(/[A-Za-z0-9._-]+)*$")]
BarePlace = Annotated[str, StringConstraints(pattern=rf"^{_HOST}(/[A-Za-z0-9._-]+)*$")]
Origins = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=rf"^https?://{_HOST}$")], ...], BeforeValidator(_items)
]


class RedisSettings(Settings):
    """Settings of whoever tells of changes, or hears of them."""

    redis_host: str = Field(default="", validation_alias="REDISHOST")
    """Redis by which auth tells of changes; without it, what is known of users counts for five seconds only."""
    redis_port: int = Field(default=6379, validation_alias="REDISPORT", ge=1, le=65535)
    """Port of this Redis."""
    redis_password: SecretStr = Field(default=SecretStr(""), validation_alias="REDIS_PASSWORD")
    """Password of this Redis, where it has one."""
    redis_password_file: str = Field(default="", validation_alias="KARST_REDIS_PASSWORD_FILE")
    """File with the password of this Redis, where it stands in one; read for each connection."""
    redis_ca: str = Field(default="", validation_alias="KARST_REDIS_CA")
    """File with the authority that signed this Redis' certificate; without it the connection is not encrypted."""

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if self.redis_password.get_secret_value() and self.redis_password_file:
            raise ValueError("REDIS_PASSWORD and KARST_REDIS_PASSWORD_FILE both tell the password: give one of them")
        return self


class GuardSettings(RedisSettings):
    """Settings of a service that asks auth who calls."""

    auth_url: Place = Field(default="localhost/auth", validation_alias="AUTH_URL")
    """Host and path of auth, as this service reaches it; without a scheme it is https."""
    sticky_auth_url: BarePlace = Field(default="localhost/sticky_auth", validation_alias="STICKY_AUTH_URL")
    """Host and path where people sign in, without a scheme."""
    service_token: SecretStr = Field(default=SecretStr(""), validation_alias="KARST_SERVICE_TOKEN")
    """Token in whose name this service asks auth about tables and public roots."""
    token_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")] = Field(
        default="middle_auth_token", validation_alias="TOKEN_NAME"
    )
    """Name of the cookie, and of the parameter, that brings a token."""
    own_origins: Origins = Field(default=(), validation_alias="KARST_AUTH_ORIGINS")
    """Other origins whose pages may use the cookie, by commas."""
    auth_namespace: str = Field(default=DEFAULT_NAMESPACE, validation_alias="AUTH_SERVICE_NAMESPACE", min_length=1)
    """Namespace of the tables that this service asks about."""
    is_auth_disabled: bool = Field(default=False, validation_alias="AUTH_DISABLED")
    """Whether everybody may do everything, without a token: never where others reach the service."""


class Guarding:
    """The guard of one service, and what runs for it while the service does."""

    def __init__(self, settings: GuardSettings, authority: Authority | None = None) -> None:
        """Ask `authority`, which remembers for itself, or else auth over HTTP."""
        self._http: HttpAuthority | None = None
        self._changes: RedisChanges | None = None
        self.guard = Guard(
            authority or self._remote(settings),
            Places(
                sticky_auth_url=settings.sticky_auth_url,
                token_name=settings.token_name,
                origins=frozenset(settings.own_origins),
            ),
            namespace=settings.auth_namespace,
            is_disabled=settings.is_auth_disabled,
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Hear of changes, until the service ends."""
        if self.guard.is_disabled:
            _log.warning("AUTH_DISABLED: everybody may do everything here, without a token")
        if self._changes is not None:
            self._changes.start()
        yield
        if self._changes is not None:
            await self._changes.stop()
        if self._http is not None:
            await self._http.close()

    def _remote(self, settings: GuardSettings) -> Remembering:
        url = settings.auth_url if "://" in settings.auth_url else f"https://{settings.auth_url}"
        self._http = HttpAuthority(url, settings.service_token.get_secret_value())
        self._changes = changes_of(settings)
        return Remembering(self._http, self._changes or NoChanges())


def changes_of(settings: RedisSettings) -> RedisChanges | None:
    """How this process hears of changes, and tells of them; None where no Redis is named."""
    redis = redis_of(settings)
    return RedisChanges(redis) if redis is not None else None


def redis_of(settings: RedisSettings) -> Redis | None:
    """A client of the Redis that is named, not connected yet; None where none is."""
    if not settings.redis_host:
        return None
    return connect(
        settings.redis_host,
        settings.redis_port,
        password=settings.redis_password.get_secret_value() or None,
        password_file=settings.redis_password_file or None,
        ca_file=settings.redis_ca or None,
    )
