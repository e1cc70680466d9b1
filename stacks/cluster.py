"""`<name>-cluster-<generation>`: one generation of the cluster."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.types import GenerationState
from karst.derived.lifecycle import generation_protection
from karst.platform.cluster import Cluster
from karst.stack import KarstStack
from stacks.base import stack_props


class ClusterStack(KarstStack):
    """Control plane, node pools, the way in from the load balancer, and who pods are to Google.

    A removed generation keeps its stack, empty, so that a plan shows what goes.
    """

    def __init__(self, scope: Construct, blueprint: Blueprint, generation: str) -> None:
        state = blueprint.deployment.generations[generation].state
        protection = generation_protection(state)
        super().__init__(scope, blueprint.names.stacks.cluster(generation), stack_props(blueprint, protection))
        if state is GenerationState.REMOVED:
            return
        Cluster(self, "cluster", blueprint, generation, protection)
