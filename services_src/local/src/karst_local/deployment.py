"""What the runner is told of the deployment that it rehearses: data that the command line derives from the YAML files.

The two share no code: this is the form of a document between them, like `datasets.json`.
"""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from karst_local.faults import Exit, LocalError

VERSION = 1


class Clio(BaseModel):
    """A dataset in the connectomics store."""

    key: str | None = None
    title: str | None = None
    versions: tuple[str, ...] = ()
    neuprint_server: str | None = None
    neuprint_dataset: str | None = None


class Datastack(BaseModel):
    """A segmentation of a dataset."""

    name: str
    segmentation_source: str | None = None
    local_server: str | None = None


class Group(BaseModel):
    """A group of people, and what they may do with a dataset."""

    permissions: tuple[str, ...] = ()


class Dataset(BaseModel):
    """A dataset of `datasets.json`, as far as the demo needs it; other keys are others' business."""

    name: str
    title: str = ""
    description: str = ""
    public: bool = False
    image_source: str = ""
    position: tuple[int, int, int] | None = None
    resolution_nm: tuple[float, float, float] | None = None
    groups: dict[str, Group] = Field(default_factory=dict)
    datastacks: tuple[Datastack, ...] = ()
    clio: Clio | None = None


class _Datasets(BaseModel):
    version: int = Field(ge=1, le=1)
    datasets: tuple[Dataset, ...] = ()


class Deployment(BaseModel):
    """The deployment: its name, who administers it, its `datasets.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=VERSION, le=VERSION)]
    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_-]+$")
    title: str
    owner: str = Field(pattern=r"^[^@\s/]+@[^@\s/]+$", max_length=320)
    owner_name: str
    document: dict[str, JsonValue]
    """`datasets.json`, whole."""

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The datasets in the document."""
        return _Datasets.model_validate(self.document).datasets

    def datasets_json(self, server: str) -> str:
        """The document as a file, with the services of this machine, at `server`, in place of the cloud's."""
        text = json.dumps(self.document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        declared = {stack.local_server for each in self.datasets for stack in each.datastacks if stack.local_server}
        for address in sorted(declared, key=len, reverse=True):
            text = text.replace(address, server)
        return text


def read_deployment(text: str) -> Deployment:
    """Read what the command line sent. Raises LocalError."""
    try:
        deployment = Deployment.model_validate_json(text)
        _Datasets.model_validate(deployment.document)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise LocalError(
            Exit.USAGE, f"What the deployment says can't be read ({faults}). Start the platform with `karst up`"
        ) from None
    return deployment
