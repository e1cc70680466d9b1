"""The wide-column store that holds supervoxel graphs and level-2 statistics: a server (instance) and its tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktn import ITerraformDependable
from cdktn_provider_google.bigtable_gc_policy import BigtableGcPolicy
from cdktn_provider_google.bigtable_instance import (
    BigtableInstance,
    BigtableInstanceCluster,
    BigtableInstanceClusterAutoscalingConfig,
)
from cdktn_provider_google.bigtable_table import (
    BigtableTable,
    BigtableTableAutomatedBackupPolicy,
    BigtableTableColumnFamily,
)
from cdktn_provider_google.bigtable_table_iam_member import BigtableTableIamMember
from constructs import Construct

from karst.config.types import Manage
from karst.gcp.members import Grantee, grant_id, member_of, needs_of
from karst.protection import Protection


@dataclass(frozen=True, kw_only=True)
class NodeRange:
    """Nodes by load."""

    min_nodes: int
    max_nodes: int
    cpu_target_percent: int = 60


@dataclass(frozen=True, kw_only=True)
class WideColumnInstanceProps:
    """Where the instance stands and how many nodes serve it."""

    project: str
    name: str
    zone: str
    protection: Protection
    nodes: int | NodeRange = 1
    """A fixed number, or a range within which Google follows the load."""
    kms_key: str | None = None
    """Encrypt with a key of the lab's own instead of Google's. Fixed once data stands."""
    manage: Manage = Manage.CREATE


class WideColumnInstance(Construct):
    """A Bigtable instance with exactly one cluster, on SSD.

    Promises: never replicated, because replication breaks the atomicity of single rows on which every edit of a graph
    relies; deletion is refused while protected, and with tables in it always.
    """

    instance_name: str

    def __init__(self, scope: Construct, id: str, props: WideColumnInstanceProps) -> None:
        super().__init__(scope, id)
        if props.manage is Manage.EXISTING:
            self.instance_name = props.name
            return
        instance = BigtableInstance(
            self,
            "instance",
            project=props.project,
            name=props.name,
            deletion_protection=props.protection.is_on,
            force_destroy=False,
            cluster=[_cluster(props)],
        )
        self.instance_name = instance.name


def _cluster(props: WideColumnInstanceProps) -> BigtableInstanceCluster:
    cluster_id = f"{props.name}-c1"
    if isinstance(props.nodes, int):
        return BigtableInstanceCluster(
            cluster_id=cluster_id,
            zone=props.zone,
            storage_type="SSD",
            num_nodes=props.nodes,
            kms_key_name=props.kms_key,
        )
    return BigtableInstanceCluster(
        cluster_id=cluster_id,
        zone=props.zone,
        storage_type="SSD",
        kms_key_name=props.kms_key,
        autoscaling_config=BigtableInstanceClusterAutoscalingConfig(
            min_nodes=props.nodes.min_nodes,
            max_nodes=props.nodes.max_nodes,
            cpu_target=props.nodes.cpu_target_percent,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class CollectionRule:
    """What a column family forgets: cells that are too old, or that have too many newer ones."""

    max_versions: int | None = None
    max_age_hours: int | None = None

    def to_json(self) -> str | None:
        """Write the rule as Bigtable reads it; `None` if everything is kept."""
        rules: list[dict[str, str | int]] = []
        if self.max_age_hours is not None:
            rules.append({"max_age": f"{self.max_age_hours}h"})
        if self.max_versions is not None:
            rules.append({"max_version": self.max_versions})
        if not rules:
            return None
        return json.dumps({"mode": "union", "rules": rules} if len(rules) > 1 else {"rules": rules})


KEEP_ALL = CollectionRule()


@dataclass(frozen=True, kw_only=True)
class WideColumnTableProps:
    """A table's columns, by family, each with what it forgets."""

    project: str
    instance_name: str
    name: str
    protection: Protection
    families: Mapping[str, CollectionRule] = field(default_factory=dict[str, CollectionRule])
    """May grow later; taking a family away deletes its cells."""
    backup_retention_days: int = 7
    split_keys: Sequence[str] = ()
    """Row keys at which an empty table is cut up in advance. Changing them replaces the table."""
    manage: Manage = Manage.CREATE


class WideColumnTable(Construct):
    """A Bigtable table.

    Promises: backed up every day; deletion is refused while protected; a collection rule that is taken out of the
    declaration stays in force, since lifting it is harmless and setting it again deletes cells.
    """

    table_name: str

    def __init__(self, scope: Construct, id: str, props: WideColumnTableProps) -> None:
        super().__init__(scope, id)
        self._props = props
        if props.manage is Manage.EXISTING:
            self.table_name = props.name
            return
        table = BigtableTable(
            self,
            "table",
            project=props.project,
            instance_name=props.instance_name,
            name=props.name,
            deletion_protection="PROTECTED" if props.protection.is_on else "UNPROTECTED",
            column_family=[BigtableTableColumnFamily(family=family) for family in sorted(props.families)],
            split_keys=list(props.split_keys) or None,
            automated_backup_policy=BigtableTableAutomatedBackupPolicy(
                frequency="24h0m0s", retention_period=f"{props.backup_retention_days * 24}h0m0s"
            ),
        )
        self.table_name = table.name
        self._add_collection_rules(table)

    def _add_collection_rules(self, table: BigtableTable) -> None:
        # Bigtable refuses two changes of one table's families at a time, so each rule waits for the one before.
        previous: ITerraformDependable = table
        for family, rule in sorted(self._props.families.items()):
            gc_rules = rule.to_json()
            if gc_rules is not None:
                previous = BigtableGcPolicy(
                    self,
                    f"collection-{family}",
                    project=self._props.project,
                    instance_name=self._props.instance_name,
                    table=table.name,
                    column_family=family,
                    gc_rules=gc_rules,
                    deletion_policy="ABANDON",
                    depends_on=[previous],
                )

    def grant_read(self, grantee: Grantee) -> None:
        """Let a service account read this table's cells, and no other's."""
        self._grant("read", "roles/bigtable.reader", grantee)

    def grant_write(self, grantee: Grantee) -> None:
        """Let a service account read and change this table's cells, but not the table itself."""
        self._grant("write", "roles/bigtable.user", grantee)

    def _grant(self, verb: str, role: str, grantee: Grantee) -> None:
        BigtableTableIamMember(
            self,
            grant_id(verb, grantee),
            project=self._props.project,
            instance_name=self._props.instance_name,
            table=self.table_name,
            role=role,
            member=member_of(grantee),
            depends_on=needs_of(grantee),
        )
