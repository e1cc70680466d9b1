"""Record the plans that the guard's tests read: each is made by Terraform from a small state written by hand.

Run by hand, `python tests/guard/record.py`, when Terraform's or the provider's format changes. It needs `terraform` and
the Google provider (from a registry, or a mirror named by `TF_CLI_CONFIG_FILE`); nothing is refreshed, so it reaches no
cloud.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PLANS = Path(__file__).parent / "plans"
BUILTIN = "terraform.io/builtin/terraform"
GOOGLE = "registry.terraform.io/hashicorp/google"
ROTATED = "google_secret_manager_secret_version.token"

Json = dict[str, Any]


def protected_stack() -> Json:
    """A dataset's stack in small: what holds data, the grants on it, and a secret that rotates."""
    return {
        "google_storage_bucket.segmentation": {
            "id": "example-h01-segmentation",
            "project": "example-project",
            "force_destroy": False,
            "storage_class": "STANDARD",
            "name": "example-h01-segmentation",
            "location": "EUROPE-WEST4",
            "deletion_policy": "PREVENT",
        },
        "google_bigtable_table.graph": {
            "id": "projects/example-project/instances/graphs/tables/h01",
            "project": "example-project",
            "name": "h01",
            "instance_name": "graphs",
            "deletion_policy": "PREVENT",
            "deletion_protection": "PROTECTED",
        },
        "google_sql_database_instance.main": {
            "id": "demo",
            "project": "example-project",
            "name": "demo",
            "database_version": "POSTGRES_17",
            "region": "europe-west4",
            "deletion_policy": "PREVENT",
            "deletion_protection": True,
            "settings": [
                {
                    "tier": "db-custom-2-8192",
                    "deletion_protection_enabled": True,
                    "activation_policy": "ALWAYS",
                    "availability_type": "ZONAL",
                    "disk_autoresize": True,
                    "disk_autoresize_limit": 0,
                    "pricing_plan": "PER_USE",
                }
            ],
        },
        "google_firestore_database.clio": {
            "id": "projects/example-project/databases/clio",
            "project": "example-project",
            "point_in_time_recovery_enablement": "POINT_IN_TIME_RECOVERY_DISABLED",
            "name": "clio",
            "location_id": "europe-west4",
            "type": "FIRESTORE_NATIVE",
            "deletion_policy": "PREVENT",
            "delete_protection_state": "DELETE_PROTECTION_ENABLED",
        },
        "google_storage_bucket_iam_member.reader": {
            "id": "b/example-h01-segmentation/roles/storage.objectViewer/serviceAccount:demo-pcg",
            "bucket": "example-h01-segmentation",
            "role": "roles/storage.objectViewer",
            "member": "serviceAccount:demo-pcg@example-project.iam.gserviceaccount.com",
        },
        "google_sql_user.materialize": {
            "id": "demo-materialize@example-project.iam//demo",
            "project": "example-project",
            "name": "demo-materialize@example-project.iam",
            "instance": "demo",
            "type": "CLOUD_IAM_SERVICE_ACCOUNT",
            "deletion_policy": "PREVENT",
        },
        ROTATED: {
            "id": "projects/1/secrets/demo-token/versions/1",
            "enabled": True,
            "secret": "projects/1/secrets/demo-token",
            "secret_data_wo_version": 1,
            "deletion_policy": "DISABLE",
        },
    }


COMPUTED = frozenset({"id"})


def declaration_of(state: Json) -> Json:
    """The configuration that would leave `state` as it is."""
    blocks: Json = {}
    for address, values in state.items():
        kind, name = address.split(".")
        blocks.setdefault(kind, {})[name] = {key: value for key, value in values.items() if key not in COMPUTED}
    for version in blocks.get("google_secret_manager_secret_version", {}).values():
        version |= {"secret_data_wo": "example", "lifecycle": {"create_before_destroy": True}}
    return {"resource": blocks}


def google_state(resources: Json, deposed: Json) -> Json:
    """A state file that holds `resources` as if they had been applied."""
    entries = []
    for address, values in resources.items():
        kind, name = address.split(".")
        instances: list[Json] = [{"attributes": values}]
        if address in deposed:
            instances.append({"attributes": deposed[address], "deposed": "00000001"})
        entries.append(
            {
                "mode": "managed",
                "type": kind,
                "name": name,
                "provider": f'provider["{GOOGLE}"]',
                "instances": [
                    {"schema_version": schema_versions()[kind], "create_before_destroy": False} | instance
                    for instance in instances
                ],
            }
        )
    return {"version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": "recorded", "resources": entries}


@cache
def schema_versions() -> dict[str, int]:
    """The version in which the provider keeps each resource type in state; no state of another can be shown."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.tf.json").write_text(json.dumps({"terraform": REQUIRED}))
        schemas = json.loads(terraform(folder, "providers", "schema", "-json"))
    return {
        kind: int(schema["version"]) for kind, schema in schemas["provider_schemas"][GOOGLE]["resource_schemas"].items()
    }


REQUIRED = {"required_providers": {"google": {"source": "hashicorp/google"}}}


@dataclass(kw_only=True)
class Case:
    """One recorded plan: the state before, the configuration after, and how Terraform is asked."""

    state: Json
    config: Json
    deposed: Json
    arguments: tuple[str, ...] = ()

    def remove(self, address: str) -> None:
        """Take a block out of the configuration."""
        kind, name = address.split(".")
        del self.config["resource"][kind][name]
        if not self.config["resource"][kind]:
            del self.config["resource"][kind]

    def declare(self, address: str, **values: object) -> None:
        """Change arguments of a block of the configuration."""
        kind, name = address.split(".")
        self.config["resource"][kind][name] |= values


def block_removed(case: Case) -> None:
    case.remove("google_storage_bucket.segmentation")


def forced_replacement(case: Case) -> None:
    case.declare("google_storage_bucket.segmentation", location="US-EAST1")


def forced_replacement_create_first(case: Case) -> None:
    case.declare("google_bigtable_table.graph", name="h01-new", lifecycle={"create_before_destroy": True})


def whole_destroy(case: Case) -> None:
    case.arguments = ("-destroy",)


def stack_emptied(case: Case) -> None:
    del case.config["resource"]


def dataset_retired(case: Case) -> None:
    lift(case.config["resource"])


def retired_dataset_removed(case: Case) -> None:
    for values in case.state.values():
        lift({"": {"": values}})
    del case.config["resource"]


def kept_dataset_removed(case: Case) -> None:
    for values in case.state.values():
        if values.get("deletion_policy") == "PREVENT":
            values["deletion_policy"] = "ABANDON"
    del case.config["resource"]


def lift(blocks: Json) -> None:
    """Write what a retired stack writes: the provider's policy and the cloud's own switches off."""
    off = {
        "deletion_policy": "DELETE",
        "delete_protection_state": "DELETE_PROTECTION_DISABLED",
        "deletion_protection_enabled": False,
    }
    for named in blocks.values():
        for values in named.values():
            if values.get("deletion_policy") == "DISABLE":
                continue
            values |= {key: value for key, value in off.items() if key in values}
            if "deletion_protection" in values:
                values["deletion_protection"] = "UNPROTECTED" if values["deletion_protection"] == "PROTECTED" else False
            for settings in values.get("settings", []):
                settings["deletion_protection_enabled"] = False


def secret_rotated(case: Case) -> None:
    case.declare(ROTATED, secret_data_wo_version=2)


def secret_rotated_delete_first(case: Case) -> None:
    case.declare(ROTATED, secret_data_wo_version=2, lifecycle={})


def secret_rotation_half_done(case: Case) -> None:
    case.deposed[ROTATED] = case.state[ROTATED]
    case.state[ROTATED] = case.state[ROTATED] | {
        "id": "projects/1/secrets/demo-token/versions/2",
        "secret_data_wo_version": 2,
    }
    case.declare(ROTATED, secret_data_wo_version=2)


def deposed_bucket(case: Case) -> None:
    bucket = "google_storage_bucket.segmentation"
    case.deposed[bucket] = case.state[bucket] | {"name": "example-h01-older", "id": "example-h01-older"}


def forgotten(case: Case) -> None:
    address = "google_storage_bucket.segmentation"
    case.remove(address)
    case.config["removed"] = [{"from": address, "lifecycle": {"destroy": False}}]


def grant_removed(case: Case) -> None:
    case.remove("google_storage_bucket_iam_member.reader")


def grant_replaced(case: Case) -> None:
    case.declare("google_storage_bucket_iam_member.reader", role="roles/storage.objectUser")


def sql_user_removed(case: Case) -> None:
    case.remove("google_sql_user.materialize")


def moved(case: Case) -> None:
    blocks = case.config["resource"]["google_storage_bucket"]
    blocks["meshes"] = blocks.pop("segmentation")
    case.config["moved"] = [{"from": "google_storage_bucket.segmentation", "to": "google_storage_bucket.meshes"}]


def moved_and_replaced(case: Case) -> None:
    moved(case)
    case.declare("google_storage_bucket.meshes", location="US-EAST1")


def targeted_grant_removed(case: Case) -> None:
    case.remove("google_storage_bucket_iam_member.reader")
    case.arguments = ("-target=google_storage_bucket_iam_member.reader",)


def nothing_changed(case: Case) -> None:
    case.config = declaration_of(case.state)


def first_deployment(case: Case) -> None:
    case.state.clear()


CASES: tuple[Callable[[Case], None], ...] = (
    block_removed,
    forced_replacement,
    forced_replacement_create_first,
    whole_destroy,
    stack_emptied,
    dataset_retired,
    retired_dataset_removed,
    kept_dataset_removed,
    secret_rotated,
    secret_rotated_delete_first,
    secret_rotation_half_done,
    deposed_bucket,
    forgotten,
    grant_removed,
    grant_replaced,
    sql_user_removed,
    moved,
    moved_and_replaced,
    targeted_grant_removed,
    nothing_changed,
    first_deployment,
)


def google_case(change: Callable[[Case], None]) -> Json:
    """Plan one of `CASES` with the Google provider."""
    state = protected_stack()
    case = Case(state=state, config=declaration_of(copy.deepcopy(state)), deposed={})
    change(case)
    case.config["terraform"] = REQUIRED
    case.config["provider"] = {"google": {"project": "example-project", "access_token": "unused"}}
    return plan(case.config, google_state(case.state, case.deposed), case.arguments)


def builtin_case(*, is_replacing: bool) -> Json:
    """Plan the import of an existing object, with Terraform's own resource: reading one of Google's needs its API."""
    block: Json = {"input": "imported"}
    if is_replacing:
        block["triggers_replace"] = "changed"
    config = {
        "resource": {"terraform_data": {"adopted": block}},
        "import": [{"to": "terraform_data.adopted", "id": "existing"}],
    }
    return plan(config, {}, ())


def plan(config: Json, state: Json, arguments: tuple[str, ...]) -> Json:
    """Let Terraform plan `config` over `state`; return what `terraform show -json` says."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.tf.json").write_text(json.dumps(config))
        if state:
            Path(folder, "terraform.tfstate").write_text(json.dumps(state))
        if "provider" not in config:
            terraform(folder, "init", "-input=false")
        terraform(folder, "plan", "-input=false", "-refresh=false", "-out=plan", *arguments)
        return json.loads(terraform(folder, "show", "-json", "plan"))


def terraform(folder: str, *arguments: str) -> str:
    executable = os.environ.get("TERRAFORM_BINARY_NAME", "terraform")
    result = subprocess.run([executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"terraform {arguments[0]} failed: {result.stdout}{result.stderr}")
    return result.stdout


TOP = ("format_version", "terraform_version", "applyable", "complete", "errored")


def shorten(recorded: Json) -> Json:
    """Keep what tells plans apart, drop what only makes the file long: computed values, sensitivity, configuration."""
    short = {key: recorded[key] for key in TOP if key in recorded}
    short["resource_changes"] = recorded.get("resource_changes", [])
    for change in short["resource_changes"]:
        body = change["change"]
        for unneeded in ("after_unknown", "before_sensitive", "after_sensitive"):
            body.pop(unneeded, None)
        body["before"], body["after"] = without_nulls(body.get("before")), without_nulls(body.get("after"))
    changed = {change["address"] for change in short["resource_changes"]}
    prior = recorded.get("prior_state", {}).get("values", {}).get("root_module", {}).get("resources", [])
    beside = [
        {"address": resource["address"], "values": without_nulls(resource["values"])}
        for resource in prior
        if resource["address"] not in changed
    ]
    if beside:
        short["prior_state"] = {"values": {"root_module": {"resources": beside}}}
    return short


def without_nulls(value: object) -> object:
    """Drop empty attributes inside a value; a value that is null itself stays."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item not in (None, [], {})}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def main() -> None:
    PLANS.mkdir(exist_ok=True)
    plans = {change.__name__: google_case(change) for change in CASES}
    plans["imported"] = builtin_case(is_replacing=False)
    plans["imported_and_replaced"] = builtin_case(is_replacing=True)
    for name, recorded in plans.items():
        path = PLANS / f"{name}.json"
        path.write_text(json.dumps(shorten(recorded), indent=1, sort_keys=True) + "\n")
        actions = sorted("/".join(change["change"]["actions"]) for change in recorded.get("resource_changes", []))
        print(name, *actions)


if __name__ == "__main__":
    main()
