"""Machine types of Compute Engine: how big each is, how much of it pods get, and which quota it counts against.

Types follow rules: `n2-highmem-8` has 8 processors and 8 GiB of memory for each. The table holds families whose
processors run our images (x86); a family that is missing is added here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

_MIB = 1024


class QuotaMetric(StrEnum):
    """A bound that Google sets on what a project may use in a region; more is asked for in the console."""

    CPUS = "CPUS"
    """Processors of the families e2 and n1 together; other families have a bound each."""
    N2_CPUS = "N2_CPUS"
    N2D_CPUS = "N2D_CPUS"
    N4_CPUS = "N4_CPUS"
    T2D_CPUS = "T2D_CPUS"
    C2_CPUS = "C2_CPUS"
    C2D_CPUS = "C2D_CPUS"
    C3_CPUS = "C3_CPUS"
    C3D_CPUS = "C3D_CPUS"
    C4_CPUS = "C4_CPUS"
    PREEMPTIBLE_CPUS = "PREEMPTIBLE_CPUS"
    """Processors of spot machines, where the project has a bound for them; else they count like all others."""
    INSTANCES = "INSTANCES"
    SSD_TOTAL_GB = "SSD_TOTAL_GB"
    """Boot disks of all families but the newest."""
    HDB_TOTAL_GB = "HDB_TOTAL_GB"
    """Boot disks of the newest families."""
    IN_USE_ADDRESSES = "IN_USE_ADDRESSES"
    """Public addresses; nodes have none and share those of the network's way out."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """What the machine types of one family have in common."""

    memory_gib: Mapping[str, float]
    """Per processor, by class."""
    vcpus: tuple[int, ...]
    quota: QuotaMetric
    disk_type: str = "pd-balanced"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One machine type."""

    vcpus: int
    memory_mib: int
    quota: QuotaMetric
    disk_type: str = "pd-balanced"
    is_shared_core: bool = False

    @property
    def disk_quota(self) -> QuotaMetric:
        """What its boot disk counts against."""
        return QuotaMetric.SSD_TOTAL_GB if self.disk_type.startswith("pd-") else QuotaMetric.HDB_TOTAL_GB

    @property
    def allocatable_millicores(self) -> int:
        """Processor time that is left for pods, in thousandths, once GKE's own programs have theirs."""
        if self.is_shared_core:
            return 940
        reserved = 60 + 10 * (self.vcpus > 1) + 5 * min(max(self.vcpus - 2, 0), 2) + 2.5 * max(self.vcpus - 4, 0)
        return int(self.vcpus * 1000 - reserved)

    @property
    def allocatable_mib(self) -> int:
        """Memory that is left for pods, in MiB: GKE keeps a share that falls with the size, and 100 MiB of alarm."""
        if self.memory_mib < _MIB:
            return self.memory_mib - 255 - 100
        reserved, rest = 0.0, float(self.memory_mib)
        for width_gib, share in ((4, 0.25), (4, 0.20), (8, 0.10), (112, 0.06), (float("inf"), 0.02)):
            step = min(rest, width_gib * _MIB)
            reserved, rest = reserved + step * share, rest - step
        return int(self.memory_mib - reserved - 100)


_EVEN = {"standard": 4.0, "highmem": 8.0, "highcpu": 1.0}
_WIDE = {"standard": 4.0, "highmem": 8.0, "highcpu": 2.0}
_N2 = (2, 4, 8, 16, 32, 48, 64, 80, 96, 128)
FAMILIES: Mapping[str, Family] = {
    "e2": Family(memory_gib=_EVEN, vcpus=(2, 4, 8, 16, 32), quota=QuotaMetric.CPUS),
    "n1": Family(
        memory_gib={"standard": 3.75, "highmem": 6.5, "highcpu": 0.9},
        vcpus=(1, 2, 4, 8, 16, 32, 64, 96),
        quota=QuotaMetric.CPUS,
    ),
    "n2": Family(memory_gib=_EVEN, vcpus=_N2, quota=QuotaMetric.N2_CPUS),
    "n2d": Family(memory_gib=_EVEN, vcpus=(*_N2, 224), quota=QuotaMetric.N2D_CPUS),
    "n4": Family(memory_gib=_WIDE, vcpus=_N2[:8], quota=QuotaMetric.N4_CPUS, disk_type="hyperdisk-balanced"),
    "t2d": Family(memory_gib={"standard": 4.0}, vcpus=(1, 2, 4, 8, 16, 32, 48, 60), quota=QuotaMetric.T2D_CPUS),
    "c2": Family(memory_gib={"standard": 4.0}, vcpus=(4, 8, 16, 30, 60), quota=QuotaMetric.C2_CPUS),
    "c2d": Family(memory_gib=_WIDE, vcpus=(2, 4, 8, 16, 32, 56, 112), quota=QuotaMetric.C2D_CPUS),
    "c3": Family(memory_gib=_WIDE, vcpus=(4, 8, 22, 44, 88, 176), quota=QuotaMetric.C3_CPUS),
    "c3d": Family(memory_gib=_WIDE, vcpus=(4, 8, 16, 30, 60, 90, 180, 360), quota=QuotaMetric.C3D_CPUS),
    "c4": Family(
        memory_gib={"standard": 3.75, "highmem": 7.75, "highcpu": 2.0},
        vcpus=(2, 4, 8, 16, 24, 32, 48, 96, 144, 192, 288),
        quota=QuotaMetric.C4_CPUS,
        disk_type="hyperdisk-balanced",
    ),
}
_SHARED_CORE = {"e2-micro": 1, "e2-small": 2, "e2-medium": 4}
"""Two processors of which a program gets a part; memory in GiB."""
_CUSTOM = re.compile(
    r"(?:(?P<family>[a-z0-9]+)-)?custom-(?P<vcpus>[1-9][0-9]{0,2})-(?P<memory_mib>[1-9][0-9]{2,6})(-ext)?"
)


def machine(name: str) -> Machine | None:
    """The machine type `name`, custom ones such as `n2-custom-4-16384` too; None where it isn't in the table."""
    custom = _CUSTOM.fullmatch(name)
    if custom is None:
        return _predefined().get(name)
    family = FAMILIES.get(custom["family"] or "n1")
    if family is None or family.vcpus[0] > int(custom["vcpus"]):
        return None
    return Machine(
        vcpus=int(custom["vcpus"]),
        memory_mib=int(custom["memory_mib"]),
        quota=family.quota,
        disk_type=family.disk_type,
    )


def machine_names() -> frozenset[str]:
    """Every machine type of the table."""
    return frozenset(_predefined())


def disk_type(name: str) -> str:
    """Kind of the boot disk of a machine type. Raises `ValueError` for one that isn't in the table."""
    found = machine(name)
    if found is None:
        raise ValueError(f"there is no machine type {name!r}: write one that `karst validate` accepts")
    return found.disk_type


@cache
def _predefined() -> Mapping[str, Machine]:
    return dict(_types())


def _types() -> Iterator[tuple[str, Machine]]:
    for name, memory_gib in _SHARED_CORE.items():
        yield (
            name,
            Machine(vcpus=2, memory_mib=memory_gib * _MIB, quota=QuotaMetric.CPUS, is_shared_core=True),
        )
    for prefix, family in FAMILIES.items():
        for kind, memory_gib in family.memory_gib.items():
            for vcpus in family.vcpus:
                yield (
                    f"{prefix}-{kind}-{vcpus}",
                    Machine(
                        vcpus=vcpus,
                        memory_mib=int(vcpus * memory_gib * _MIB),
                        quota=family.quota,
                        disk_type=family.disk_type,
                    ),
                )
