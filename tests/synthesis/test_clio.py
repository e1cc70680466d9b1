"""The connectomics store on Cloud Run: what its deployment tells it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.examples import ExampleStack


@pytest.fixture
def container(examples: dict[str, ExampleStack]) -> dict[str, Any]:
    services = examples["clio-run"].content["resource"]["google_cloud_run_v2_service"]
    (found,) = services["services__clio__service"]["template"]["containers"]
    return found


def test_it_is_told_what_the_deployment_says(container: dict[str, Any]) -> None:
    told = {each["name"]: each["value"] for each in container["env"]}
    expected = {
        "ALLOWED_ORIGINS": "*,https://clio.example.com,https://neuroglancer.example.com",
        "CLIO_SUBVOL_WIDTH": "256",
        "GOOGLE_CLOUD_PROJECT": "fly-connectome-clio",
        "KARST_FIRESTORE_DATABASE": "clio",
        "OWNER": "owner@example.com",
        "SIG_BUCKET": "fly-connectome-clio-clio-signatures",
        "TRANSFER_DEST": "fly-connectome-clio-clio-transfer",
        "TRANSFER_FUNC": "https://transfer.example.com",
        "URL_PREFIX": "/clio",
    }
    assert {name: told.get(name) for name in expected} == expected
    assert not {"PORT", "K_SERVICE", "TEST_USER"} & told.keys(), "Cloud Run refuses to be told the first two"


def test_it_finds_its_secrets_as_files(container: dict[str, Any]) -> None:
    told = {each["name"]: each["value"] for each in container["env"]}
    mounts = {each["mount_path"] for each in container["volume_mounts"]}
    wanted = {f"{told['KARST_SECRETS']}/{name}" for name in ("flyem_secret", "neuprint_application_credentials")}
    assert wanted <= mounts
