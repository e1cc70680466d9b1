"""How pods reach the deployment's Redis instances: address, encryption, and where the password stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from karst.config.deployment import Deployment
from karst.config.types import Kind, Manage
from karst.derived.secrets import SecretPlace, parse_reference
from karst.naming import Names

_ROLES_BY_KIND: Mapping[Kind, tuple[str, ...]] = {
    Kind.GLOBAL: ("global",),
    Kind.LOCAL: ("broker", "cache"),
    Kind.CLIO: (),
}
_PLAIN_PORT = 6379
_ENCRYPTED_PORT = 6378


@dataclass(frozen=True, kw_only=True)
class RedisAccess:
    """What a client of one Redis has to know."""

    host: str
    port: int
    is_encrypted: bool
    password: SecretPlace | None
    authorities: SecretPlace | None
    """Certificates of the authorities that sign the server's. The server's own names no host: clients check the
    signature, not the name."""


def redis_roles(kinds: Iterable[Kind]) -> tuple[str, ...]:
    """Roles of the instances that these kinds need, sorted."""
    return tuple(sorted({role for kind in kinds for role in _ROLES_BY_KIND[kind]}))


def redis_access(deployment: Deployment, role: str) -> RedisAccess:
    """How to reach the Redis of a role.

    Ours have a password and TLS. An existing one speaks plainly, as those that labs run do, with the password that its
    `auth` names, if any.
    """
    names = Names(deployment)
    settings = names.redis_settings(role)
    if settings.manage is Manage.CREATE:
        return RedisAccess(
            host=names.redis_host(role),
            port=_ENCRYPTED_PORT,
            is_encrypted=True,
            password=SecretPlace(secret=names.redis_auth_secret(role)),
            authorities=SecretPlace(secret=names.redis_ca_secret(role)),
        )
    return RedisAccess(
        host=names.redis_host(role),
        port=_PLAIN_PORT,
        is_encrypted=False,
        password=parse_reference(settings.auth) if settings.auth else None,
        authorities=None,
    )
