"""What `karst synth` says about the stacks it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from karst.app import SynthesisError
from karst_cli.synth import read_summaries, render


def write_output(folder: Path, stacks: dict[str, dict[str, object]]) -> None:
    """Lay out a folder as the toolkit does."""
    listed = {name: {"name": name, "synthesizedStackPath": f"stacks/{name}/cdk.tf.json"} for name in stacks}
    (folder / "manifest.json").write_text(json.dumps({"version": "0", "stacks": listed}))
    for name, content in stacks.items():
        (folder / "stacks" / name).mkdir(parents=True)
        (folder / "stacks" / name / "cdk.tf.json").write_text(json.dumps(content))


def test_stacks_are_listed_by_name_with_their_resources(tmp_path: Path) -> None:
    buckets = {"google_storage_bucket": {"a": {}, "b": {}}, "google_pubsub_topic": {"t": {}}}
    write_output(tmp_path, {"lab-foundation": {"resource": buckets}, "lab": {"terraform": {}}})
    summaries = read_summaries(tmp_path)
    assert [(s.name, s.resource_count) for s in summaries] == [("lab", 0), ("lab-foundation", 3)]
    console = Console(width=100)
    with console.capture() as printed:
        console.print(render(summaries))
    assert "storage_bucket 2, pubsub_topic 1" in printed.get()
    assert "2 stacks" in printed.get()


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (None, "manifest.json is missing: synthesize first"),
        ("{", "manifest.json is not JSON"),
        ("[]", "manifest.json holds no JSON object"),
        ("{}", "manifest.json lists no stacks"),
        ('{"stacks": {"a": 1}}', "manifest.json lists no stacks"),
        ('{"stacks": {"a": {"synthesizedStackPath": "gone.json"}}}', "gone.json is missing"),
    ],
)
def test_a_broken_output_folder_is_named(tmp_path: Path, manifest: str | None, message: str) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(SynthesisError, match=message):
        read_summaries(tmp_path)
