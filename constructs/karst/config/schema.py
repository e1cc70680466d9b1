"""JSON schemas of the configuration, made from the models: editors complete and check YAML with them."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from karst.config.approvals import Approvals
from karst.config.dataset import Dataset
from karst.config.deployment import Deployment
from karst.config.service import Service
from karst.derived.datasets_json import DatasetsDocument

SCHEMAS_FOLDER = Path("docs/schemas")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODELS: Mapping[str, tuple[type[BaseModel], str]] = {
    "deployment": (Deployment, "environments/<deployment>/deployment.yaml"),
    "dataset": (Dataset, "environments/<deployment>/datasets/<dataset>.yaml"),
    "service": (Service, "services_src/<service>/service.yaml"),
    "approvals": (Approvals, "environments/<deployment>/approvals.yaml"),
    "datasets": (DatasetsDocument, "datasets.json, which services read"),
}


def render_schemas() -> dict[str, str]:
    """The text of each schema by file name. The same models give the same bytes."""
    return {file_name(kind): _render(model, where) for kind, (model, where) in MODELS.items()}


def file_name(kind: str) -> str:
    """The schema's file of a `kind` of YAML: deployment, dataset, service or approvals."""
    return f"{kind}.json"


def first_line(kind: str, yaml_file: Path, repository: Path) -> str:
    """The comment that leads an editor from `yaml_file` to its schema, by a relative path."""
    target = os.path.relpath(repository / SCHEMAS_FOLDER / file_name(kind), yaml_file.parent)
    return f"# yaml-language-server: $schema={Path(target).as_posix()}"


def _render(model: type[BaseModel], where: str) -> str:
    schema = model.model_json_schema(by_alias=True, mode="validation")
    head = {"$schema": DIALECT, "title": f"{model.__name__} ({where})"}
    return json.dumps({**head, **{key: value for key, value in schema.items() if key != "title"}}, indent=2) + "\n"
