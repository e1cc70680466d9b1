"""Inputs of terraform-google-cave: names that its modules make are made again, and nothing is unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from karst.adoption.terraform import INPUTS
from karst_cli.main import create_app

TERRAGRUNT = """\
locals {
  environment = "api"
}
inputs = {
  environment                     = local.environment
  cluster_prefix                  = "apiv3"
  owner                           = "kelp"
  project_id                      = "kelp-lab-cave"
  region                          = "us-east4"
  zone                            = "us-east4-b"
  dns_zone                        = "kelp-zone"
  domain_name                     = "kelp.example.org"
  letsencrypt_email               = "ops@example.org"
  dns_entries = {
    new   = { zone = "kelp-zone", domain_name = "apiv3.kelp.example.org" }
    alias = { zone = "brand-zone", domain_name = "kelp.example.com" }
  }
  sql_instance_name               = "cave-api"
  sql_instance_memory_gb          = 26
  sql_max_connections             = 20000
  postgres_version                = "POSTGRES_18"
  bigtable_google_project         = "kelp-lab-data"
  bigtable_instance_name          = "pychunkedgraph"
  pcg_bucket_name                 = "kelp-lab-pcg"
  skeleton_cache_cloudpath        = "gs://kelp-skeletons/v4"
  skeleton_cache_public_read      = true
  global_server                   = "hub.kelp.example.org"
  state_bucket                    = "kelp-tf-state"
  cave_secret_name                = "api-cave-token"
  deletion_protection             = false
  enable_vertical_pod_autoscaling = true
  mesh_machine_type               = "t2d-standard-8"
  max_nodes_mesh                  = 60
  gcp_user_account                = "ada@example.org"
  helm_config_dir                 = "helm"
}
"""
ONLY_THERE = (
    "owner gcp_user_account state_bucket local_environment_name local_cluster_prefix cave_secret_name "
    "deletion_protection enable_vertical_pod_autoscaling redis_version pcg_redis_memory_size_gb sql_work_mem_mb "
    "sql_temp_file_limit_gb sql_maintenance_work_mem_gb sql_max_connections postgres_version "
    "skeleton_cache_public_read materialization_dump_bucket_public_access_prevention helm_config_dir "
    "helm_terraform_state_url workload_identity_kubernetes_sa_name workload_identity_kubernetes_namespace "
    "temp_file_limit work_mem max_parallel_maintenance_workers postgres_write_user vpc_name_override "
    "pcg_redis_name_override local_sql_instance_name docker_registry"
)


def import_inputs(folder: Path, text: str) -> tuple[dict[str, Any], str]:
    file = folder / "terragrunt.hcl"
    file.write_text(text, encoding="utf-8")
    typed = ["import", str(file), "--output", str(folder / "environments"), "--strict"]
    result = CliRunner().invoke(create_app(typed), typed)
    assert result.exit_code == 0, result.output
    written: dict[str, Any] = yaml.safe_load((folder / "environments/api/deployment.yaml").read_text("utf-8"))
    return written, result.output


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    return import_inputs(tmp_path_factory.mktemp("inputs"), TERRAGRUNT)


def test_the_table_knows_every_input() -> None:
    assert [name for name in ONLY_THERE.split() if name not in INPUTS] == []


def test_names_that_modules_make(imported: tuple[dict[str, Any], str]) -> None:
    written, _ = imported
    assert written["name"] == "api"
    assert written["kinds"] == ["local"]
    assert written["gcp"]["cluster"] == {"name": "apiv3-cave", "vertical_pod_autoscaling": True}
    assert written["gcp"]["network"] == {"name": "kelp-api-vpc", "subnet": "kelp-api-vpc-sub"}
    assert written["pubsub"]["prefix"] == "apiv3"
    assert written["redis"]["cache"]["name"] == "kelp-api-pcg-redis"
    assert written["redis"]["broker"]["name"] == "apiv3-mat-redis"
    assert written["buckets"]["skeleton"] == {"manage": "existing", "name": "kelp-skeletons", "path": "v4"}
    assert written["buckets"]["dump"] == {"manage": "existing", "name": "kelp-api-materialization-dump"}
    assert written["dns"]["hostnames"] == [
        {"name": "apiv3.kelp.example.org"},
        {"name": "kelp.example.com", "zone": "brand-zone"},
    ]
    assert written["gcp"]["pools"]["mesh"]["machine_type"] == "t2d-standard-8"
    assert written["gcp"]["pools"]["mesh"]["max_nodes"] == 60
    assert written["services"]["skeletoncache"]["account"] == "skeleton-apiv3-default"
    assert written["state"] == {"bucket": "kelp-tf-state"}


def test_the_databases_are_used_as_they_are(imported: tuple[dict[str, Any], str]) -> None:
    sql = imported[0]["sql"]
    assert sql | {"manage": "existing", "instance": "cave-api", "cpu": 4, "memory_gb": 26} == sql
    assert sql["flags"] == {"max_connections": 20000}


def test_secrets_come_from_upstreams_secrets(imported: tuple[dict[str, Any], str]) -> None:
    written, said = imported
    assert written["secrets"]["service_token"] == "secret:api-imported-service-token"
    assert (
        "gcloud secrets versions access latest --secret=api-cave-token | jq -j .token | gcloud secrets create" in said
    )
    assert "--secret=api-postgres-credentials | jq -j .password" in said
    assert "secrets/api/cave-secret.json" not in said


def test_subscriptions_that_are_called_otherwise_are_not_taken_over(imported: tuple[dict[str, Any], str]) -> None:
    written, said = imported
    ids = [entry["id"] for entry in written["imports"]]
    assert not any("TRIGGER" in one for one in ids)
    assert "projects/kelp-lab-cave/subscriptions/apiv3_PCG_HIGH_PRIORITY_REMESH" in ids
    assert "apiv3_default_L2CACHE_HIGH_PRIORITY_TRIGGER" in said


def test_sizes_that_do_not_go_together_leave_the_rest(tmp_path: Path) -> None:
    written, said = import_inputs(tmp_path, TERRAGRUNT.replace("= 26", "= 400"))
    assert written["sql"]["instance"] == "cave-api"
    assert "memory_gb" not in written["sql"]
    assert "sql_instance_memory_gb (terragrunt.hcl:19): Its value is none that sql.memory_gb can take" in said
