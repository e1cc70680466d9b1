"""Applies a synthesized stack to an API server, and says what a second plan would change."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.apiserver.server import ApiServer
from tests.examples import ExampleStack
from tests.terraform import Workshop


def prepare(workshop: Workshop, stack: ExampleStack, server: ApiServer) -> Path:
    """A folder with the stack, its state beside it, and its providers turned to the server."""
    folder = workshop.folder / stack.name
    shutil.copytree(stack.path.parent, folder)
    declare(folder, stack)
    reached = {"host": server.url, "token": server.token, "insecure": True}
    turned = {"provider": {"kubernetes": reached, "helm": {"kubernetes": reached}}}
    (folder / "server_override.tf.json").write_text(json.dumps(turned), encoding="utf-8")
    workshop.terraform(folder, "init", "-input=false", "-no-color")
    return folder


def declare(folder: Path, stack: ExampleStack) -> None:
    """Write the stack into a folder that is prepared, in place of what stands there."""
    content = {key: value for key, value in stack.content.items() if key != "import"}
    content["terraform"] = {key: value for key, value in content["terraform"].items() if key != "backend"}
    (folder / "cdk.tf.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


def apply(workshop: Workshop, folder: Path) -> None:
    workshop.terraform(folder, "apply", "-auto-approve", "-input=false", "-no-color", "-lock=false")


def changes_of_a_plan(workshop: Workshop, folder: Path) -> list[str]:
    workshop.terraform(folder, "plan", "-input=false", "-no-color", "-lock=false", "-out=again")
    document = json.loads(workshop.terraform(folder, "show", "-json", "again"))
    return [
        f"{change['address']}: {change['change']['actions']}"
        for change in document["resource_changes"]
        if change["change"]["actions"] != ["no-op"]
    ]
