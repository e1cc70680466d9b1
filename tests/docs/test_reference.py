"""The generated pages are those of the code as it is, and leave nothing out."""

import re
from pathlib import Path

import pytest

from karst.config.dataset import Dataset
from karst.config.deployment import Deployment
from karst.config.model_walk import fields_by_key
from karst.cross_stack import CROSS_STACK_VALUES
from karst_cli.docs import docs, pages

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", sorted(pages()))
def test_pages_are_current(name):
    assert (REFERENCE / name).read_text(encoding="utf-8") == pages()[name], "run `karst docs` and commit the pages"


@pytest.mark.parametrize("model", [Deployment, Dataset])
def test_every_field_at_the_top_has_a_row(model):
    missing = [key for key in fields_by_key(model) if f"| `{key}` |" not in pages()["configuration.md"]]
    assert missing == []


@pytest.mark.parametrize(
    "path",
    ["gcp.pools.<name>.machine_type", "materialization.schedules[].cron", "graphs.<name>.bucket.name", "global.host"],
)
def test_fields_deep_down_have_a_row(path):
    assert f"| `{path}` |" in pages()["configuration.md"]


def test_every_value_that_crosses_stacks_has_a_row():
    page = pages()["cross-stack-values.md"]
    assert [one.value for one in CROSS_STACK_VALUES if f"| {one.value} |" not in page] == []


def test_no_row_breaks_its_table():
    for text in pages().values():
        tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
        assert tables
        for table in tables:
            assert len({line.replace("\\|", "").count("|") for line in table.splitlines()}) == 1


def test_the_command_writes_the_pages(tmp_path):
    docs(tmp_path / "reference")
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "reference").iterdir()} == pages()
