"""`datasets.json`: everything that services get to know of the declared datasets."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic import Field

from karst.config.base import Model
from karst.config.dataset import Annotations, Bounds, ClioDataset, Dataset, Datastack, Group, ImageMirror
from karst.config.deployment import Deployment
from karst.config.types import Kind
from karst.derived.bigtable import l2_table_name
from karst.derived.mappings import active, segmentation_source, table_mappings
from karst.naming import Names


class GraphEntry(Model):
    """A supervoxel graph and where its parts stand."""

    table: str = Field(description="Bigtable table.")
    layout: int = Field(description="Layout of the table.")
    l2cache_table: str | None = Field(description="Table of level-2 statistics, if they are kept.")
    storage: str = Field(description="Folder of edges, components and meshes.")
    meshes: bool = Field(description="Whether meshes are made.")


class DatastackEntry(Model):
    """A datastack as clients are told of it."""

    name: str = Field(description="Name in URLs.")
    display_name: str = Field(description="Name for people.")
    description: str = Field(description="What it is for.")
    layer: str | None = Field(description="Name of the layer in viewers.")
    graph: str | None = Field(description="Its graph, if people proofread it.")
    segmentation_source: str = Field(description="Where clients read it.")
    skeleton_source: str | None = Field(description="Where viewers read skeletons.")
    local_server: str = Field(description="Server of its local services.")
    viewer_site: str = Field(description="Viewer of its links.")
    viewer_resolution: tuple[float, float, float] = Field(description="Voxel size of its links, nm.")
    base_link: int | None = Field(description="Shared link that others start from.")
    synapse_table: str | None = Field(description="Table of synapses.")
    soma_table: str | None = Field(description="Table of cell bodies.")
    proofreading_status_table: str | None = Field(description="Table of proofreading status.")
    proofreading_review_table: str | None = Field(description="Table of reviews.")
    cell_identification_table: str | None = Field(description="Table of cell types.")


class TableMappingEntry(Model):
    """A name that leads to permissions."""

    service: str = Field(description="Namespace: aligned_volume, datastack or pychunkedgraph.")
    table: str = Field(description="Name in it.")
    dataset: str = Field(description="Auth dataset that decides.")


class DatasetEntry(Model):
    """One dataset."""

    name: str = Field(description="Name.")
    title: str = Field(description="Title for people.")
    description: str = Field(description="What it is.")
    public: bool = Field(description="Whether everybody may see it.")
    auth_dataset: str = Field(description="Name under which auth keeps permissions.")
    terms_of_service: str | None = Field(description="Terms that people accept first.")
    groups: dict[str, Group] = Field(description="Groups and what they may do.")
    aligned_volume: str = Field(description="Name of the aligned volume.")
    aligned_volume_display_name: str = Field(description="The volume's name for people.")
    aligned_volume_description: str = Field(description="What the volume shows.")
    image_source: str = Field(description="Where the images stand.")
    image_mirrors: tuple[ImageMirror, ...] = Field(description="Other places with the same images.")
    resolution_nm: tuple[float, float, float] = Field(description="Size of a voxel, nm.")
    bounds: Bounds | None = Field(description="Box of the images, voxels.")
    position: tuple[int, int, int] | None = Field(description="Where links open, voxels.")
    database: str = Field(description="Database of annotations.")
    annotations: Annotations = Field(description="Tables that exist from the start.")
    materialized: bool = Field(description="Whether frozen versions are made.")
    keep_days: int | None = Field(description="Days that a version is kept, if not the deployment's.")
    graphs: tuple[GraphEntry, ...] = Field(description="Graphs, by table.")
    datastacks: tuple[DatastackEntry, ...] = Field(description="Datastacks, by name.")
    table_mappings: tuple[TableMappingEntry, ...] = Field(description="Names that lead to its permissions.")
    clio: ClioDataset | None = Field(description="The dataset in the connectomics store.")
    search_dataset: str | None = Field(description="BigQuery dataset of image signatures.")


class ServiceAccountEntry(Model):
    """A user without a person."""

    name: str = Field(description="Name.")
    groups: tuple[str, ...] = Field(description="Groups it belongs to.")
    secret: str = Field(description="Secret that gets its token.")


class DatasetsDocument(Model):
    """The whole document; services read it again when it changes."""

    version: int = Field(description="Version of this format.", examples=[1])
    deployment: str = Field(description="The deployment's name.")
    datasets: tuple[DatasetEntry, ...] = Field(description="Active datasets, by name.")
    service_accounts: tuple[ServiceAccountEntry, ...] = Field(
        default=(), description="Users without a person, by name."
    )


def datasets_document(deployment: Deployment, datasets: Iterable[Dataset]) -> DatasetsDocument:
    """What services get to know of the active datasets."""
    entries = tuple(_dataset(deployment, dataset) for dataset in active(datasets))
    accounts = tuple(
        ServiceAccountEntry(name=name, groups=one.groups, secret=Names(deployment).account_secret(name))
        for name, one in sorted(deployment.auth.service_accounts.items())
    )
    return DatasetsDocument(version=1, deployment=deployment.name, datasets=entries, service_accounts=accounts)


def datasets_json(deployment: Deployment, datasets: Iterable[Dataset]) -> str:
    """The document as text: the same datasets give the same bytes."""
    document = datasets_document(deployment, datasets)
    return json.dumps(document.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _dataset(deployment: Deployment, dataset: Dataset) -> DatasetEntry:
    names = Names(deployment)
    volume = dataset.aligned_volume
    searched = dataset.clio is not None and dataset.clio.search is not None and Kind.CLIO in deployment.kinds
    return DatasetEntry(
        name=dataset.name,
        title=dataset.title or dataset.name,
        description=dataset.description,
        public=dataset.public is not None,
        auth_dataset=dataset.auth_dataset,
        terms_of_service=dataset.permissions.terms_of_service,
        groups=dict(sorted(dataset.permissions.groups.items())),
        aligned_volume=dataset.volume_name,
        aligned_volume_display_name=volume.display_name or dataset.volume_name,
        aligned_volume_description=volume.description,
        image_source=volume.images,
        image_mirrors=volume.mirrors,
        resolution_nm=volume.resolution_nm,
        bounds=volume.bounds,
        position=dataset.viewer.position,
        database=names.sql_database(dataset),
        annotations=dataset.annotations,
        materialized=dataset.materialization.enabled,
        keep_days=dataset.materialization.keep_days,
        graphs=tuple(_graphs(names, dataset)),
        datastacks=tuple(_datastack(deployment, dataset, name) for name in sorted(dataset.datastacks)),
        table_mappings=tuple(
            TableMappingEntry(service=one.service, table=one.table, dataset=one.dataset)
            for one in table_mappings([dataset])
        ),
        clio=dataset.clio,
        search_dataset=names.search_dataset(dataset) if searched else None,
    )


def _graphs(names: Names, dataset: Dataset) -> Iterable[GraphEntry]:
    for name, graph in sorted(dataset.graphs.items()):
        own = graph.bucket or names.of.buckets.pcg
        bucket = (own.name if own else None) or names.dataset_bucket(dataset)
        folder = f"{own.path}/{name}" if own and own.path else name
        yield GraphEntry(
            table=name,
            layout=graph.layout,
            l2cache_table=l2_table_name(name, graph) if graph.l2cache else None,
            storage=f"gs://{bucket}/{folder}",
            meshes=graph.meshes,
        )


def _datastack(deployment: Deployment, dataset: Dataset, name: str) -> DatastackEntry:
    stack: Datastack = dataset.datastacks[name]
    host = f"https://{deployment.host}"
    skeletons = f"precomputed://{host}/skeletoncache/api/v1/{name}/precomputed/skeleton"
    return DatastackEntry(
        name=name,
        display_name=stack.display_name or name,
        description=stack.description,
        layer=stack.layer,
        graph=stack.segmentation.graph,
        segmentation_source=segmentation_source(deployment, stack),
        skeleton_source=stack.skeleton_source or (skeletons if stack.segmentation.graph else None),
        local_server=host,
        viewer_site=stack.viewer_site or dataset.viewer.site or deployment.viewer.url,
        viewer_resolution=stack.viewer_resolution or dataset.aligned_volume.resolution_nm,
        base_link=stack.base_link,
        synapse_table=stack.synapse_table,
        soma_table=stack.soma_table,
        proofreading_status_table=stack.proofreading_status_table,
        proofreading_review_table=stack.proofreading_review_table,
        cell_identification_table=stack.cell_identification_table,
    )
