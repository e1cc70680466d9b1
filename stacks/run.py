"""`<name>-run`: services on Cloud Run."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.platform.run_services import RunServices
from karst.protection import Protection
from karst.stack import KarstStack
from stacks.base import stack_props


class RunStack(KarstStack):
    """The services that need no cluster. It holds no data, so nothing in it is protected."""

    def __init__(self, scope: Construct, blueprint: Blueprint) -> None:
        super().__init__(scope, blueprint.names.stacks.run, stack_props(blueprint, Protection.RELEASED))
        RunServices(self, "services", blueprint)
