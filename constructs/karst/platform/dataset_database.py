"""A dataset's database of annotations, on the deployment's server."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.dataset import Dataset
from karst.config.types import Kind, Manage
from karst.gcp.postgres import Postgres, PostgresProps
from karst.protection import Protection


class DatasetDatabase(Construct):
    """The database that holds a dataset's annotations; its frozen versions are made beside it by materialization."""

    def __init__(
        self, scope: Construct, id: str, blueprint: Blueprint, dataset: Dataset, protection: Protection
    ) -> None:
        super().__init__(scope, id)
        if not blueprint.has(Kind.LOCAL) or dataset.annotations.manage == "existing":
            return
        gcp, names = blueprint.deployment.gcp, blueprint.names
        Postgres(
            self,
            "server",
            PostgresProps(
                project=gcp.project,
                region=gcp.region,
                name=names.sql_instance,
                protection=protection,
                network_id=names.network_path,
                databases=(names.sql_database(dataset),),
                manage=Manage.EXISTING,
            ),
        )
