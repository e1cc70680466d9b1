"""Bigtable tables of a dataset: its supervoxel graphs and the statistics of their level-2 pieces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from karst.config.dataset import Dataset, Graph


@dataclass(frozen=True, kw_only=True)
class Family:
    """A column family with what Bigtable may collect; both None keeps everything for ever."""

    max_versions: int | None = None
    max_age_hours: int | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table with its families by name."""

    name: str
    families: Mapping[str, Family] = field(default_factory=dict)


_ATOMIC_CROSS_EDGES = Family(max_age_hours=24 * 365)
"""Layout 3 writes these only during ingest, which takes days; a year is far beyond."""

GRAPH_FAMILIES: Mapping[int, Mapping[str, Family]] = {
    2: {"0": Family(), "1": Family(max_versions=1), "2": Family(), "3": Family()},
    3: {"0": Family(), "1": Family(max_versions=1), "2": Family(), "3": _ATOMIC_CROSS_EDGES, "4": Family()},
}
"""Families by layout: 0 nodes with their whole history, 1 counters, 2 operations, 3 and 4 edges across chunks."""

L2_FAMILIES: Mapping[str, Family] = {"0": Family(max_versions=1)}


def l2_table_name(graph: str, declared: Graph) -> str:
    """Table with the statistics of a graph's level-2 pieces."""
    return declared.l2cache_table or f"l2cache_{graph}"


def bigtable_tables(dataset: Dataset) -> tuple[Table, ...]:
    """The tables that a dataset needs and that nobody made before it, by name."""
    tables: list[Table] = []
    for name, graph in sorted(dataset.graphs.items()):
        if graph.manage == "create":
            tables.append(Table(name=name, families=GRAPH_FAMILIES[graph.layout]))
            if graph.l2cache:
                tables.append(Table(name=l2_table_name(name, graph), families=L2_FAMILIES))
    return tuple(sorted(tables, key=lambda table: table.name))
