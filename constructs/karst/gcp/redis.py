"""A managed Redis: the queue of workflows, or a cache that may forget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cdktn import ITerraformDependable, TerraformResourceLifecycle
from cdktn_provider_google.redis_instance import RedisInstance, RedisInstancePersistenceConfig
from cdktn_provider_google.secret_manager_secret import (
    SecretManagerSecret,
    SecretManagerSecretReplication,
    SecretManagerSecretReplicationAuto,
)
from cdktn_provider_google.secret_manager_secret_iam_member import SecretManagerSecretIamMember
from cdktn_provider_google.secret_manager_secret_version import SecretManagerSecretVersion
from constructs import Construct

from karst.config.types import Manage
from karst.gcp.members import Grantee, grant_id, member_of, needs_of
from karst.gcp.metric_alert import MetricAlert, add_metric_alert
from karst.protection import Protection


class RedisRole(StrEnum):
    """What a full memory means."""

    BROKER = "broker"
    """Nothing is ever dropped: writes fail instead. Saved to disk every hour, so that a restart loses little."""
    CACHE = "cache"
    """What was used longest ago is dropped. Not saved."""


_MEMORY_SHARE = 0.8
_EVICTION = {RedisRole.BROKER: "noeviction", RedisRole.CACHE: "allkeys-lru"}


@dataclass(frozen=True, kw_only=True)
class RedisProps:
    """Where the instance stands, how big it is, and the secrets through which clients learn how to reach it."""

    project: str
    region: str
    name: str
    role: RedisRole
    protection: Protection
    network_id: str
    auth_secret: str | None
    """Name of the secret with the password; of an existing instance also `projects/P/secrets/S`, or None if it asks
    for none."""
    ca_secret: str | None
    """Name of the secret with the certificates of the authorities that sign the server's; the same holds."""
    zone: str | None = None
    private_service_access: Sequence[ITerraformDependable] = ()
    private_services_range: str | None = None
    memory_gib: int = 1
    is_highly_available: bool = False
    """Keep a copy in a second zone. Changing it replaces the instance and empties it."""
    version: str = "REDIS_7_2"
    alert_channels: Sequence[str] = ()
    """Told before a broker is full; a cache is meant to be."""
    manage: Manage = Manage.CREATE
    """An existing instance is reached through existing secrets; they are granted, not written."""
    address: str | None = None
    """Private address of an existing instance."""


class Redis(Construct):
    """A private Redis with a password, behind TLS.

    Promises: no public address; the password reaches clients through Secret Manager; deletion is refused while
    protected. Surprise: the provider itself writes the password into state, the one secret that is there; the copy in
    Secret Manager adds no second one.
    """

    host: str | None
    """Private address; of an existing instance the one that the props name, if any."""

    def __init__(self, scope: Construct, id: str, props: RedisProps) -> None:
        super().__init__(scope, id)
        self._props = props
        if props.manage is Manage.EXISTING:
            self.host = props.address
            return
        instance = self._add_instance()
        self.host = instance.host
        self._publish_auth(instance)
        self._publish_ca(instance)
        if props.role is RedisRole.BROKER:
            self._add_alert()

    def grant_connect(self, grantee: Grantee) -> None:
        """Let a service account read the password and the authorities of this instance, which is all it takes."""
        for noun, secret in (("auth", self._props.auth_secret), ("ca", self._props.ca_secret)):
            if secret is None:
                continue
            made = self.node.try_find_child(f"{noun}-secret")
            project, name = _project_and_id(secret, self._props.project)
            SecretManagerSecretIamMember(
                self,
                grant_id(noun, grantee),
                project=project,
                secret_id=made.secret_id if isinstance(made, SecretManagerSecret) else name,
                role="roles/secretmanager.secretAccessor",
                member=member_of(grantee),
                depends_on=needs_of(grantee),
            )

    def _add_instance(self) -> RedisInstance:
        props = self._props
        saved = RedisInstancePersistenceConfig(persistence_mode="RDB", rdb_snapshot_period="ONE_HOUR")
        return RedisInstance(
            self,
            "instance",
            project=props.project,
            region=props.region,
            location_id=props.zone,
            name=props.name,
            tier="STANDARD_HA" if props.is_highly_available else "BASIC",
            memory_size_gb=props.memory_gib,
            redis_version=props.version,
            redis_configs={"maxmemory-policy": _EVICTION[props.role]},
            persistence_config=saved if props.role is RedisRole.BROKER else None,
            authorized_network=props.network_id,
            connect_mode="PRIVATE_SERVICE_ACCESS",
            reserved_ip_range=props.private_services_range,
            auth_enabled=True,
            transit_encryption_mode="SERVER_AUTHENTICATION",
            deletion_protection=props.protection.is_on,
            depends_on=list(props.private_service_access),
        )

    def _add_alert(self) -> None:
        props = self._props
        alert = MetricAlert(
            project=props.project,
            title=f"memory of {props.name} is nearly full",
            condition=f"more than {_MEMORY_SHARE:.0%} of {props.memory_gib} GiB are used",
            metric_filter=(
                'resource.type = "redis_instance" AND '
                f'resource.labels.instance_id = "projects/{props.project}/locations/{props.region}/instances/'
                f'{props.name}" AND metric.type = "redis.googleapis.com/stats/memory/usage_ratio"'
            ),
            above=_MEMORY_SHARE,
            advice=(
                "A broker that is full refuses new tasks; it drops none. See which queue grows and whether its workers "
                "run, or raise `redis.broker.memory_gb`."
            ),
            channels=props.alert_channels,
        )
        add_metric_alert(self, "memory-alert", alert)

    def _publish_auth(self, instance: RedisInstance) -> None:
        SecretManagerSecretVersion(
            self,
            "auth-version",
            secret=self._add_secret("auth", self._props.auth_secret).id,
            secret_data_wo=instance.auth_string,
            # A replaced instance has a new password and a new birthday; nothing else makes a new version.
            secret_data_wo_version=instance.create_time,
            deletion_policy="DISABLE",
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )

    def _publish_ca(self, instance: RedisInstance) -> None:
        # While Google rotates its authority there are two certificates, and clients need both.
        certificates = f'${{join("\\n", {instance.fqn}.server_ca_certs[*].cert)}}'
        SecretManagerSecretVersion(
            self,
            "ca-version",
            secret=self._add_secret("ca", self._props.ca_secret).id,
            secret_data=certificates,
            deletion_policy="DISABLE",
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )

    def _add_secret(self, noun: str, secret_id: str | None) -> SecretManagerSecret:
        if secret_id is None:
            raise ValueError(f"Redis {self._props.name!r} is made here, so {noun}_secret must name its secret")
        return SecretManagerSecret(
            self,
            f"{noun}-secret",
            project=self._props.project,
            secret_id=secret_id,
            deletion_protection=self._props.protection.is_on,
            replication=SecretManagerSecretReplication(auto=SecretManagerSecretReplicationAuto()),
        )


def _project_and_id(secret: str, project: str) -> tuple[str, str]:
    """Project and id of a secret; `project` is where a bare id stands."""
    if not secret.startswith("projects/"):
        return project, secret
    _, owner, _, name = secret.split("/")
    return owner, name
