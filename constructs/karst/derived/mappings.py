"""What services look up by name: permissions of tables, level-2 statistics, the datastacks of a host."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from karst.config.dataset import Dataset, Datastack
from karst.config.deployment import Deployment
from karst.config.types import DatasetState
from karst.derived.bigtable import l2_table_name


@dataclass(frozen=True, kw_only=True, order=True)
class TableMapping:
    """Says which auth dataset decides over a table of a service."""

    service: str
    table: str
    dataset: str


def active(datasets: Iterable[Dataset]) -> tuple[Dataset, ...]:
    """Datasets that services know, by name."""
    return tuple(sorted((one for one in datasets if one.state is DatasetState.ACTIVE), key=lambda one: one.name))


def table_mappings(datasets: Iterable[Dataset]) -> tuple[TableMapping, ...]:
    """Three kinds of names lead to a dataset's permissions: its volume, its datastacks, its graphs."""
    found: set[TableMapping] = set()
    for dataset in active(datasets):
        permit = dataset.auth_dataset
        found.add(TableMapping(service="aligned_volume", table=dataset.volume_name, dataset=permit))
        found |= {TableMapping(service="datastack", table=name, dataset=permit) for name in dataset.datastacks}
        found |= {TableMapping(service="pychunkedgraph", table=name, dataset=permit) for name in dataset.graphs}
    return tuple(sorted(found))


def segmentation_source(deployment: Deployment, stack: Datastack) -> str:
    """Where clients read a datastack's segmentation. CAVEclient takes the text behind the last slash as the graph."""
    graph = stack.segmentation.graph
    if graph is not None:
        return f"graphene://https://{deployment.host}/segmentation/table/{graph}"
    if stack.segmentation.source is None:
        raise ValueError("a segmentation without graph and source can't be loaded")
    return stack.segmentation.source


def l2_table_map(deployment: Deployment, datasets: Iterable[Dataset]) -> dict[str, dict[str, str]]:
    """Graph to the place of its level-2 statistics, as the level-2 service reads it."""
    found = {
        graph: {
            "cv_path": f"graphene://https://{deployment.host}/segmentation/table/{graph}",
            "l2cache_id": l2_table_name(graph, declared),
        }
        for dataset in active(datasets)
        for graph, declared in dataset.graphs.items()
        if declared.l2cache
    }
    found |= {
        graph: {"cv_path": table.cv_path, "l2cache_id": table.l2cache_id}
        for graph, table in deployment.l2cache.tables.items()
    }
    return dict(sorted(found.items()))


def graph_ids(deployment: Deployment, datasets: Iterable[Dataset]) -> tuple[str, ...]:
    """Graphs that the deployment serves."""
    declared = {graph for dataset in active(datasets) for graph in dataset.graphs}
    return tuple(sorted(declared | set(deployment.pychunkedgraph.graph_ids)))


def auth_info(deployment: Deployment, datasets: Iterable[Dataset]) -> dict[str, object]:
    """Body of `/auth_info`, from which viewers learn where to sign in. No slash at the end of `login_url`."""
    names = sorted(name for dataset in active(datasets) for name in dataset.datastacks)
    return {
        "login_url": f"https://{deployment.global_host or deployment.host}/sticky_auth",
        "supported_datastacks": names,
    }
