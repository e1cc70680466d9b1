"""What secrets promise."""

from __future__ import annotations

import json

import pytest
from cdktn import TerraformStack

from karst.gcp.secret import (
    ExistingSecret,
    ExistingSecretProps,
    GeneratedSecret,
    GeneratedSecretProps,
    Secret,
    SecretProps,
)
from karst.protection import Protection
from tests.synth.support import Document, only, resources, synth


def synth_generated(version: int = 1, length: int = 48, secret_id: str = "lab-token") -> Document:
    def build(stack: TerraformStack) -> None:
        for key in ("one", "two"):
            props = GeneratedSecretProps(
                secret_id=f"{secret_id}-{key}", project="lab-project", value_version=version, length=length
            )
            GeneratedSecret(stack, key, props)

    return synth(build)


def test_value_is_made_while_it_is_stored_and_written_nowhere_else() -> None:
    document = synth_generated(version=3)
    version = resources(document, "google_secret_manager_secret_version")["one__version"]
    assert version["secret_data_wo"] == "${ephemeral.random_password.one__value.result}"
    assert version["secret_data_wo_version"] == "3"
    assert "secret_data" not in version
    assert document["ephemeral"]["random_password"]["one__value"]["length"] == 48
    assert "random_password" not in document["resource"]
    assert "output" not in document


def test_value_survives_any_connection_string() -> None:
    assert synth_generated()["ephemeral"]["random_password"]["one__value"]["special"] is False


def test_rotation_adds_before_it_disables() -> None:
    version = resources(synth_generated(), "google_secret_manager_secret_version")["one__version"]
    assert version["deletion_policy"] == "DISABLE"
    assert version["lifecycle"] == {"create_before_destroy": True}


def test_random_values_come_from_one_provider() -> None:
    assert len(synth_generated()["provider"]["random"]) == 1


@pytest.mark.parametrize(("protection", "refuses"), [(Protection.PROTECTED, True), (Protection.RELEASED, False)])
def test_secret_for_a_person_is_empty_and_protected(protection: Protection, refuses: bool) -> None:
    def build(stack: TerraformStack) -> None:
        Secret(stack, "oauth", SecretProps(secret_id="lab-oauth", project="lab-project", protection=protection))

    document = synth(build, protection)
    secret = only(document, "google_secret_manager_secret")
    assert secret["deletion_protection"] is refuses
    assert secret["replication"] == {"auto": {}}
    assert resources(document, "google_secret_manager_secret_version") == {}
    assert "random" not in json.dumps(document["provider"])


def test_grants_are_on_the_one_secret() -> None:
    def build(stack: TerraformStack) -> None:
        secret = Secret(stack, "oauth", SecretProps(secret_id="lab-oauth", project="lab-project"))
        secret.grant_read("lab-auth@lab-project.iam.gserviceaccount.com")
        secret.grant_add_version("lab-boot@lab-project.iam.gserviceaccount.com")

    members = resources(synth(build), "google_secret_manager_secret_iam_member")
    assert {name: (body["secret_id"], body["role"]) for name, body in members.items()} == {
        "oauth__read_lab_auth": ("lab-oauth", "roles/secretmanager.secretAccessor"),
        "oauth__add_lab_boot": ("lab-oauth", "roles/secretmanager.secretVersionAdder"),
    }


def test_short_values_are_refused() -> None:
    with pytest.raises(ValueError, match="'lab-token-one': length must be at least 32 characters, not 8"):
        synth_generated(length=8)


def test_versions_count_from_one() -> None:
    with pytest.raises(
        ValueError, match="'lab-token-one': value_version counts from 1 and only upwards, it cannot be 0"
    ):
        synth_generated(version=0)


def test_ids_the_cloud_refuses() -> None:
    with pytest.raises(ValueError, match="secret id 'lab token-one' must have 1-255 letters"):
        synth_generated(secret_id="lab token")


@pytest.mark.parametrize(
    ("secret", "project", "secret_id"),
    [("oauth", "lab-project", "oauth"), ("projects/other/secrets/token", "other", "token")],
)
def test_existing_secret_is_granted_and_never_made(secret: str, project: str, secret_id: str) -> None:
    def build(stack: TerraformStack) -> None:
        existing = ExistingSecret(stack, "existing", ExistingSecretProps(secret=secret, project="lab-project"))
        existing.grant_read("lab-web@lab-project.iam.gserviceaccount.com")

    document = synth(build)
    grant = only(document, "google_secret_manager_secret_iam_member")
    assert (grant["project"], grant["secret_id"]) == (project, secret_id)
    assert grant["role"] == "roles/secretmanager.secretAccessor"
    assert resources(document, "google_secret_manager_secret") == {}
