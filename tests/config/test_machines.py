"""Machine types: sizes by rule, and what is left of them for pods."""

from __future__ import annotations

import pytest

from karst.config.machines import FAMILIES, QuotaMetric, disk_type, machine, machine_names


@pytest.mark.parametrize(
    ("name", "vcpus", "memory_mib", "quota"),
    [
        ("e2-medium", 2, 4096, QuotaMetric.CPUS),
        ("e2-standard-2", 2, 8192, QuotaMetric.CPUS),
        ("e2-highcpu-8", 8, 8192, QuotaMetric.CPUS),
        ("n1-standard-1", 1, 3840, QuotaMetric.CPUS),
        ("n2-highmem-16", 16, 131072, QuotaMetric.N2_CPUS),
        ("t2d-standard-4", 4, 16384, QuotaMetric.T2D_CPUS),
        ("c3-highcpu-22", 22, 45056, QuotaMetric.C3_CPUS),
        ("c4-highmem-8", 8, 63488, QuotaMetric.C4_CPUS),
        ("n2-custom-4-16384", 4, 16384, QuotaMetric.N2_CPUS),
        ("custom-6-20480", 6, 20480, QuotaMetric.CPUS),
    ],
)
def test_sizes(name: str, vcpus: int, memory_mib: int, quota: QuotaMetric) -> None:
    found = machine(name)
    assert found is not None
    assert (found.vcpus, found.memory_mib, found.quota) == (vcpus, memory_mib, quota)


@pytest.mark.parametrize("name", ["e3-standard-2", "t2d-highmem-4", "n2-standard-3", "t9-custom-4-8192", "n2", ""])
def test_what_does_not_exist(name: str) -> None:
    assert machine(name) is None
    with pytest.raises(ValueError, match="no machine type"):
        disk_type(name)


@pytest.mark.parametrize(
    ("name", "millicores", "mib"),
    [
        # As Google documents what GKE reserves: 6 % of the first core, 1 % of the second, 0.5 % of two more, 0.25 %
        # of the others; 25 % of the first 4 GiB, 20 % of 4 more, 10 % of 8 more, 6 % up to 128; and 100 MiB.
        ("e2-medium", 940, 2972),
        ("n1-standard-1", 940, 2780),
        ("e2-standard-2", 1930, 6248),
        ("t2d-standard-4", 3920, 13621),
        ("t2d-standard-8", 7910, 29022),
    ],
)
def test_what_pods_get(name: str, millicores: int, mib: int) -> None:
    found = machine(name)
    assert found is not None
    assert found.allocatable_millicores == millicores
    assert abs(found.allocatable_mib - mib) <= 1


def test_pods_get_less_than_there_is_and_more_of_more() -> None:
    for name in machine_names():
        found = machine(name)
        assert found is not None
        assert 0 < found.allocatable_mib < found.memory_mib
        assert 0 < found.allocatable_millicores < found.vcpus * 1000


def test_the_newest_families_have_disks_of_their_own() -> None:
    newest = {name for name, family in FAMILIES.items() if family.disk_type == "hyperdisk-balanced"}
    assert newest == {"n4", "c4"}
    found = machine("n4-standard-4")
    assert found is not None
    assert (found.disk_type, found.disk_quota) == ("hyperdisk-balanced", QuotaMetric.HDB_TOTAL_GB)
    assert disk_type("t2d-standard-4") == "pd-balanced"
