"""A part of a pod keeps everything when it becomes another class of the bindings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cdktn_provider_kubernetes.deployment_v1 import (
    DeploymentV1SpecTemplateSpecContainer,
    DeploymentV1SpecTemplateSpecInitContainer,
)

from karst.kubernetes.deployment import Deployment, DeploymentProps
from karst.kubernetes.privileges import UPSTREAM_WORKER
from karst.kubernetes.recast import recast
from tests.synth.kubernetes import CONTAINER, POD, in_cluster
from tests.synth.support import only


def test_what_runs_before_is_boxed_in_like_what_runs() -> None:
    first = replace(CONTAINER, listener=None, command=("fill", "--all"), privileges=UPSTREAM_WORKER)
    props = DeploymentProps(
        namespace="lab-blue", name="info", replicas=2, pod=replace(POD, container=first, before=(first,))
    )
    found = only(in_cluster(lambda stack: Deployment(stack, "web", props)), "kubernetes_deployment_v1")
    spec = found["spec"]["template"]["spec"]
    assert spec["init_container"] == spec["container"]
    assert spec["init_container"][0]["env"] == [{"name": "MODE", "value": "plain"}]


def test_a_part_becomes_no_class_but_one_of_the_bindings() -> None:
    with pytest.raises(TypeError, match="dict is no class of the bindings"):
        recast(DeploymentV1SpecTemplateSpecContainer(name="web"), dict)


class Foreign:
    """A part with a field of its own."""

    def __init__(self, *, hands: str) -> None:
        self.hands = hands


def test_a_field_that_the_other_class_lacks_is_not_dropped() -> None:
    with pytest.raises(TypeError, match="hands"):
        recast(Foreign(hands="two"), DeploymentV1SpecTemplateSpecInitContainer)
