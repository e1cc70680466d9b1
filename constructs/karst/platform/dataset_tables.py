"""A dataset's wide tables: its supervoxel graphs and the statistics of their level-2 pieces."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.dataset import Dataset
from karst.config.service_needs import Access, Scope
from karst.config.types import Manage
from karst.derived.access import store_grants
from karst.derived.bigtable import Table, bigtable_tables, l2_table_name
from karst.gcp.bigtable import CollectionRule, WideColumnTable, WideColumnTableProps
from karst.protection import Protection


class DatasetTables(Construct):
    """The tables that a dataset declares, with families, collection rules, backups and grants.

    No service ever makes one: ingest fails, and says so, where a table is missing.
    """

    def __init__(
        self, scope: Construct, id: str, blueprint: Blueprint, dataset: Dataset, protection: Protection
    ) -> None:
        super().__init__(scope, id)
        self._blueprint = blueprint
        self._protection = protection
        accounts = blueprint.emails
        grants = store_grants(blueprint.workloads, Scope.DATASET)
        made = {table.name: table for table in bigtable_tables(dataset)}
        for graph, declared in sorted(dataset.graphs.items()):
            stores = {"graph": graph} | ({"l2cache": l2_table_name(graph, declared)} if declared.l2cache else {})
            for store, name in sorted(stores.items()):
                table = self._table(
                    made.get(name) or Table(name=name), Manage.CREATE if name in made else Manage.EXISTING
                )
                for grant in grants.get(("tables", store), ()):
                    if grant.access is Access.WRITE:
                        table.grant_write(accounts[grant.workload])
                    else:
                        table.grant_read(accounts[grant.workload])

    def _table(self, table: Table, manage: Manage) -> WideColumnTable:
        bigtable = self._blueprint.deployment.bigtable
        return WideColumnTable(
            self,
            table.name,
            WideColumnTableProps(
                project=self._blueprint.names.bigtable_project,
                instance_name=bigtable.instance,
                name=table.name,
                protection=self._protection,
                families={
                    name: CollectionRule(max_versions=family.max_versions, max_age_hours=family.max_age_hours)
                    for name, family in table.families.items()
                },
                backup_retention_days=bigtable.backups.retention_days,
                manage=manage,
            ),
        )
