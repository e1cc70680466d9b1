"""What the auth service can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints

from karst_auth.declared import Admin
from karst_auth.login.oidc import GOOGLE, read_client
from karst_platform.cave.guard.settings import BarePlace, Origins, RedisSettings
from karst_platform.relational_login import DatabaseSettings
from karst_platform.settings import Prefix, none_of_blank


def _client(value: SecretStr) -> SecretStr:
    if value.get_secret_value():
        read_client(value.get_secret_value())
    return value


def _admins(value: object) -> object:
    """Read `[[email, name, pi], ...]`, as upstream's settings have it."""
    try:
        told = orjson.loads(value or "[]") if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, (list, tuple)):
        raise ValueError('write [["ada@example.org", "Ada", ""]]')  # noqa: TRY004 - what pydantic takes
    return [dict(zip(("email", "name", "pi"), each, strict=False)) if isinstance(each, list) else each for each in told]


DATABASE = "authentication"
"""What the database is called where nobody says."""


class AuthSettings(RedisSettings, DatabaseSettings):
    """Settings of the auth service."""

    body_limit_kib: int = Field(default=4096, validation_alias="KARST_BODY_LIMIT_KIB", ge=1)
    """Size of a request's body at the most, in KiB; 100,000 roots fit."""
    handler_timeout_s: int = Field(default=30, validation_alias="KARST_HANDLER_TIMEOUT_S", ge=1, le=3600)
    """Seconds after which a request without an answer is given up, with 504."""
    url_prefix: Prefix = Field(default="/auth", validation_alias="URL_PREFIX")
    """What stands before every path."""
    sticky_auth_url: BarePlace = Field(default="localhost/sticky_auth", validation_alias="STICKY_AUTH_URL")
    """Host and path where people sign in, without a scheme."""
    token_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")] = Field(
        default="middle_auth_token", validation_alias="TOKEN_NAME"
    )
    """Name of the cookie, and of the parameter, that brings a token."""
    own_origins: Origins = Field(default=(), validation_alias="KARST_AUTH_ORIGINS")
    """Other origins whose pages may use the cookie, by commas."""
    token_reveal: Literal["never", "owner"] = Field(default="never", validation_alias="TOKEN_REVEAL")
    """Whether owners see their keys again after they made them, which then are kept as they are: never or owner."""
    redis_records: Literal["hashed", "published"] = Field(default="hashed", validation_alias="KARST_REDIS_RECORDS")
    """What records in Redis stand by: hashed, or published: by the token itself, as old `middle-auth-client`s read."""
    declared: Annotated[Path | None, BeforeValidator(none_of_blank)] = Field(
        default=None, validation_alias="KARST_AUTH_DECLARED"
    )
    """File of JSON with accounts, groups and hashes of tokens that are there from the first start on."""

    default_admins: Annotated[tuple[Admin, ...], BeforeValidator(_admins)] = Field(
        default=(), validation_alias="DEFAULT_ADMINS"
    )
    """Superadmins who are made where they are missing: `[["ada@example.org", "Ada", "the lab's head"]]`."""
    service_token: SecretStr = Field(default=SecretStr(""), validation_alias="KARST_SERVICE_TOKEN")
    """Token of the deployment's services, which is that of the service account `karst` from the first start on."""
    reconcile_token: SecretStr = Field(default=SecretStr(""), validation_alias="KARST_RECONCILE_TOKEN")
    """Token of `karst-reconcile`, which makes the declared datasets: a superadmin from the first start on."""
    sign_in_origins: Origins = Field(default=(), validation_alias="KARST_SIGN_IN_ORIGINS")
    """Origins of our other hosts and of viewers, by commas, to which people are sent with a token; pages list more."""
    oidc_issuer: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+[^\s?#]*$")] = Field(
        default=GOOGLE, validation_alias="KARST_OIDC_ISSUER"
    )
    """Who vouches for people: the address of an issuer of OpenID Connect."""
    oauth_client: Annotated[SecretStr, AfterValidator(_client)] = Field(
        default=SecretStr(""), validation_alias="OAUTH_CLIENT"
    )
    """JSON file of our web client at this issuer; without one nobody can sign in."""
    secret_key: SecretStr = Field(default=SecretStr(""), validation_alias="AUTH_SECRET_KEY")
    """Signs sign-ins under way, the same for all replicas; without one each has its own."""

    @property
    def database(self) -> str:
        """Address of the database."""
        return self.dsn(DATABASE)

    @property
    def is_revealed(self) -> bool:
        """Whether owners see their keys again."""
        return self.token_reveal != "never"  # noqa: S105 - a word
