"""Every `curl` line and every line of Python for clients that stands in README and docs, as readers paste it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.clients.pages import Block, blocks
from tests.clients.python import Python
from tests.clients.up import ROOT, Platform
from tests.conftest import find_tool

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "services_src").glob("*/README.md")])
START_THEIR_OWN = (ROOT / "services_src" / "clio" / "README.md", ROOT / "docs" / "tutorials" / "laptop.md")
"""Pages that begin with a server of their own; tests of theirs follow them from the first line to the last."""
"""This page's lines are for the server that it starts (services_src/clio/tests/test_start.py)."""
USE_CLIO = ROOT / "docs" / "how-to" / "use-clio.md"
CURL = 'command curl --silent --show-error --write-out "<<<%{http_code}>>>" "$@"'
SHELL = f"set -eu\ncurl() {{ {CURL}; }}\n"
ON_ONE_MACHINE = "https://localhost:8443/clio"
PLAIN = "http://localhost:8080/clio"
DEPLOYED = "https://HOST"
"""Where a page speaks of a deployment of the reader's, which is this machine's here."""


def with_curl() -> list[Path]:
    return [page for page in PAGES if page not in START_THEIR_OWN and any(lines(block) for block in blocks(page))]


def lines(block: Block) -> list[str]:
    """Its lines of curl; none where the block needs an account of the cloud besides."""
    is_for_here = block.is_shell and "gcloud" not in block.text
    return [line for line in block.commands if is_for_here and line.startswith("curl ")]


def fits(answer: object, shown: object) -> bool:
    """Whether an answer is what a page shows; three dots there stand for anything."""
    if shown == "...":
        return True
    if isinstance(answer, dict) and isinstance(shown, dict):
        return answer.keys() == shown.keys() and all(fits(answer[name], shown[name]) for name in shown)
    if isinstance(answer, list) and isinstance(shown, list):
        return len(answer) == len(shown) and all(map(fits, answer, shown))
    return type(answer) is type(shown) and answer == shown


def test_the_lines_are_found() -> None:
    found = {page.name: sum(len(lines(block)) for block in blocks(page)) for page in with_curl()}
    assert found.get("use-clio.md", 0) >= 30
    assert found.get("give-a-user-a-role.md", 0) >= 1
    assert found.get("README.md", 0) >= 2


def test_three_dots_stand_for_anything() -> None:
    assert fits({"a": [1, "x"]}, {"a": [1, "..."]})
    for shown in ({"a": [1]}, {"a": [1.0, "..."]}, {"b": "..."}, [], "x"):
        assert not fits({"a": [1, "x"]}, shown)


@pytest.mark.parametrize("page", with_curl(), ids=lambda page: page.name)
def test_curl_lines_work_as_they_are_pasted(page: Path, platform: Platform) -> None:
    find_tool("curl")
    known = {"CLIO": platform.clio, "TOKEN": platform.token, "ME": platform.email, "ID": "", "KEY": platform.key}
    known |= {"SERVER": platform.server, "AUTH": f"{platform.server}/auth/api/v1"}
    answer: object = None
    for block in blocks(page):
        if block.language == "json" and answer is not None:
            shown = json.loads(block.text)
            assert fits(answer, shown), f"the page shows {shown}, the answer is {answer}"
        answer = None
        if lines(block):
            names = [word for line in block.commands if line.startswith("export ") for word in line.split()[1:]]
            assert {name.partition("=")[0] for name in names if "=" in name} <= known.keys()
            answer = run(block, platform.environment | known)
            known["ID"] = answer["id"] if isinstance(answer, dict) and "id" in answer else known["ID"]


def run(block: Block, environment: dict[str, str]) -> object:
    """Run what a block says, except for what gives values to variables; return the last answer."""
    here = [line.replace(PLAIN, "$CLIO").replace(DEPLOYED, "$SERVER") for line in block.commands]
    said = [line for line in here if not line.startswith("export ")]
    done = subprocess.run(
        ["sh", "-c", SHELL + "\n".join(said)], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, f"{block.text}\n{done.stdout}{done.stderr}"
    *answers, rest = re.split(r"<<<(\d+)>>>", done.stdout)
    assert rest == ""
    assert all(status.startswith("2") for status in answers[1::2]), f"{block.text}\n{done.stdout}"
    return json.loads(answers[-2])


def test_the_lines_for_clio_py_work(platform: Platform, python: Python) -> None:
    every = list(blocks(USE_CLIO))
    (code,) = (block.text for block in every if block.language == "python")
    (dataset,) = (block.text for block in every if block.language == "json" and "neuronEngine" in block.text)
    assert ON_ONE_MACHINE in code
    assert platform.ask("POST", "/v2/datasets", json.loads(dataset.replace(ON_ONE_MACHINE, platform.clio))).is_success
    neuron = {"bodyid": 1034, "type": "DNa01"}
    assert platform.ask("POST", "/v2/json-annotations/mb20/neurons", neuron).is_success
    python(code.replace(ON_ONE_MACHINE, platform.clio).replace('"..."', repr(platform.token)))
    assert python("clio.fetch_annotations(1034).to_dict('records')") == [{"bodyid": 1034, "type": "DNa02"}]
