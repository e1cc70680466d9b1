"""`karst up environments/demo` as people have it: all services of this checkout, every printed line as it stands."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from karst_platform.required_programs import find_browser
from tests.conftest import find_tool

ROOT = Path(__file__).parents[2]
PATIENCE_S = 90
READY = "Ctrl-C stops it"
WITHOUT_PROXY = {**os.environ, "no_proxy": "localhost,127.0.0.1", "NO_PROXY": "localhost,127.0.0.1"}


@dataclass(frozen=True)
class Platform:
    """A run, and what it printed."""

    text: str

    def found(self, pattern: str) -> str:
        match = re.search(pattern, self.text)
        assert match is not None, self.text
        return match[1]


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    # Not below pytest's folder: PostgreSQL, which refuses to run as root, could not reach it.
    with tempfile.TemporaryDirectory(prefix="karst-") as folder:
        output = Path(folder) / "output.txt"
        command = [sys.executable, "-m", "karst_cli.main", "up", "environments/demo", "--state", f"{folder}/state"]
        with output.open("wb") as file:
            process = subprocess.Popen(
                [*command, "--port", "0", "--https-port", "0"],
                cwd=ROOT,
                env={**WITHOUT_PROXY, "PYTHONPATH": f"{ROOT / 'constructs'}{os.pathsep}{ROOT}"},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        end_s = time.monotonic() + PATIENCE_S
        while READY not in output.read_text() and process.poll() is None and time.monotonic() < end_s:
            time.sleep(0.1)
        text = output.read_text()
        try:
            assert READY in text, text
            yield Platform(text)
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(PATIENCE_S)
        assert code == 0, output.read_text()


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    finished = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**WITHOUT_PROXY, **(environment or {})}
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_every_service_that_answers_requests_runs(platform: Platform) -> None:
    declared = {
        path.parent.name for path in ROOT.glob("services_src/*/service.yaml") if "\nroutes:" in path.read_text()
    }
    assert declared >= {"clio", "landing"}
    assert declared == set(platform.found(r"Services  (.*?)  [\d.]+ s").split(", "))


def test_the_printed_python_shows_the_dataset(platform: Platform) -> None:
    code = platform.found(r"(?s)(import json, urllib.request\n.*?\n)\n")
    assert "'tiny'" in run([sys.executable, "-c", code])


def test_the_printed_curl_line_shows_the_dataset(platform: Platform) -> None:
    find_tool("curl")
    assert '"tiny"' in run(["sh", "-c", platform.found(r"(?m)^(curl .*)$")])


def test_the_printed_authorities_make_https_work(platform: Platform) -> None:
    code = f"import urllib.request; print(urllib.request.urlopen('{platform.found(r'HTTPS +(https://.*?) ')}').status)"
    trusted = dict(word.split("=", 1) for word in platform.found(r"(?m)^export (.*)$").split())
    assert run([sys.executable, "-c", code], trusted) == "200\n"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_front_page_looks_as_in_the_documentation(platform: Platform, scheme: str, tmp_path: Path) -> None:
    """`KARST_SCREENSHOTS=docs/images pytest tests/e2e` renews the pictures."""
    program = find_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(color_scheme=scheme, viewport={"width": 1100, "height": 900})  # type: ignore[arg-type]
        page.goto(platform.found(r"runs at (http://\S+)"))
        expect(page.get_by_role("heading", name="Tiny")).to_be_visible()
        expect(page.locator(".state.waiting")).to_have_count(0)
        # The token of this run opens nothing any more, but pictures of tokens teach bad habits.
        page.evaluate("document.getElementById('token-text').textContent = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…'")
        folder = Path(os.environ.get("KARST_SCREENSHOTS", tmp_path))
        assert len(page.screenshot(path=folder / f"local-{scheme}.png", full_page=True)) > 20_000
        browser.close()
