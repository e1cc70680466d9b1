"""`<name>-addons-<generation>`: charts of others in one generation of the cluster."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.types import GenerationState
from karst.derived.lifecycle import generation_protection
from karst.derived.scaling import needs_keda
from karst.kubernetes.providers import add_helm_provider, add_kubernetes_provider
from karst.platform.addons import Addons
from karst.stack import KarstStack
from stacks.base import stack_props


class AddonsStack(KarstStack):
    """KEDA, where a process needs it. The only stack whose plan may need the network: the chart comes from outside.

    A removed generation keeps its stack, empty but for its providers, so that a plan shows what goes.
    """

    def __init__(self, scope: Construct, blueprint: Blueprint, generation: str) -> None:
        state = blueprint.deployment.generations[generation].state
        names = blueprint.names
        super().__init__(scope, names.stacks.addons(generation), stack_props(blueprint, generation_protection(state)))
        add_kubernetes_provider(self, names.cluster_endpoint(generation))
        add_helm_provider(self, names.cluster_endpoint(generation))
        if state is not GenerationState.REMOVED and needs_keda(blueprint.workloads):
            Addons(self, "addons", blueprint, generation)
