"""A local deployment and datasets that say just what a test needs."""

from collections.abc import Mapping
from typing import Protocol

import pytest

from karst.config.dataset import Dataset
from karst.config.deployment import Deployment


class MakeDataset(Protocol):
    """Makes a dataset from the keys that matter."""

    def __call__(self, name: str, **keys: object) -> Dataset: ...


@pytest.fixture
def deployment() -> Deployment:
    return deployment_with({})


@pytest.fixture
def make_dataset() -> MakeDataset:
    def make(name: str, **keys: object) -> Dataset:
        volume = {"images": "precomputed://gs://lab-em/a", "resolution_nm": [4, 4, 40], "name": f"{name}_volume"}
        return Dataset.model_validate({"name": name, "aligned_volume": volume, **keys})

    return make


def deployment_with(keys: Mapping[str, object]) -> Deployment:
    plain = {
        "name": "api",
        "kinds": ["local", "clio"],
        "gcp": {"project": "lab-cave", "project_number": "123456789012", "region": "us-east4", "zone": "us-east4-a"},
        "dns": {"zone": "example-org", "domain": "example.org"},
        "global": {"host": "global.example.org"},
    }
    return Deployment.model_validate({**plain, **keys})
