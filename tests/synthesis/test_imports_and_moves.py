"""Existing resources are taken over and renamed ones moved, and what can't be is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cdktn_provider_google.storage_bucket import StorageBucket

from karst.app import SynthesisError, create_app, synthesize
from karst.config.deployment import ResourceImport
from karst.imports import apply_imports
from karst.moves import Move, apply_moves
from karst.stack import KarstStack, StackProps

BUCKET = "google_storage_bucket.dump__bucket"


@pytest.fixture
def stack(tmp_path: Path) -> KarstStack:
    app = create_app(tmp_path / "out")
    stack = KarstStack(app, "api-foundation", StackProps(project="lab-project", region="us-east4"))
    StorageBucket(stack, "dump__bucket", name="lab-dump", location="us-east4")
    return stack


def written(stack: KarstStack, tmp_path: Path, block: str) -> object:
    synthesize(stack.node.root)  # pyright: ignore[reportArgumentType]  # the root is the application
    path = tmp_path / "out" / "stacks" / "api-foundation" / "cdk.tf.json"
    return json.loads(path.read_text(encoding="utf-8")).get(block)


def entry(stack: str = "api-foundation", address: str = BUCKET) -> ResourceImport:
    return ResourceImport(stack=stack, address=address, id="lab-dump")


def test_import_becomes_a_block(stack: KarstStack, tmp_path: Path) -> None:
    apply_imports("api", [stack], [entry()])
    assert written(stack, tmp_path, "import") == [{"to": BUCKET, "id": "lab-dump"}]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            [entry(stack="api-fundation")],
            "imports[0].stack: 'api-fundation' is no stack of 'api'. Did you mean 'api-foundation'?",
        ),
        (
            [entry(address="google_storage_bucket.dump__buket")],
            (
                "imports[0].address: 'api-foundation' declares no 'google_storage_bucket.dump__buket'. "
                f"Did you mean '{BUCKET}'?"
            ),
        ),
        ([entry(), entry()], f"imports[1].address: '{BUCKET}' is imported twice. Take one of the entries out."),
    ],
)
def test_import_of_nothing_is_refused(stack: KarstStack, entries: list[ResourceImport], message: str) -> None:
    with pytest.raises(SynthesisError) as caught:
        apply_imports("api", [stack], entries)
    assert str(caught.value) == f"environments/api/deployment.yaml: {message}"


def test_move_becomes_a_block_where_the_new_address_stands(stack: KarstStack, tmp_path: Path) -> None:
    moves = [
        Move(stack="*-foundation", before="google_storage_bucket.old", after=BUCKET),
        Move(stack="*-foundation", before="google_storage_bucket.x", after="google_storage_bucket.elsewhere"),
        Move(stack="*-run", before="google_storage_bucket.y", after=BUCKET),
    ]
    apply_moves([stack], moves)
    assert written(stack, tmp_path, "moved") == [{"from": "google_storage_bucket.old", "to": BUCKET}]


def test_move_from_what_still_stands_is_refused(stack: KarstStack) -> None:
    StorageBucket(stack, "old", name="lab-old", location="us-east4")
    with pytest.raises(ValueError, match=r"still declares 'google_storage_bucket\.old'"):
        apply_moves([stack], [Move(stack="*", before="google_storage_bucket.old", after=BUCKET)])
