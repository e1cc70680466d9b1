"""Sizes that Cloud Run takes."""

from __future__ import annotations

import pytest

from karst.config.service_runtime import Resources
from karst.derived.run_resources import RunSize, run_size


@pytest.mark.parametrize(
    ("cpu", "memory", "cores", "memory_mib"),
    [
        ("50m", "64Mi", 1, 512),
        ("1", "4Gi", 1, 4096),
        ("1", "5Gi", 2, 5120),
        ("2500m", "1Gi", 4, 2048),
        ("5", "1Gi", 6, 4096),
        ("0.5", "32Gi", 8, 32768),
    ],
)
def test_the_smallest_that_holds_it(cpu: str, memory: str, cores: int, memory_mib: int) -> None:
    assert run_size(Resources(cpu=cpu, memory=memory)) == RunSize(cores=cores, memory_mib=memory_mib)


def test_the_limit_counts_where_there_is_one() -> None:
    assert run_size(Resources(cpu="1", memory="1Gi", memory_limit="6Gi")) == RunSize(cores=2, memory_mib=6144)


@pytest.mark.parametrize(("cpu", "memory"), [("8001m", "1Gi"), ("1", "33Gi")])
def test_what_no_instance_holds(cpu: str, memory: str) -> None:
    with pytest.raises(ValueError, match="8 processors and 32768Mi"):
        run_size(Resources(cpu=cpu, memory=memory))
