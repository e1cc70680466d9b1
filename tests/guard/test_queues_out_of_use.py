"""A queue whose reader is switched off holds messages: its deletion is refused by the guard until somebody approves."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from karst.app import create_app, synthesize
from karst.blueprint import Blueprint
from karst.plan.model import Action
from karst.platform.messaging import Messaging
from karst.protection import Protection
from karst.stack import KarstStack
from stacks.base import stack_props
from tests.derived.workers import deployment
from tests.examples import read_stacks
from tests.planned import plan_step
from tests.synthesis.running import workload
from tests.terraform import open_workshop

pytestmark = [pytest.mark.needs_providers, pytest.mark.slow]

STACK = "api-foundation"
READERS = ("remesh-high", "remesh-low")


def queues(*readers: str) -> dict[str, Any]:
    """The queues of the foundation, protected as it is, of a deployment with these readers of edits."""
    edits = {"topic": "edits", "direction": "subscribe"}
    running = tuple(workload(name, stores={"messages": [edits]}) for name in readers)
    blueprint = Blueprint(deployment=deployment(), datasets=(), workloads=running)
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Path(folder))
        stack = KarstStack(app, STACK, stack_props(blueprint, Protection.PROTECTED))
        Messaging(stack, "messages", blueprint, blueprint.emails)
        synthesize(app)
        return read_stacks(Path(folder))[STACK].content


def test_messages_are_not_lost_with_their_reader(tmp_path: Path) -> None:
    before, after = queues(*READERS), queues(READERS[0])
    workshop = open_workshop(tmp_path, tmp_path / "plugins", before["terraform"]["required_providers"])
    running = plan_step(workshop, "running", STACK, before, None)
    stopped = plan_step(workshop, "stopped", STACK, after, running)
    queue = "google_pubsub_subscription.messages__edits__subscription_remesh_low"
    gone = stopped.addresses(Action.DELETE)
    assert {one for one in gone if one.startswith("google_pubsub_subscription.")} == {queue}
    refused = {finding.address: finding.why for finding in stopped.verdict().refusals}
    assert refused.keys() == gone
    assert "protected in state: deletion_policy = PREVENT" in refused[queue]
