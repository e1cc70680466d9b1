"""A generation's life on a real API server: what runs in each state, and that each state is reached whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apiserver.applying import apply, changes_of_a_plan, declare, prepare
from tests.apiserver.controllers import controllers
from tests.apiserver.server import ApiServer
from tests.generations.test_plans import APPS, synthesized
from tests.terraform import Workshop

pytestmark = [pytest.mark.needs_providers, pytest.mark.slow]

NAMESPACE = "api-blue"
BOUND = ("engine-beat", "engine-busy", "engine-queue")
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"


def scale(server: ApiServer, name: str, replicas: int) -> None:
    """Do what an autoscaler does."""
    server.ask(f"{DEPLOYMENTS}/{name}/scale", {"spec": {"replicas": replicas}}, method="PATCH")


def replicas(server: ApiServer) -> dict[str, int]:
    return {item["metadata"]["name"]: item["spec"]["replicas"] for item in server.ask(DEPLOYMENTS)["items"]}


def is_suspended(server: ApiServer) -> bool:
    found: bool = server.ask(f"/apis/batch/v1/namespaces/{NAMESPACE}/cronjobs/engine-nightly")["spec"]["suspend"]
    return found


def autoscaled(server: ApiServer) -> set[str]:
    """Names of what is scaled by its own processor, and by KEDA."""
    paths = ("/apis/autoscaling/v2", "/apis/keda.sh/v1alpha1")
    kinds = ("horizontalpodautoscalers", "scaledobjects")
    return {
        item["metadata"]["name"]
        for path, kind in zip(paths, kinds, strict=True)
        for item in server.ask(f"{path}/namespaces/{NAMESPACE}/{kind}")["items"]
    }


def test_replicas_follow_the_state_and_are_left_to_autoscalers(
    server: ApiServer, workshop: Workshop, tmp_path: Path
) -> None:
    states = {step: synthesized(tmp_path / step, step)[APPS] for step in ("standby", "active", "draining")}
    folder = prepare(workshop, states["standby"], server)

    def reach(step: str) -> None:
        declare(folder, states[step])
        with controllers(server):
            apply(workshop, folder)
        assert changes_of_a_plan(workshop, folder) == []

    reach("standby")
    scale(server, "engine", 4)
    assert replicas(server) == {"engine": 4, **dict.fromkeys(BOUND, 0)}
    assert (is_suspended(server), autoscaled(server)) == (True, {"engine"})

    reach("active")
    assert replicas(server) == {"engine": 4, "engine-beat": 1, "engine-busy": 0, "engine-queue": 0}
    assert (is_suspended(server), autoscaled(server)) == (False, {"engine", "engine-busy", "engine-queue"})
    scale(server, "engine-queue", 5)
    scale(server, "engine-busy", 3)
    assert changes_of_a_plan(workshop, folder) == []

    reach("draining")
    assert replicas(server) == {"engine": 4, **dict.fromkeys(BOUND, 0)}
    assert (is_suspended(server), autoscaled(server)) == (True, {"engine"})
