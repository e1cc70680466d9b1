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
    remedy = "Take it out here, or bring it back: `state: active` in the file of 'minnie'."
    datastack = "the datastack 'minnie_public' belongs to the dataset 'minnie', which is removed"
    assert found == [
        f"{API}:31: materialization.schedules[0].datasets[0]: the dataset 'minnie' is removed. {remedy}",
        f"{API}:33: canary.datastack: {datastack}. {remedy}",
    ]


def test_a_removed_name_is_no_suggestion(tmp_path: Path) -> None:
    files = edited(MINNIE, "state: active", "state: removed", edited(API, "datasets: [minnie]", "datasets: [minni]"))
    assert any("there is no dataset 'minni'. Declared datasets: 'fly'." in line for line in said(tmp_path, files))


def test_stacks_of_a_cluster_are_no_suggestion_where_none_runs(tmp_path: Path) -> None:
    text = BASE[GLOBAL].replace("name: global", "name: store").replace("[global]", "[clio]").partition("dns:")[0]
    text += "dns: {zone: store, domain: store.example.org}\n"
    text += "imports: [{stack: store-cluster-blue, address: google_a.b, id: c}]\n"
    found = said(tmp_path, {"store/deployment.yaml": text})
    assert len(found) == 1
    assert "there is no stack 'store-cluster-blue'. " in found[0]
    assert "'store-cluster-blue'?" not in found[0]


def test_a_suggested_name_is_whole(tmp_path: Path) -> None:
    stack = f"minnie_{'x' * 60}"
    files = edited(MINNIE, "minnie_public:", f"{stack}:")
    files[MINNIE] += "materialization: {enabled: false}\n"
    files = edited(API, "datastack: minnie_public", f"datastack: {stack}y", files)
    assert any(f"Did you mean '{stack}'?" in line for line in said(tmp_path, files))


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


SHARED = {
    "project: lab-cave": "project: lab-cave\n  manage: existing",
    "  network:\n": "  network:\n    manage: existing\n    name: api-network\n",
}


def overlaps(tmp_path: Path, **replaced: str) -> list[str]:
    """What is said of addresses in `wasp`, which uses the network of `api` and has control planes of its own."""
    own = {"172.16.0.0/28": "172.16.1.0/28", "172.16.0.16/28": "172.16.1.16/28"}
    found = said(tmp_path, second("wasp", **SHARED, **own, **replaced))
    return [line for line in found if " overlaps " in line]


def test_two_deployments_in_one_subnet_name_its_ranges(tmp_path: Path) -> None:
    assert overlaps(tmp_path) == []


def test_ranges_of_two_subnets_of_one_network_share_no_address(tmp_path: Path) -> None:
    found = overlaps(tmp_path, **{"    flow_logs: true": "    subnet: wasp-sub"})
    wanted = ["gcp.network.pods", "gcp.network.services", "gcp.network.nodes"]
    assert [line.split(": ")[1] for line in found] == wanted
    assert found[2] == (
        "wasp/deployment.yaml:15: gcp.network.nodes: 10.40.0.0/20 overlaps 10.40.0.0/20, gcp.network.nodes of the "
        "deployment 'api' in the same network 'api-network'. Write a range that shares no address with it."
    )


def test_a_shared_range_is_named_whole(tmp_path: Path) -> None:
    found = overlaps(tmp_path, **{"    flow_logs: true": "    private_services: 10.144.0.0/20"})
    assert len(found) == 1
    assert found[0].endswith("Write a range that shares no address with it, or 10.144.0.0/16 if it is the same range.")


def test_a_control_plane_in_the_network_of_another_deployment(tmp_path: Path) -> None:
    found = overlaps(tmp_path, **{"172.16.1.0/28": "172.16.0.0/28"})
    assert [line.split(": ")[1] for line in found] == ["generations.blue.control_plane"]


def test_equal_ranges_of_two_networks_are_fine(tmp_path: Path) -> None:
    assert [line for line in said(tmp_path, second("wasp")) if " overlaps " in line] == []
