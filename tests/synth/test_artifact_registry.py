"""What the image registry promises."""

from __future__ import annotations

import pytest
from cdktn import TerraformStack

from karst.gcp.artifact_registry import ImageRegistry, ImageRegistryProps
from tests.synth.support import Document, only, resources, synth


def synth_registry(repository_id: str = "lab-services", keep_recent: int = 10) -> Document:
    def build(stack: TerraformStack) -> None:
        props = ImageRegistryProps(
            repository_id=repository_id, project="lab-project", location="us-east4", keep_recent=keep_recent
        )
        registry = ImageRegistry(stack, "images", props)
        assert registry.url == "us-east4-docker.pkg.dev/lab-project/lab-services"
        registry.grant_pull("lab-node@lab-project.iam.gserviceaccount.com")
        registry.grant_push("lab-build@lab-project.iam.gserviceaccount.com")

    return synth(build)


def test_a_tag_never_moves_and_images_are_scanned() -> None:
    repository = only(synth_registry(), "google_artifact_registry_repository")
    assert repository["format"] == "DOCKER"
    assert repository["docker_config"] == {"immutable_tags": True}
    assert repository["vulnerability_scanning_config"] == {"enablement_config": "INHERITED"}


def test_recent_images_outlive_the_clean_up() -> None:
    repository = only(synth_registry(), "google_artifact_registry_repository")
    assert repository["cleanup_policy_dry_run"] is False
    assert repository["cleanup_policies"] == [
        {"id": "delete-old", "action": "DELETE", "condition": {"older_than": "7776000s"}},
        {"id": "keep-recent", "action": "KEEP", "most_recent_versions": {"keep_count": 10}},
    ]


def test_pulling_and_pushing_take_a_grant_each() -> None:
    members = resources(synth_registry(), "google_artifact_registry_repository_iam_member")
    assert {name: (body["repository"], body["role"]) for name, body in members.items()} == {
        "images__pull_lab_node": ("lab-services", "roles/artifactregistry.reader"),
        "images__push_lab_build": ("lab-services", "roles/artifactregistry.writer"),
    }


def test_names_the_cloud_refuses() -> None:
    with pytest.raises(ValueError, match="repository id 'Lab_services' must have 1-63 lower-case letters"):
        synth_registry("Lab_services")


def test_keeping_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="keep_recent must be at least 1, not 0: running images must stay"):
        synth_registry(keep_recent=0)
