"""Processes with what a deployment chooses for them."""

from __future__ import annotations

import pytest

from tests.derived.workers import only_process, service

DECLARED = {"cpu": "100m", "memory": "400Mi", "memory_limit": "800Mi"}


@pytest.mark.parametrize(
    ("chosen", "resources"),
    [
        (None, ("100m", "400Mi", "800Mi")),
        ({"cpu": "1"}, ("1", "400Mi", "800Mi")),
        ({"memory_limit": "2Gi"}, ("100m", "400Mi", "2Gi")),
        # The declared limit fits the declared reservation: of another one the limit is the reservation itself.
        ({"memory": "2Gi"}, ("100m", "2Gi", None)),
        ({"memory": "2Gi", "memory_limit": "3Gi"}, ("100m", "2Gi", "3Gi")),
    ],
)
def test_resources_of_a_deployment_win(chosen: dict[str, str] | None, resources: tuple[str, str, str | None]) -> None:
    worker = service("consumer", {"resources": DECLARED}, choice={"resources": chosen} if chosen else {})
    found = only_process(worker).resources
    assert (found.cpu, found.memory, found.memory_limit) == resources


@pytest.mark.parametrize("target", [70, 110, 300])
def test_a_target_of_processor_use_counts_as_written(target: int) -> None:
    """Over 100, too: nothing keeps a process from using more processor time than it reserves."""
    chosen = {"scaling": {"min": 1, "max": 3, "target_cpu": target}}
    found = only_process(service("dash", {"scaling": {"target": 90}}, choice=chosen)).scaling
    assert (found.signal, found.target) == ("cpu", target)
