"""`<name>`: the edge, through which everything is reached."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.platform.front_door import FrontDoor
from karst.protection import Protection
from karst.stack import KarstStack
from stacks.base import stack_props


class EdgeStack(KarstStack):
    """Load balancer, routes, alias records. It holds no data, so nothing in it is protected."""

    def __init__(self, scope: Construct, blueprint: Blueprint) -> None:
        super().__init__(scope, blueprint.names.stacks.edge, stack_props(blueprint, Protection.RELEASED))
        FrontDoor(self, "front", blueprint)
