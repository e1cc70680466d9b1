"""A deployment of both kinds that runs every image of upstream, those off by default included."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import karst.upstream
from karst.blueprint import Blueprint
from karst.config.dataset import Dataset
from karst.config.deployment import Deployment
from karst.config.service import load_services
from karst.config.service_runtime import ImageOrigin
from karst.config.service_templates import load_templates
from karst.derived.workloads import Catalog, Workload, workloads

FOLDER = Path(karst.upstream.__file__).parent
SERVICES = load_services(FOLDER)
PLAIN: dict[str, object] = {
    "name": "lab",
    "kinds": ["global", "local"],
    "gcp": {"project": "lab-cave", "project_number": "123456789012", "region": "us-east4", "zone": "us-east4-a"},
    "dns": {"zone": "example-org", "domain": "example.org"},
    "redis": {role: {"manage": "existing"} for role in ("broker", "cache", "global")},
}
GRAPH = {"graphs": {"minnie_v1": {}}, "datastacks": {"minnie": {"segmentation": {"graph": "minnie_v1"}}}}
FLAT = {"datastacks": {"fly": {"segmentation": {"source": "precomputed://gs://lab-seg/flat"}}}}


def dataset(name: str, **keys: object) -> Dataset:
    volume = {"images": "precomputed://gs://lab-em/a", "resolution_nm": [4, 4, 40]}
    return Dataset.model_validate({"name": name, "aligned_volume": volume, **keys})


DATASETS = (
    dataset("flies", **FLAT),
    dataset("mice", **GRAPH),
    dataset("old", state="retired", datastacks={"gone": FLAT["datastacks"]["fly"]}),
)


@cache
def catalog() -> Catalog:
    templates = {ImageOrigin.UPSTREAM: load_templates(FOLDER, SERVICES)}
    return Catalog(ours={}, tags={}, upstream=SERVICES, templates=templates)


def blueprint(
    changes: Mapping[str, object] | None = None, *, every: bool = True, datasets: tuple[Dataset, ...] = DATASETS
) -> Blueprint:
    """The deployment with `changes` in its configuration; without `every`, what runs by default."""
    chosen = {
        name: {"enabled": True, "image": {"source": "upstream", "version": service.image.version}}
        for name, service in SERVICES.items()
        if every
    }
    keys = dict(changes or {})
    said = keys.pop("services", {})
    assert isinstance(said, dict)
    services = {name: {**chosen.get(name, {}), **said.get(name, {})} for name in chosen.keys() | said.keys()}
    told = {**PLAIN, "images": {"fallback": "upstream"}, **keys, "services": services}
    deployment = Deployment.model_validate(told)
    return Blueprint(deployment=deployment, datasets=datasets, workloads=workloads(deployment, catalog()))


def workload(of: Blueprint, name: str) -> Workload:
    return next(one for one in of.workloads if one.name == name)
