"""The deployment's Redis instances: one a role, reachable by a private name, with password and TLS."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.service_needs import Scope
from karst.derived.access import store_grants
from karst.derived.redis import redis_access, redis_roles
from karst.gcp.dns import PrivateZone
from karst.gcp.members import Accounts, Grantee
from karst.gcp.network import Network
from karst.gcp.redis import Redis, RedisProps, RedisRole
from karst.protection import Protection


class Caches(Construct):
    """Redis of each role that the deployment's kinds need. The broker evicts nothing: a lost task is lost work."""

    roles: tuple[str, ...]

    def __init__(
        self,
        scope: Construct,
        id: str,
        blueprint: Blueprint,
        accounts: Accounts,
        network: Network,
        zone: PrivateZone,
        protection: Protection,
        alert_channels: Sequence[str],
    ) -> None:
        super().__init__(scope, id)
        self.roles = redis_roles(blueprint.deployment.kinds)
        self._instances: dict[str, Redis] = {}
        grants = store_grants(blueprint.workloads, Scope.DEPLOYMENT)
        gcp, names = blueprint.deployment.gcp, blueprint.names
        for role in self.roles:
            settings, access = names.redis_settings(role), redis_access(blueprint.deployment, role)
            available = settings.high_availability
            redis = self._instances[role] = Redis(
                self,
                role,
                RedisProps(
                    project=gcp.project,
                    region=gcp.region,
                    zone=gcp.zone,
                    name=names.redis(role),
                    role=RedisRole.BROKER if role == "broker" else RedisRole.CACHE,
                    protection=protection,
                    network_id=network.network_id,
                    private_service_access=network.private_service_access,
                    auth_secret=access.password.secret if access.password else None,
                    ca_secret=access.authorities.secret if access.authorities else None,
                    memory_gib=settings.memory_gb,
                    is_highly_available=blueprint.is_production if available is None else available,
                    version=settings.version,
                    alert_channels=alert_channels,
                    manage=settings.manage,
                    address=settings.address,
                ),
            )
            if redis.host is not None:
                zone.add_record(f"redis-{role}", names.redis_host(role), "A", [redis.host])
            for grant in grants.get(("cache", role), ()):
                redis.grant_connect(accounts[grant.workload])

    def grant_connect(self, role: str, grantee: Grantee) -> None:
        """Let an account that is no workload's read what opens the instance of a role."""
        self._instances[role].grant_connect(grantee)
