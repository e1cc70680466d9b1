"""Buckets of a deployment: their names, how long objects stay, and who may read them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from karst.config.base import Model
from karst.config.types import BucketName, HttpsUrl, Manage


class PublicAccess(Model):
    """Opens something to everybody, on purpose."""

    reason: Annotated[str, StringConstraints(min_length=10, max_length=300)] = Field(
        description="Why everybody may read it; stands in the plan and in the policy report.",
        examples=["Published with the paper of 2026"],
    )


def _location(value: object) -> object:
    """`gs://bucket/path`, `bucket/path` and `bucket` all say the same as name and path."""
    if not isinstance(value, str):
        return value
    name, _, path = value.removeprefix("gs://").partition("/")
    return {"name": name, "path": path.strip("/")} if path.strip("/") else {"name": name}


class Bucket(Model):
    """A bucket of the deployment; text such as `gs://bucket/path` is short for its name and path."""

    manage: Manage = Field(default=Manage.CREATE, description="Who makes the bucket.")
    name: BucketName | None = Field(
        default=None,
        description="Name, unique in the world; by default `<project>-<deployment>-<role>`.",
        examples=["lab-api-skeletons"],
    )
    path: Annotated[str, StringConstraints(pattern=r"^[^/\s][^\s]*[^/\s]$|^[^/\s]$")] | None = Field(
        default=None, description="Folder inside the bucket under which everything stands.", examples=["skeletons/v4"]
    )
    location: str | None = Field(
        default=None,
        description="Region or multi-region; by default the deployment's. Fixed for ever.",
        examples=["US"],
    )
    public: PublicAccess | None = Field(default=None, description="Lets everybody read it.")
    delete_after_days: int | None = Field(
        default=None, ge=1, le=3650, description="Age at which objects go; by default what the role says."
    )
    versioning: bool | None = Field(
        default=None, description="Keep overwritten objects; by default what the role says."
    )


BucketOrPath = Annotated[Bucket, BeforeValidator(_location, json_schema_input_type=Bucket | str)]


class Buckets(Model):
    """The shared buckets; those of a dataset stand in its own file."""

    config: BucketOrPath = Field(default=Bucket(), description="What services read of the datasets (`datasets.json`).")
    dump: BucketOrPath = Field(
        default=Bucket(), description="Exports of materialized tables; they expire after 30 days."
    )
    upload: BucketOrPath = Field(
        default=Bucket(), description="Bulk annotation uploads from the browser; they expire after 14 days."
    )
    skeleton: BucketOrPath = Field(default=Bucket(), description="Cache of skeletons.")
    nglstate: BucketOrPath = Field(default=Bucket(), description="Large shared links.")
    pcg: BucketOrPath | None = Field(
        default=None,
        description="Edges, components and meshes shared by several datasets, where a lab has one bucket for all.",
    )
    signatures: BucketOrPath = Field(default=Bucket(), description="Image signatures of clio.")
    transfer: BucketOrPath = Field(
        default=Bucket(), description="Image cut-outs that clio hands to viewers; they expire after 7 days."
    )
    logs: BucketOrPath = Field(
        default=Bucket(), description="Access logs of the other buckets; they expire after 90 days."
    )


class BucketCors(Model):
    """Who may call buckets from a browser beside the deployment's own hosts."""

    origins: tuple[HttpsUrl, ...] = Field(
        default=(), description="Origins of viewers.", examples=[["https://viewer.example.org"]]
    )
