"""What README and docs name exists: files, links, commands, targets; and their whole YAML documents are valid."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
import yaml

from karst.config.dataset import Dataset
from karst.config.deployment import Deployment
from karst.config.loader import load_model
from karst.plan.approvals import read_approvals
from karst_cli.main import COMMANDS
from tests.examples import ENVIRONMENTS, ExampleStack

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
WRITTEN_BY_HAND = [page for page in PAGES if page.name not in {"configuration.md", "cross-stack-values.md"}]
CDKTF_COMMANDS = {"synth", "list", "diff", "deploy", "destroy"}
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")
_FOLDERS = r"(?:constructs|docs|environments|services_src|stacks|tests|bench)"
_PATH = re.compile(rf"`({_FOLDERS}/[\w./-]*)`")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in _LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", WRITTEN_BY_HAND, ids=name)
def test_paths_exist(page: Path) -> None:
    missing = [path for path in _PATH.findall(page.read_text("utf-8")) if not (ROOT / path).exists()]
    assert missing == []


@pytest.mark.parametrize("page", WRITTEN_BY_HAND, ids=name)
def test_commands_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    spoken = re.findall(r"(?:`|^ {4,})(karst|cdktf|make) ([a-z][a-z-]*)", text, re.MULTILINE)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    known = {"karst": {one.name for one in COMMANDS}, "cdktf": CDKTF_COMMANDS, "make": targets}
    assert [f"{tool} {word}" for tool, word in spoken if word not in known[tool]] == []


def test_the_readme_speaks_of_all_three_tools() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert all(
        f"{command}" in text for command in ("make up", "make test", "karst validate", "cdktf diff", "cdktf deploy")
    )


def snippets() -> list[tuple[str, str]]:
    found = [
        (name(page), text)
        for page in PAGES
        for text in re.findall(r"```yaml\n(.*?)^ *```", page.read_text("utf-8"), re.S | re.M)
    ]
    assert len(found) >= 2
    return found


@pytest.mark.parametrize(("page", "text"), snippets())
def test_yaml_documents_are_valid(page: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "document.yaml"
    text = textwrap.dedent(text)
    path.write_text(text, "utf-8")
    if "\napprovals:\n" in text:
        assert read_approvals([path])
    elif "\naligned_volume:\n" in text:
        assert load_model(path, Dataset).name
    else:
        # A part of a deployment: what it says takes the place of the same keys in an example.
        example = yaml.safe_load((ENVIRONMENTS / "local" / "deployment.yaml").read_text("utf-8"))
        said = yaml.safe_load(text)
        said = {key: example[key] | value if key == "gcp" else value for key, value in said.items()}
        path.write_text(yaml.safe_dump(example | said), "utf-8")
        assert load_model(path, Deployment).name == "local"


def declared_rows() -> list[tuple[str, set[str], str]]:
    """Stack, types of resources, and what the row says. `google_` is left out of the page; other providers are not."""
    table = (ROOT / "README.md").read_text("utf-8").partition("## What is declared")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \|$", table, re.MULTILINE)
    return [(stack, {full_name(kind) for kind in re.findall(r"`(\w+)`", text)}, text) for stack, text in rows]


def full_name(kind: str) -> str:
    return kind if kind.startswith(("kubernetes_", "helm_")) else f"google_{kind}"


def test_the_table_of_what_is_declared_is_true(examples: dict[str, ExampleStack]) -> None:
    rows = declared_rows()
    assert {stack for stack, _, _ in rows} == {stack for stack in examples if stack.startswith("demo")}
    for stack, kinds, text in rows:
        resources = examples[stack].content.get("resource", {})
        assert bool(kinds) == bool(resources) != text.startswith("Nothing: "), stack
        assert kinds <= set(resources), f"{stack} does not declare {sorted(kinds - set(resources))}"
