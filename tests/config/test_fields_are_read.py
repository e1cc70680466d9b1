"""What people can write has an effect: every field of a deployment or dataset is read by what is built from it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from karst.config.dataset import Dataset
from karst.config.deployment import Deployment

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "constructs/karst/config"
MODELS: Mapping[str, type[BaseModel]] = {"deployment": Deployment, "dataset": Dataset}
STORE = "read by the connectomics store, which Karst does not run yet"
MANAGEMENT = "read by Karst's own management of proofreading; upstream's image knows no such setting"
ANNOTATION = "read by Karst's own annotation service, which makes these tables"
UNREAD: Mapping[str, str] = {
    "deployment.tls": "kept for the record of an imported deployment, as its description says",
    "deployment.clio": STORE,
    "dataset.clio": STORE,
    "deployment.pmanagement.datastore_bucket_path": MANAGEMENT,
    "deployment.pmanagement.neuron_information_test_table": MANAGEMENT,
    "deployment.pmanagement.proofreading_review_test_table": MANAGEMENT,
    "dataset.annotations.tables": ANNOTATION,
    "dataset.permissions.groups": "read by Karst's own sign-in service, which makes these groups",
}
"""What nothing reads yet, each with all that stands below it, and why it may be written nevertheless."""
READ_AS_A_WHOLE = frozenset({"deployment.buckets", "deployment.pychunkedgraph.request_logs"})
"""Sections whose keys are taken as they come."""


def fields(model: type[BaseModel], path: str) -> Iterator[str]:
    """Paths of a model's fields and of those below, sections included."""
    for name, field in model.model_fields.items():
        yield f"{path}.{name}"
        for section in models_in(field.annotation):
            yield from fields(section, f"{path}.{name}")


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def attributes_read() -> set[str]:
    """Names of all attributes that are read outside of the models: rules read them too."""
    files = [path for folder in ("constructs", "stacks") for path in (ROOT / folder).rglob("*.py")]
    code = [path for path in files if not path.is_relative_to(CONFIG) or path.is_relative_to(CONFIG / "rules")]
    nodes = (node for path in code for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)}


def unread() -> list[str]:
    """Fields that nobody asks for by their names."""
    known = attributes_read()
    every = (path for name, model in MODELS.items() for path in fields(model, name))
    return sorted(
        {
            path
            for path in every
            if path.rpartition(".")[2] not in known and path.rpartition(".")[0] not in READ_AS_A_WHOLE
        }
    )


def is_within(path: str, section: str) -> bool:
    return path == section or path.startswith(f"{section}.")


def test_every_field_is_read() -> None:
    left = [path for path in unread() if not any(is_within(path, section) for section in UNREAD)]
    assert left == [], "nothing reads these: read them, remove them, or say under UNREAD why they may be written"


def test_what_may_be_unread_is_unread() -> None:
    found = unread()
    stale = [section for section in UNREAD if not any(is_within(path, section) for path in found)]
    assert stale == [], "these are read now: take them out of UNREAD"


def test_sections_are_looked_into() -> None:
    every = set(fields(Deployment, "deployment")) | set(fields(Dataset, "dataset"))
    assert {"deployment.redis.cache.address", "dataset.graphs.bucket.public.reason", "deployment.imports.id"} <= every
    assert every >= UNREAD.keys() | READ_AS_A_WHOLE
    assert len(every) > 400
