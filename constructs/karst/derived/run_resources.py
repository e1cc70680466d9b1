"""What an instance on Cloud Run gets: whole processors, and as much memory as goes with that many."""

from __future__ import annotations

from dataclasses import dataclass

from karst.config.service_runtime import Resources, mebibytes


@dataclass(frozen=True, kw_only=True)
class RunSize:
    """A size that Cloud Run takes."""

    cores: int
    memory_mib: int


_SIZES = ((1, 512, 4096), (2, 512, 8192), (4, 2048, 16384), (6, 4096, 24576), (8, 4096, 32768))
"""Processors, with the least and the most memory beside them, in MiB. The second generation starts none below 512."""


def run_size(asked: Resources) -> RunSize:
    """The smallest size that holds what a process asks for. Raises ValueError where none does."""
    wanted, wanted_mib = _cores(asked.cpu), mebibytes(asked.memory_limit or asked.memory)
    for cores, least_mib, most_mib in _SIZES:
        if wanted <= cores and wanted_mib <= most_mib:
            return RunSize(cores=cores, memory_mib=max(wanted_mib, least_mib))
    largest, _, most_mib = _SIZES[-1]
    raise ValueError(f"Cloud Run gives {largest} processors and {most_mib}Mi of memory at the most. Ask for less")


def _cores(quantity: str) -> float:
    return int(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)
