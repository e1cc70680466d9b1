"""A document database: shared links of the viewer in Datastore mode, annotations of clio in native mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cdktn_provider_google.firestore_backup_schedule import (
    FirestoreBackupSchedule,
    FirestoreBackupScheduleDailyRecurrence,
)
from cdktn_provider_google.firestore_database import FirestoreDatabase
from cdktn_provider_google.firestore_index import FirestoreIndex, FirestoreIndexFields
from cdktn_provider_google.project_iam_member import ProjectIamMember, ProjectIamMemberCondition
from constructs import Construct

from karst.config.types import Manage
from karst.gcp.members import Grantee, grant_id, member_of, needs_of
from karst.protection import Protection

_SECONDS_A_DAY = 86_400


class DocumentMode(StrEnum):
    """The interface a database speaks. Chosen once; one database can never serve both."""

    NATIVE = "FIRESTORE_NATIVE"
    DATASTORE = "DATASTORE_MODE"


class Order(StrEnum):
    """How an index sorts a field."""

    ASCENDING = "ASCENDING"
    DESCENDING = "DESCENDING"


@dataclass(frozen=True, kw_only=True)
class CompositeIndex:
    """An index over several fields, without which a query on them together fails. Changing one replaces it."""

    collection: str
    """In Datastore mode, the kind."""
    fields: Sequence[tuple[str, Order]]
    includes_nested: bool = False
    """Also serve collections of this name below any document, not only the one at the top."""


@dataclass(frozen=True, kw_only=True)
class DocumentDatabaseProps:
    """Which database, where, and which queries it must answer."""

    project: str
    location: str
    """A region or a multi-region, for ever."""
    protection: Protection
    mode: DocumentMode
    name: str = "(default)"
    """A project has one `(default)`; any other name needs clients that send it."""
    indexes: Mapping[str, CompositeIndex] = field(default_factory=dict[str, CompositeIndex])
    """By a short name of ours, which is their address in state."""
    backup_retention_days: int = 14
    manage: Manage = Manage.CREATE
    """An existing database keeps its own indexes, backups and protection."""


class DocumentDatabase(Construct):
    """A Firestore database with its indexes.

    Promises: any moment of the last seven days can be restored; a backup every day; deletion is refused while
    protected; a grant opens this database and no other of the project.
    """

    database_id: str

    def __init__(self, scope: Construct, id: str, props: DocumentDatabaseProps) -> None:
        super().__init__(scope, id)
        self._props = props
        self.database_id = props.name
        if props.manage is Manage.EXISTING:
            return
        database = FirestoreDatabase(
            self,
            "database",
            project=props.project,
            name=props.name,
            location_id=props.location,
            type=props.mode.value,
            concurrency_mode="OPTIMISTIC" if props.mode is DocumentMode.NATIVE else "PESSIMISTIC",
            point_in_time_recovery_enablement="POINT_IN_TIME_RECOVERY_ENABLED",
            delete_protection_state=f"DELETE_PROTECTION_{'ENABLED' if props.protection.is_on else 'DISABLED'}",
        )
        FirestoreBackupSchedule(
            self,
            "daily-backup",
            project=props.project,
            database=database.name,
            retention=f"{props.backup_retention_days * _SECONDS_A_DAY}s",
            daily_recurrence=FirestoreBackupScheduleDailyRecurrence(),
        )
        for name, index in sorted(props.indexes.items()):
            self._add_index(name, index, database)

    def _add_index(self, name: str, index: CompositeIndex, database: FirestoreDatabase) -> None:
        is_native = self._props.mode is DocumentMode.NATIVE
        FirestoreIndex(
            self,
            f"index-{name}",
            project=self._props.project,
            database=self.database_id,
            collection=index.collection,
            api_scope="ANY_API" if is_native else "DATASTORE_MODE_API",
            query_scope="COLLECTION_GROUP" if index.includes_nested or not is_native else "COLLECTION",
            fields=[FirestoreIndexFields(field_path=path, order=order.value) for path, order in index.fields],
            depends_on=[database],
        )

    def grant_read(self, grantee: Grantee) -> None:
        """Let a service account read this database's documents."""
        self._grant("read", "roles/datastore.viewer", grantee)

    def grant_write(self, grantee: Grantee) -> None:
        """Let a service account read and write this database's documents."""
        self._grant("write", "roles/datastore.user", grantee)

    def _grant(self, verb: str, role: str, grantee: Grantee) -> None:
        # Firestore has no policy per database; a condition narrows the project's.
        ProjectIamMember(
            self,
            grant_id(verb, grantee),
            project=self._props.project,
            role=role,
            member=member_of(grantee),
            depends_on=needs_of(grantee),
            condition=ProjectIamMemberCondition(
                title=f"only-database-{self.database_id.strip('()')}",
                expression=f'resource.name == "projects/{self._props.project}/databases/{self.database_id}"',
            ),
        )
