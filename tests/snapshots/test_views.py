"""Every example stack looks as it did when somebody last reviewed it."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import pytest

from karst_cli.explain import Json, view
from karst_cli.images import images_in
from tests.examples import ExampleStack
from tests.snapshots.conftest import refuses_to_update

VIEWS = Path(__file__).parent / "views"
UPDATE = "pytest tests/snapshots --update-snapshots"


def canonical(stack: ExampleStack) -> str:
    """View a stack with image tags blanked: they are hashes of sources, and have tests of their own.

    So are the names of jobs of ours, which carry a hash of their image among others.
    """
    text = view(stack.content)
    images = images_in(text)
    for job in stack.content.get("resource", {}).get("kubernetes_job_v1", {}).values():
        if images_in(json.dumps(job)):
            name = job["metadata"]["name"]
            text = text.replace(name, f"{name.rpartition('-')[0]}-HASH")
    for image in images:
        text = text.replace(image, f"{image.rpartition(':')[0]}:TAG")
    return text


def difference(name: str, known: str, actual: str) -> str:
    lines = difflib.unified_diff(known.splitlines(), actual.splitlines(), "reviewed", "synthesized", lineterm="", n=2)
    return "\n".join([f"Stack {name} changed:", *lines, "", f"If that is meant: {UPDATE}, and review the diff."])


def test_views(is_updating: bool, examples: dict[str, ExampleStack]) -> None:
    actual = {name: canonical(stack) for name, stack in examples.items()}
    assert actual, "no example stack was synthesized"
    if is_updating:
        for path in VIEWS.glob("*.txt"):
            path.unlink()
        for name, text in actual.items():
            (VIEWS / f"{name}.txt").write_text(text, encoding="utf-8")
    known = {path.stem: path.read_text(encoding="utf-8") for path in VIEWS.glob("*.txt")}
    changed = [name for name in sorted(known.keys() | actual.keys()) if known.get(name) != actual.get(name)]
    if changed:
        text = "\n\n".join(difference(name, known.get(name, ""), actual.get(name, "")) for name in changed)
        pytest.fail(text, pytrace=False)


def test_view_leaves_out_what_says_nothing_and_shows_the_rest() -> None:
    document: dict[str, Json] = {
        "//": {"metadata": {"version": "1"}},
        "terraform": {
            "backend": {"local": {"path": "x"}},
            "required_providers": {"google": {"version": "8.7.0"}},
        },
        "provider": {"google": [{"project": "lab"}]},
        "import": [{"to": "google_a.b", "id": "i"}],
        "resource": {
            "google_b": {"z": {"project": "other", "depends_on": ["google_a.a", "google_a.b"]}},
            "google_a": {
                "b": {"//": {"metadata": {}}, "project": "lab", "list": [{"n": 1}, {"n": 2}], "e": {}, "depends_on": []}
            },
        },
    }
    assert view(document).splitlines() == [
        "provider google",
        '  project = "lab"',
        "",
        "backend local",
        '  path = "x"',
        "",
        "import",
        '  id = "i"',
        '  to = "google_a.b"',
        "",
        "google_a.b",
        "  e = {}",
        "  list[0].n = 1",
        "  list[1].n = 2",
        "",
        "google_b.z",
        "  depends_on = google_a (2)",
        '  project = "other"',
    ]


def test_difference_names_the_line_and_the_command() -> None:
    text = difference("demo", "a = 1\nb = 2\n", "a = 1\nb = 3\n")
    assert "-b = 2" in text
    assert "+b = 3" in text
    assert UPDATE in text


@pytest.mark.parametrize(("ci", "is_refused"), [("true", True), ("1", True), ("", False), ("false", False)])
def test_a_pipeline_approves_nothing(ci: str, is_refused: bool) -> None:
    assert refuses_to_update(ci) is is_refused


def test_view_takes_a_charts_values_apart() -> None:
    values = json.dumps({"scalers": [{"name": "worker"}], "limit": None}, indent=2)
    document: dict[str, Json] = {"resource": {"helm_release": {"x": {"values": [values], "set": ["{a}"]}}}}
    assert view(document).splitlines() == [
        "helm_release.x",
        '  set = ["{a}"]',
        "  values[0].limit = null",
        '  values[0].scalers[worker].name = "worker"',
    ]


def test_view_calls_items_by_their_names() -> None:
    variables: list[Json] = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    twice: list[Json] = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    body: dict[str, Json] = {"env": variables, "twice": twice}
    assert view({"resource": {"google_a": {"x": body}}}).splitlines() == [
        "google_a.x",
        '  env[A].value = "1"',
        '  env[B].value = "2"',
        '  twice[0].name = "A"',
        '  twice[0].value = "1"',
        '  twice[1].name = "A"',
        '  twice[1].value = "2"',
    ]
