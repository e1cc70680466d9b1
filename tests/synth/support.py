"""Synthesizes one stack around what a test builds, and reads the result back."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cdktn import TerraformStack

from karst.app import create_app, synthesize
from karst.protection import Protection
from karst.stack import KarstStack, StackProps

PROJECT = "lab-project"
REGION = "us-east4"
Document = dict[str, Any]


def synth(build: Callable[[TerraformStack], object], protection: Protection = Protection.PROTECTED) -> Document:
    """Return the Terraform JSON of a stack that holds what `build` puts there."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Path(folder))
        stack = KarstStack(app, "test", StackProps(project=PROJECT, region=REGION, protection=protection))
        build(stack)
        synthesize(app)
        text = (Path(folder) / "stacks" / "test" / "cdk.tf.json").read_text(encoding="utf-8")
    document: Document = json.loads(text)
    return document


def resources(document: Document, kind: str) -> Document:
    """Return the resources of one type, by logical id, without the toolkit's own remarks."""
    found: Document = document.get("resource", {}).get(kind, {})
    return {name: {k: v for k, v in body.items() if k != "//"} for name, body in found.items()}


def only(document: Document, kind: str) -> Document:
    """Return the one resource of a type."""
    found = resources(document, kind)
    assert len(found) == 1, f"expected one {kind}, found {sorted(found)}"
    body: Document = next(iter(found.values()))
    return body
