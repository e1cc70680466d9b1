"""`<name>-data-<dataset>`: what lives as long as a dataset."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.dataset import Dataset
from karst.config.types import DatasetState, Kind
from karst.derived.lifecycle import dataset_protection
from karst.platform.dataset_database import DatasetDatabase
from karst.platform.dataset_objects import DatasetObjects, DatasetSearch
from karst.platform.dataset_tables import DatasetTables
from karst.stack import KarstStack
from stacks.base import stack_props


class DatasetStack(KarstStack):
    """Buckets, tables and databases of one dataset, and the grants of the services on exactly these.

    A removed dataset keeps its stack, empty, so that a plan shows what goes.
    """

    def __init__(self, scope: Construct, blueprint: Blueprint, dataset: Dataset) -> None:
        protection = dataset_protection(dataset)
        super().__init__(scope, blueprint.names.stacks.dataset(dataset.name), stack_props(blueprint, protection))
        if dataset.state is DatasetState.REMOVED:
            return
        DatasetObjects(self, "objects", blueprint, dataset, protection)
        DatasetDatabase(self, "sql", blueprint, dataset, protection)
        DatasetSearch(self, "search", blueprint, dataset, protection)
        if blueprint.has(Kind.LOCAL):
            DatasetTables(self, "tables", blueprint, dataset, protection)
