"""Mistakes that show only when several deployments, or several files, are seen together."""

from pathlib import Path

import pytest

from tests.config.base import API, BASE, FLY, GLOBAL, MINNIE, edited, messages, write


def second(name: str, **replaced: str) -> dict[str, str]:
    """The base with another deployment `name`, a copy of `api` without its datasets and what refers to them."""
    text = BASE[API].replace("name: api\n", f"name: {name}\n").replace("[local, clio]", "[local]")
    text = text.replace(", datasets: [minnie]", "").replace("  datastack: minnie_public\n", "")
    for old, new in replaced.items():
        text = text.replace(old, new)
    return {**BASE, f"{name}/deployment.yaml": text}


def said(tmp_path: Path, files: dict[str, str]) -> list[str]:
    write(tmp_path, files)
    return messages(tmp_path)


def test_two_deployments_in_one_project_name_who_creates_what(tmp_path: Path) -> None:
    creates = "Exactly one creates it: write `manage: existing` here, or another name."
    found = said(tmp_path, second("wasp"))
    assert sorted(line.split(": ", 2)[1] for line in found) == [
        "bigtable.manage",
        "buckets.skeleton.manage",
        "dns.manage",
        "firestore.state.manage",
        "gcp.manage",
    ]
    assert all(line.startswith("wasp/deployment.yaml:") and line.endswith(creates) for line in found)


def test_a_shared_project_is_fine_where_one_says_existing(tmp_path: Path) -> None:
    files = second("wasp")
    text = files["wasp/deployment.yaml"]
    text = text.replace("gcp:\n", "gcp:\n  manage: existing\n").replace("dns:\n", "dns:\n  manage: existing\n")
    text = text.replace("bigtable:\n", "bigtable:\n  manage: existing\n")
    text = text.replace("skeleton: gs://lab-skeletons/v4", "skeleton: {manage: existing, name: lab-skeletons}")
    text += "firestore: {state: {manage: existing, database: state}}\n"
    assert said(tmp_path, {**files, "wasp/deployment.yaml": text}) == []


def test_a_shared_zone_has_one_domain(tmp_path: Path) -> None:
    found = said(tmp_path, second("wasp", **{"domain: api.example.org": "domain: wasp.example.org"}))
    expected = (
        "wasp/deployment.yaml:16: dns.domain: the zone 'api-zone' holds 'api.example.org' in the deployment 'api'. "
        "Write api.example.org here too, or name another zone."
    )
    assert expected in found


def test_a_deployment_called_like_a_stack_of_another(tmp_path: Path) -> None:
    expected = (
        "api-foundation/deployment.yaml:1: name: its edge stack 'api-foundation' has the name of the foundation stack "
        "of 'api'. Rename one of the two deployments."
    )
    assert expected in said(tmp_path, second("api-foundation"))


def test_datasets_equal_after_sanitising(tmp_path: Path) -> None:
    plain = "aligned_volume: {images: 'precomputed://gs://lab-em/x', resolution_nm: [8, 8, 8]}\n"
    files = {**BASE, "api/datasets/a-b.yaml": f"name: a-b\n{plain}", "api/datasets/a_b.yaml": f"name: a_b\n{plain}"}
    found = said(tmp_path, files)
    assert (
        "api/datasets/a_b.yaml:1: name: 'a_b' and 'a-b' both become 'a-b' in names of resources. "
        "Rename one of the two datasets."
    ) in found


def test_graphs_of_another_deployment_forbid_a_replica_too(tmp_path: Path) -> None:
    replica = {"  nodes: 3": "  manage: existing\n  nodes: 3\n  replica: {zone: us-east4-b}"}
    found = said(tmp_path, second("wasp", **replica))
    assert any("bigtable.replica: replication breaks" in line and "'minnie_v1'" in line for line in found)


def test_a_global_host_that_runs_no_global_services(tmp_path: Path) -> None:
    found = said(tmp_path, second("wasp", **{"host: cave.example.org": "host: api.api.example.org"}))
    assert (
        "wasp/deployment.yaml:4: global.host: 'api.api.example.org' is the deployment 'api', which runs no global "
        "services. Write 'global.example.org'."
    ) in found


def test_a_dataset_in_a_global_deployment(tmp_path: Path) -> None:
    files = {**BASE, "global/datasets/fly.yaml": BASE[FLY]}
    expected = (
        "global/datasets/fly.yaml:1: name: a global deployment serves no datasets. Move the file to a deployment with "
        "`local` or `clio` in its kinds, or add one of them to kinds."
    )
    assert said(tmp_path, files) == [expected]


def test_a_removed_dataset_claims_nothing_and_cannot_be_scheduled(tmp_path: Path) -> None:
    found = said(tmp_path, edited(MINNIE, "state: active", "state: removed"))
    assert [line.split(": ", 2)[1] for line in found] == [
        "materialization.schedules[0].datasets[0]",
        "canary.datastack",
    ]


def test_all_files_are_read_before_anything_fails(tmp_path: Path) -> None:
    files = edited(FLY, "name: fly", "name: flies")
    files = edited(GLOBAL, "kinds: [global]", "kinds: [globe]", files)
    files = edited(API, "cpu: 4", "cpu: 0", files)
    found = said(tmp_path, files)
    assert [line.split(":")[0] for line in found] == [FLY, API, GLOBAL]


@pytest.mark.parametrize("order", [1, -1])
def test_messages_do_not_depend_on_the_order_of_files(tmp_path: Path, order: int) -> None:
    files = dict(list(second("wasp").items())[::order])
    assert said(tmp_path, files) == said(tmp_path / "again", dict(sorted(files.items())))


def test_names_of_one_project_may_not_begin_alike(tmp_path: Path) -> None:
    found = [line for line in said(tmp_path, second("api-blue")) if ": name: " in line]
    assert found == [
        (
            "api-blue/deployment.yaml:1: name: begins with the name of 'api' in the same project: names of resources "
            "could meet. Rename one of the two, or give it a project of its own."
        )
    ]
    elsewhere = second("api-blue", **{"project: lab-cave": "project: lab-blue"})
    assert not [line for line in said(tmp_path / "elsewhere", elsewhere) if ": name: begins" in line]
