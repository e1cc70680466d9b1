"""A dataset: one aligned volume with its datastacks, `environments/<deployment>/datasets/<name>.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from karst.config.base import Model
from karst.config.buckets import BucketOrPath, PublicAccess
from karst.config.types import (
    BigtableTableId,
    DatasetName,
    DatasetState,
    FieldName,
    HttpsUrl,
    ImageSource,
    OnRemoval,
    Point,
    Resolution,
    SegmentationSource,
    SqlName,
)

Text = Annotated[str, StringConstraints(max_length=500)]
Shown = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Bounds(Model):
    """The box that the images fill, in voxels of the finest resolution."""

    min: Point = Field(default=(0, 0, 0), description="First voxel.")
    max: Point = Field(description="Voxel after the last.", examples=[[262144, 262144, 14088]])

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if any(high <= low for low, high in zip(self.min, self.max, strict=True)):
            raise ValueError(
                f"max {list(self.max)} is not above min {list(self.min)} on every axis. Write x, y, z in voxels"
            )
        return self


class ImageMirror(Model):
    """Another place from which the same images can be read."""

    name: FieldName = Field(description="Name by which clients ask for it.", examples=["gcp"])
    source: ImageSource = Field(description="Where the images stand.", examples=["precomputed://gs://lab-em/minnie"])
    layer: Shown | None = Field(default=None, description="Name of the layer in viewers.", examples=["img"])
    description: Text = Field(default="", description="One line for people.")


class AlignedVolume(Model):
    """A set of images, aligned once, under which any number of segmentations and annotations lie."""

    name: FieldName | None = Field(
        default=None,
        description="Name in URLs and of the database; by default the dataset's. It can't be changed.",
        examples=["minnie65_phase3"],
    )
    display_name: Shown | None = Field(default=None, description="Name for people.")
    description: Text = Field(default="", description="What it shows.")
    images: ImageSource = Field(description="Where the images stand.", examples=["precomputed://gs://lab-em/minnie"])
    mirrors: tuple[ImageMirror, ...] = Field(default=(), description="Other places with the same images.")
    resolution_nm: Resolution = Field(description="Size of a voxel, nm.", examples=[[4, 4, 40]])
    bounds: Bounds | None = Field(default=None, description="Box of the images, voxels.")


class Graph(Model):
    """A supervoxel graph that people proofread."""

    manage: Literal["create", "existing"] = Field(default="create", description="Who makes its table.")
    layout: Literal[2, 3] = Field(
        default=3, description="Layout of its table: 2 as in older graphs, 3 in new ones. It can't be changed."
    )
    l2cache: bool = Field(default=True, description="Keep statistics of its level-2 pieces.")
    l2cache_table: BigtableTableId | None = Field(
        default=None, description="Table of these; by default `l2cache_<graph>`."
    )
    meshes: bool = Field(default=True, description="Make meshes.")
    bucket: BucketOrPath | None = Field(
        default=None, description="Where edges, components and meshes stand; by default the dataset's own bucket."
    )


class Segmentation(Model):
    """What gives voxels their ids: a graph of this dataset, or a flat volume."""

    graph: BigtableTableId | None = Field(
        default=None, description="Name of a graph declared under `graphs`.", examples=["minnie65_v1"]
    )
    source: SegmentationSource | None = Field(
        default=None,
        description="Flat segmentation, or a graph of another server.",
        examples=["precomputed://gs://lab-seg/flat"],
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.graph is None) == (self.source is None):
            raise ValueError("a segmentation is either a graph or a source. Write one of the two")
        return self


class Datastack(Model):
    """An aligned volume paired with a segmentation: what people analyse, by its name."""

    display_name: Shown | None = Field(default=None, description="Name for people.")
    description: Text = Field(default="", description="What it is for.")
    layer: Shown | None = Field(default=None, description="Name of the segmentation layer in viewers.")
    segmentation: Segmentation = Field(description="What gives voxels their ids.")
    skeleton_source: str | None = Field(
        default=None, max_length=200, description="Where viewers read skeletons; by default the skeleton service."
    )
    viewer_site: HttpsUrl | None = Field(default=None, description="Viewer of its links; by default the deployment's.")
    viewer_resolution: Resolution | None = Field(
        default=None, description="Voxel size of its links, nm; by default that of the images."
    )
    base_link: int | None = Field(
        default=None, ge=1, description="Id of a shared link to which image and segmentation are added."
    )
    synapse_table: SqlName | None = Field(default=None, description="Table of synapses.", examples=["synapses_pni_2"])
    soma_table: SqlName | None = Field(default=None, description="Table of cell bodies.")
    proofreading_status_table: SqlName | None = Field(default=None, description="Table of proofreading status.")
    proofreading_review_table: SqlName | None = Field(default=None, description="Table of reviews.")
    cell_identification_table: SqlName | None = Field(default=None, description="Table of cell types.")


class AnnotationTable(Model):
    """A table of annotations that exists from the start."""

    schema_type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] = Field(
        description="Annotation schema.", examples=["synapse"]
    )
    description: Annotated[str, StringConstraints(min_length=1, max_length=5000)] = Field(
        description="What it holds, who made it, what to cite."
    )
    write_permission: Literal["PRIVATE", "GROUP", "PUBLIC"] = Field(default="PRIVATE", description="Who may write.")
    read_permission: Literal["PRIVATE", "GROUP", "PUBLIC"] = Field(default="PUBLIC", description="Who may read.")
    resolution_nm: Resolution | None = Field(
        default=None, description="Voxel size of its points, nm; by default that of the images."
    )


class Annotations(Model):
    """The dataset's annotations."""

    manage: Literal["create", "existing"] = Field(default="create", description="Who makes the database.")
    database: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=63)] | None = Field(
        default=None, description="Database; by default the aligned volume's name. A new name is a new, empty database."
    )
    tables: dict[SqlName, AnnotationTable] = Field(
        default_factory=dict, description="Tables that exist from the start."
    )


class DatasetMaterialization(Model):
    """Frozen versions of this dataset."""

    enabled: bool = Field(default=True, description="Whether versions are made.")
    keep_days: int | None = Field(
        default=None, ge=1, le=3650, description="Days that a version is kept; by default the deployment's."
    )


class Group(Model):
    """A group of people and what it may do with the dataset."""

    permissions: tuple[Literal["view", "edit", "admin_view"], ...] = Field(
        default=("view",), description="What its members may do."
    )
    members: tuple[Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")], ...] = Field(
        default=(),
        description="Members made at the start; people are otherwise added in the pages.",
        examples=[["jill@example.org"]],
    )


class Permissions(Model):
    """Who may see and edit the dataset."""

    dataset: FieldName | None = Field(
        default=None, description="Name in auth; by default the dataset's. Several may share one."
    )
    groups: dict[FieldName, Group] = Field(
        default_factory=dict,
        description="Groups and what they may do.",
        examples=[{"harvard": {"permissions": ["view", "edit"]}}],
    )
    terms_of_service: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, description="Name of terms that people accept before they see it."
    )


class DatasetViewer(Model):
    """Defaults of links to the dataset."""

    site: HttpsUrl | None = Field(default=None, description="Viewer; by default the deployment's.")
    position: Point | None = Field(default=None, description="Where a link opens, voxels.")


class ClioSearch(Model):
    """Search of places that look alike, by image signatures."""

    max_distance: int = Field(default=8, ge=1, le=64, description="Bits in which two signatures may differ.")


class ClioDataset(Model):
    """The dataset in the connectomics store."""

    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$", max_length=60)] | None = Field(
        default=None, description="Key in the store; by default the dataset's name.", examples=["VNC"]
    )
    title: Shown | None = Field(default=None, description="Title; by default the dataset's.")
    search: ClioSearch | None = Field(default=None, description="Search by image signatures; makes its tables.")
    versions: tuple[str, ...] = Field(
        default=(), description="Tags under which annotations are frozen.", examples=[["v0.9"]]
    )
    neuprint_server: HttpsUrl | None = Field(default=None, description="neuPrint server that knows it.")
    neuprint_dataset: str | None = Field(
        default=None, max_length=100, description="Its name there.", examples=["hemibrain:v1.2"]
    )


class DatasetBucket(Model):
    """The dataset's own bucket: edges, components, meshes."""

    manage: Literal["create", "existing"] = Field(default="create", description="Who makes it.")
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$")] | None = Field(
        default=None, description="Name; by default `<project>-<deployment>-<dataset>`.", examples=["lab-minnie-pcg"]
    )
    location: str | None = Field(default=None, description="Region or multi-region; by default the deployment's.")


class Dataset(Model):
    """One aligned volume with its datastacks, declared once; everything else derives from it."""

    name: DatasetName = Field(description="Name, equal to the file's. It can't be changed.", examples=["minnie"])
    state: DatasetState = Field(
        default=DatasetState.ACTIVE, description="`retired` lifts protection, `removed` deletes; then the file may go."
    )
    on_removal: OnRemoval = Field(
        default=OnRemoval.KEEP, description="What becomes of buckets and tables when it is removed."
    )
    title: Shown | None = Field(default=None, description="Title for people; by default the name.")
    description: Text = Field(default="", description="What it is.")
    public: PublicAccess | None = Field(default=None, description="Everybody may see it, with the reason.")
    aligned_volume: AlignedVolume = Field(description="The images.")
    graphs: dict[BigtableTableId, Graph] = Field(default_factory=dict, description="Supervoxel graphs by table.")
    datastacks: dict[FieldName, Datastack] = Field(default_factory=dict, description="Datastacks by name.")
    annotations: Annotations = Field(default=Annotations(), description="Annotations.")
    materialization: DatasetMaterialization = Field(default=DatasetMaterialization(), description="Frozen versions.")
    permissions: Permissions = Field(default=Permissions(), description="Who may see and edit it.")
    viewer: DatasetViewer = Field(default=DatasetViewer(), description="Defaults of links.")
    clio: ClioDataset | None = Field(
        default=None, description="The dataset in the connectomics store; absent, clio doesn't know it."
    )
    bucket: DatasetBucket = Field(default=DatasetBucket(), description="Its own bucket.")

    @model_validator(mode="after")
    def _graphs_exist(self) -> Self:
        for name, stack in sorted(self.datastacks.items()):
            graph = stack.segmentation.graph
            if graph is not None and graph not in self.graphs:
                known = ", ".join(sorted(self.graphs)) or "none"
                raise ValueError(
                    f"datastack {name} names the graph {graph}, which is not declared (declared: {known}). "
                    "Declare it under graphs"
                )
        return self

    @property
    def volume_name(self) -> str:
        """Name of the aligned volume."""
        return self.aligned_volume.name or self.name

    @property
    def auth_dataset(self) -> str:
        """Name under which auth keeps its permissions."""
        return self.permissions.dataset or self.name
