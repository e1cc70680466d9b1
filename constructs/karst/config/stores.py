"""Where a deployment keeps its data: PostgreSQL, Bigtable, documents, caches, buckets, messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from karst.config.base import Model
from karst.config.buckets import BucketCors, Buckets
from karst.config.cloud import MaintenanceWindow
from karst.config.types import (
    Address,
    BigtableInstanceId,
    Manage,
    ProjectId,
    ResourceName,
    SecretRef,
    SqlName,
    Zone,
)


def _check_existing(manage: Manage, told: Mapping[str, str | None]) -> None:
    """Refuse what only an existing instance has to be told; Karst gives its own ones theirs."""
    for key, value in told.items():
        if value is not None and manage is not Manage.EXISTING:
            raise ValueError(f"an instance that Karst makes has its own {key}. Write manage: existing, or remove {key}")


class SqlDatabases(Model):
    """Names of the databases that services share; an imported deployment keeps the names it has."""

    auth: SqlName = Field(
        default="authentication", description="Users, groups, permissions. Renaming it means a dump and a restore."
    )
    info: SqlName = Field(
        default="infoservice", description="Aligned volumes and datastacks. Renaming it means a dump and a restore."
    )
    annotation: SqlName = Field(
        default="annotation", description="The database that annotation tools connect to first."
    )
    materialization: SqlName = Field(default="materialization", description="Records of materialization runs.")


class SqlBackups(Model):
    """How far back the databases can be brought."""

    start_hour: int = Field(default=4, ge=0, le=23, description="Hour of the daily backup, UTC.")
    retained: int = Field(default=14, ge=7, le=365, description="Daily backups kept.")
    log_days: int = Field(default=7, ge=1, le=7, description="Days over which any moment can be restored.")


class SqlFlags(Model):
    """Settings of PostgreSQL that labs tune; everything else follows the instance's size."""

    work_mem_mb: int = Field(default=64, ge=4, le=8192, description="Memory of one sort or hash, in MB.")
    maintenance_work_mem_gb: float = Field(default=2, gt=0, le=64, description="Memory of index builds, in GB.")
    temp_file_limit_gb: int = Field(default=100, ge=1, le=2000, description="Disk that one query may fill, in GB.")
    max_connections: int = Field(
        default=500, ge=50, le=20000, description="Connections at the most. Changing it restarts the instance."
    )
    extra: dict[Annotated[str, StringConstraints(pattern=r"^[a-z_.]+$")], str] = Field(
        default_factory=dict, description="Further flags by name, as strings.", examples=[{"random_page_cost": "1.1"}]
    )


class Sql(Model):
    """The Cloud SQL instance for PostgreSQL."""

    manage: Manage = Field(default=Manage.CREATE, description="Who makes the instance.")
    instance: ResourceName | None = Field(
        default=None,
        description="Name of the instance; by default `<deployment>-sql`. A new name is a new, empty instance.",
        examples=["daf-global"],
    )
    address: Address | None = Field(
        default=None,
        description="Private address of an existing instance, for its record in the private zone; ours get their own.",
        examples=["10.144.0.5"],
    )
    version: Annotated[str, StringConstraints(pattern=r"^POSTGRES_1[5-9]$")] = Field(
        default="POSTGRES_18",
        description="Major version. Raising it upgrades in place, with an outage; it can't be lowered.",
    )
    cpu: int = Field(default=2, ge=1, le=96, description="Processors. Changing it restarts the instance.")
    memory_gb: int = Field(
        default=8, ge=4, le=624, description="Memory in GB: 0.9 to 6.5 a processor. Changing it restarts the instance."
    )
    disk_gb: int = Field(
        default=20, ge=10, le=65536, description="Disk at the start, in GB; it grows by itself and never shrinks."
    )
    disk_limit_gb: int = Field(default=1000, ge=0, le=65536, description="Where growth stops, in GB; 0 means never.")
    edition: Literal["ENTERPRISE", "ENTERPRISE_PLUS"] = Field(default="ENTERPRISE", description="Edition of Cloud SQL.")
    high_availability: bool | None = Field(
        default=None, description="A second zone takes over when the first fails; by default on for tier `prod`."
    )
    databases: SqlDatabases = Field(default=SqlDatabases(), description="Names of the shared databases.")
    user: SqlName = Field(
        default="postgres", description="Owner of imported databases; our services sign in with their own identity."
    )
    password: SecretRef | None = Field(
        default=None,
        description="Password of that owner, only where upstream images need one.",
        examples=["secret:api-postgres-password"],
    )
    backups: SqlBackups = Field(default=SqlBackups(), description="Backups and point-in-time recovery.")
    flags: SqlFlags = Field(default=SqlFlags(), description="Settings of PostgreSQL.")
    maintenance: MaintenanceWindow = Field(
        default=MaintenanceWindow(), description="When Google may restart the instance."
    )

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        _check_existing(self.manage, {"address": self.address})
        if self.cpu > 1 and self.cpu % 2:
            raise ValueError(
                f"cpu {self.cpu} is odd. Cloud SQL has 1 processor or an even number; write {self.cpu + 1}"
            )
        low, high = max(4, -(-self.cpu * 9 // 10)), max(4, int(self.cpu * 6.5))
        if not low <= self.memory_gb <= high:
            raise ValueError(f"memory_gb {self.memory_gb} does not fit {self.cpu} processors. Write {low} to {high}")
        if self.disk_limit_gb and self.disk_limit_gb < self.disk_gb:
            raise ValueError(
                f"disk_limit_gb {self.disk_limit_gb} is below disk_gb {self.disk_gb}. Raise it, or write 0 for none"
            )
        return self


class BigtableScaling(Model):
    """Nodes by load; leave it out for a fixed number."""

    min_nodes: int = Field(default=1, ge=1, le=100, description="Nodes at night.")
    max_nodes: int = Field(default=3, ge=1, le=1000, description="Nodes under load: the bound of what it costs.")
    cpu_target: int = Field(
        default=60, ge=10, le=80, description="Load of a node, in percent, at which another is added."
    )

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min_nodes > self.max_nodes:
            raise ValueError(
                f"min_nodes {self.min_nodes} is above max_nodes {self.max_nodes}. Lower one or raise the other"
            )
        return self


class BigtableReplica(Model):
    """A second cluster of the instance. It breaks single-row atomicity, so an instance with graphs refuses it."""

    zone: Zone = Field(description="Zone of the second cluster.", examples=["us-east4-b"])


class BigtableBackups(Model):
    """Daily backups of each table, kept beside it."""

    retention_days: int = Field(default=7, ge=3, le=90, description="Days that a backup is kept.")


class Bigtable(Model):
    """The Bigtable instance that holds the supervoxel graphs and level-2 statistics."""

    manage: Manage = Field(default=Manage.CREATE, description="Who makes the instance.")
    project: ProjectId | None = Field(
        default=None, description="Project of the instance, if another; by default the deployment's."
    )
    instance: BigtableInstanceId = Field(
        default="pychunkedgraph", description="Id of the instance. A new id is a new, empty instance."
    )
    nodes: int = Field(default=1, ge=1, le=1000, description="Nodes, when their number is fixed.")
    scaling: BigtableScaling | None = Field(default=None, description="Nodes by load instead of a fixed number.")
    replica: BigtableReplica | None = Field(
        default=None, description="A second cluster; refused where graphs are declared."
    )
    backups: BigtableBackups = Field(default=BigtableBackups(), description="Backups of each table.")


class FirestoreDatabase(Model):
    """One document database; a database has one mode for ever."""

    manage: Manage = Field(default=Manage.CREATE, description="Who makes the database.")
    database: Annotated[str, StringConstraints(pattern=r"^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$")] = Field(
        description="Id of the database; `(default)` where upstream images read it. A new id is a new, empty database.",
        examples=["clio", "(default)"],
    )
    location: str | None = Field(
        default=None,
        description="Region or multi-region; by default the deployment's. Fixed for ever.",
        examples=["nam5"],
    )


class Firestore(Model):
    """The document databases: shared links in Datastore mode, the connectomics store in native mode."""

    state: FirestoreDatabase = Field(
        default=FirestoreDatabase(database="state"), description="Shared links (Datastore mode)."
    )
    clio: FirestoreDatabase = Field(
        default=FirestoreDatabase(database="clio"), description="The connectomics store (native mode)."
    )


class RedisInstance(Model):
    """One managed Redis."""

    manage: Manage = Field(default=Manage.CREATE, description="Who makes the instance.")
    name: ResourceName | None = Field(
        default=None,
        description="Name; by default `<deployment>-<role>`. A new name is a new, empty instance.",
        examples=["pcg-cache"],
    )
    address: Address | None = Field(
        default=None,
        description="Private address of an existing instance, for its record in the private zone; ours get their own.",
        examples=["10.144.0.12"],
    )
    memory_gb: int = Field(default=1, ge=1, le=300, description="Memory in GB.")
    high_availability: bool | None = Field(
        default=None, description="A replica in a second zone; by default on for tier `prod`."
    )
    version: Annotated[str, StringConstraints(pattern=r"^REDIS_[67]_[0-9X]$")] = Field(
        default="REDIS_7_2", description="Version of Redis."
    )
    auth: SecretRef | None = Field(
        default=None,
        description="Secret that holds the password of an existing instance; ours generate one. Upstream's images can "
        "give none.",
        examples=["secret:api-broker-auth"],
    )

    @model_validator(mode="after")
    def _existing(self) -> Self:
        _check_existing(self.manage, {"address": self.address, "auth": self.auth})
        return self


class Redis(Model):
    """Caches and the broker of workflows."""

    global_: RedisInstance = Field(
        default=RedisInstance(), alias="global", description="Tokens, sessions and limits of the global services."
    )
    cache: RedisInstance = Field(
        default=RedisInstance(), description="Mesh manifests and limits of the local services; may lose entries."
    )
    broker: RedisInstance = Field(
        default=RedisInstance(memory_gb=2), description="Queues of materialization; never evicts."
    )


class PubSub(Model):
    """Names of topics and subscriptions."""

    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,60}$")] | None = Field(
        default=None,
        description="Prefix of all topics; by default the deployment's name. A new one makes new, empty queues.",
        examples=["api"],
    )
    retention_days: int = Field(default=7, ge=1, le=31, description="Days that a message waits for a worker.")
    max_attempts: int = Field(default=10, ge=5, le=100, description="Deliveries before a message is laid aside.")


class Stores(Model):
    """Base of the part of a deployment that holds data."""

    sql: Sql = Field(default=Sql(), description="PostgreSQL.")
    bigtable: Bigtable = Field(default=Bigtable(), description="Supervoxel graphs and level-2 statistics.")
    firestore: Firestore = Field(default=Firestore(), description="Documents.")
    redis: Redis = Field(default=Redis(), description="Caches and broker.")
    buckets: Buckets = Field(default=Buckets(), description="Shared buckets.")
    cors: BucketCors = Field(default=BucketCors(), description="Browsers that may read buckets.")
    pubsub: PubSub = Field(default=PubSub(), description="Topics and subscriptions.")
