"""Pools that are missing or too small for what runs on them, and quotas too small for the pools."""

from __future__ import annotations

from pathlib import Path

import pytest

from karst.config.errors import ConfigError
from karst.config.loader import load_environments
from karst.config.rules import check_environments
from karst.config.rules.pools import millicores
from karst.config.rules.services import KnownServices
from karst.config.service import Service
from karst.derived.workloads import Catalog
from tests.config.base import API, BASE, messages, write

CORE = "    core: {machine_type: e2-standard-2, min_nodes: 1, max_nodes: 4, disk_gib: 20, tainted: false}\n"


def service(name: str, pool: str, cpu: str = "100m", memory: str = "128Mi") -> Service:
    process = {"resources": {"cpu": cpu, "memory": memory}, "pool": pool, "is_generation_bound": True}
    return Service.model_validate(
        {
            "name": name,
            "description": name,
            "package": f"karst-{name}",
            "kinds": ["local"],
            "runtime": "gke",
            "processes": {"worker": process},
        }
    )


def said(tmp_path: Path, services: list[Service], pools: str, choices: str = "") -> list[str]:
    """Problems of the base with these pools and services, as `key: message. remedy`."""
    start, end = BASE[API].index("services:\n"), BASE[API].index("labels:")
    text = BASE[API][:start] + choices + BASE[API][end:]
    write(tmp_path, {**BASE, API: text.replace("  network:\n", f"  pools:\n{CORE}{pools}  network:\n")})
    ours = {one.name: one for one in services}
    known = KnownServices(
        ours=frozenset(ours),
        upstream=frozenset(),
        catalog=Catalog(ours=ours, tags=dict.fromkeys(ours, "t"), upstream={}),
    )
    try:
        check_environments(load_environments(tmp_path), known)
    except ConfigError as error:
        return [f"{problem.key}: {problem.message}. {problem.remedy}" for problem in error.problems]
    return []


def test_a_pool_that_a_service_names_is_declared(tmp_path: Path) -> None:
    message = "gcp.pools: the service 'mesher' runs on the pool 'mesh', which isn't declared"
    remedy = "Declare gcp.pools.mesh, or choose one that is in services.mesher.pool."
    assert said(tmp_path, [service("mesher", "mesh")], "") == [f"{message}. {remedy}"]
    choice = "services:\n  mesher: {pool: core}\n"
    assert said(tmp_path, [service("mesher", "mesh")], "", choice) == []


LARGER = "Take larger machines, another pool, or ask for less."
MESH = "    mesh: {machine_type: e2-standard-2}\n"


@pytest.mark.parametrize(
    ("cpu", "memory", "shortfall"),
    [
        ("2", "128Mi", "it asks for 2000m of processor time, and pods get 1930m"),
        ("1", "7Gi", "it asks for 7168Mi of memory, and pods get 6248Mi"),
    ],
)
def test_a_workload_fits_on_a_machine_of_its_pool(tmp_path: Path, cpu: str, memory: str, shortfall: str) -> None:
    assert said(tmp_path, [service("mesher", "mesh", cpu, memory)], MESH) == [
        f"gcp.pools.mesh: an empty e2-standard-2 is too small for 'mesher': {shortfall}. {LARGER}"
    ]


def test_a_workload_that_fits(tmp_path: Path) -> None:
    assert said(tmp_path, [service("mesher", "mesh", "1930m", "6Gi")], MESH) == []


def test_a_choice_that_is_too_large_is_told_where_it_stands(tmp_path: Path) -> None:
    choice = "services:\n  mesher: {resources: {memory: 32Gi}}\n"
    found = said(tmp_path, [service("mesher", "mesh")], MESH, choice)
    assert [line.partition(":")[0] for line in found] == ["services.mesher.resources"]


def test_a_limit_is_not_below_what_is_reserved(tmp_path: Path) -> None:
    choice = "services:\n  mesher: {resources: {memory_limit: 256Mi}}\n"
    message = "services.mesher.resources.memory_limit: 256Mi is below the 1Gi of memory that are reserved"
    found = said(tmp_path, [service("mesher", "mesh", memory="1Gi")], MESH, choice)
    assert found == [f"{message}. Write 1Gi or more, or reserve less."]
    assert said(tmp_path, [service("mesher", "mesh", memory="256Mi")], MESH, choice) == []


def test_processor_time_is_read_in_thousandths() -> None:
    assert [millicores(text) for text in ("250m", "2", "0.5")] == [250, 2000, 500]


def with_quotas(quotas: str, pools: str = "", **replaced: str) -> dict[str, str]:
    # Two zones and two generations: every node counts four times.
    text = BASE[API].replace("  network:\n", f"  pools:\n{CORE}{pools}  quotas: {{{quotas}}}\n  network:\n")
    for old, new in replaced.items():
        text = text.replace(old, new)
    return {**BASE, API: text}


REMEDY = "Ask Google for more and write that here, lower max_nodes, or remove a generation."
SPOT = "    mesh: {machine_type: t2d-standard-8, max_nodes: 10, disk_gib: 100, spot: true}\n"


@pytest.mark.parametrize(
    ("quotas", "limit", "parts"),
    [
        ("CPUS: 31", "CPUS: is 31", "32 in us-east4: core 32"),
        ("T2D_CPUS: 100", "T2D_CPUS: is 100", "320 in us-east4: mesh 320"),
        ("PREEMPTIBLE_CPUS: 100, T2D_CPUS: 0", "PREEMPTIBLE_CPUS: is 100", "320 in us-east4: mesh 320"),
        ("SSD_TOTAL_GB: 4319", "SSD_TOTAL_GB: is 4319", "4320 in us-east4: mesh 4000, core 320"),
        ("INSTANCES: 50", "INSTANCES: is 50", "56 in us-east4: mesh 40, core 16"),
    ],
)
def test_pools_fit_into_quotas(tmp_path: Path, quotas: str, limit: str, parts: str) -> None:
    write(tmp_path, with_quotas(quotas, SPOT))
    message = f"{limit}, but the node pools may grow to {parts} (max_nodes x zones x generations). {REMEDY}"
    assert [line.partition(": gcp.quotas.")[2] for line in messages(tmp_path)] == [message]


def test_nodes_share_addresses_of_the_way_out(tmp_path: Path) -> None:
    write(tmp_path, with_quotas("IN_USE_ADDRESSES: 0", SPOT))
    message = "IN_USE_ADDRESSES: is 0, but 56 nodes need 1 of them to reach the internet from us-east4"
    assert [line.partition(": gcp.quotas.")[2] for line in messages(tmp_path)] == [f"{message}. {REMEDY}"]


def test_a_quota_that_is_just_enough(tmp_path: Path) -> None:
    exact = "CPUS: 32, T2D_CPUS: 320, SSD_TOTAL_GB: 4320, INSTANCES: 56, IN_USE_ADDRESSES: 1, N2_CPUS: 0"
    write(tmp_path, with_quotas(exact, SPOT))
    assert messages(tmp_path) == []


def test_a_removed_generation_needs_nothing(tmp_path: Path) -> None:
    files = with_quotas("CPUS: 16", **{"{state: standby, control_plane: 172.16.0.16/28}": "{state: removed}"})
    files[API] = files[API].replace("  weights: {blue: 90, green: 10}\n", "  weights: {blue: 100}\n")
    write(tmp_path, files)
    assert messages(tmp_path) == []


def test_deployments_of_one_project_share_its_quotas(tmp_path: Path) -> None:
    files = with_quotas("CPUS: 32")
    shared = BASE["global/deployment.yaml"].replace("lab-global", "lab-cave").replace("123456789012", "210987654321")
    shared = shared.replace("  zone: us-east4-a\n", f"  zone: us-east4-a\n  manage: existing\n  pools:\n{CORE}")
    write(tmp_path, {**files, "global/deployment.yaml": shared})
    found = [line for line in messages(tmp_path) if "quotas" in line]
    assert [line.partition("grow to ")[2].partition(" (")[0] for line in found] == [
        "40 in us-east4: api: core 32, global: core 8"
    ]
