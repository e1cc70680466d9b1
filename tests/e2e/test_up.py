"""`karst up environments/demo` as people have it: all services of this checkout, every printed line as it stands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from karst_platform.testing_programs import find_browser
from tests.clients.up import NO_PROXY, ROOT, Platform, up
from tests.conftest import find_tool

WITHOUT_PROXY = {**os.environ, **NO_PROXY}


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with up() as run:
        yield run


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


def test_a_command_prints_tokens_of_anybody_and_nothing_else(platform: Platform) -> None:
    url = platform.found(r"runs at (http://\S+)") + "/auth/api/v1/user/cache"
    for email, more in (("viewer@example.org", []), ("grace@example.org", ["--create", "--name", "Grace"])):
        command = [sys.executable, "-m", "karst_cli.main", "token", email, "--state", str(platform.state), *more]
        printed = run(command, {"PYTHONPATH": str(ROOT / "constructs")})
        assert re.fullmatch(r"[0-9a-f]{32}\n", printed)
        record = httpx.get(url, headers={"Authorization": f"Bearer {printed.strip()}"}, trust_env=False).json()
        assert record["email"] == email
    token = platform.found(r"(?m)^([0-9a-f]{32})$")
    owner = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert owner.json()["admin"] is True
    assert owner.json()["permissions_v2"] != {}


def karst(platform: Platform, *words: str) -> str:
    command = [sys.executable, "-m", "karst_cli.main", *words, "--state", str(platform.state)]
    return run(command, {"PYTHONPATH": str(ROOT / "constructs")})


def test_every_service_takes_a_write_and_gives_it_back_by_https_too(platform: Platform) -> None:
    for url in (platform.found(r"runs at (http://\S+)"), platform.server):
        told = json.loads(karst(platform, "smoke", url, "--json", "--require", "clio"))
        assert {each["service"] for each in told["steps"] if each["outcome"] == "ok" and each["step"] == "read"} == {
            "auth", "info", "schema", "nglstate", "clio"
        }  # fmt: skip


def test_everything_is_as_declared_from_the_start(platform: Platform) -> None:
    told = json.loads(karst(platform, "reconcile", "--json"))
    assert {each["verb"] for each in told["plan"]} == {"leave"}
    assert (told["done"], told["failed"], told["problem"]) == ([], [], None)
    assert "dataset" in {each["kind"] for each in told["plan"]}


def test_a_deployments_own_files_can_be_planned_against_it(platform: Platform) -> None:
    token = (platform.state / "secrets" / "reconcile-token").read_text()
    command = [sys.executable, "-m", "karst_cli.main", "reconcile", str(ROOT / "environments" / "demo"), "--plan"]
    told = {"PYTHONPATH": str(ROOT / "constructs"), "KARST_RECONCILE_TOKEN": token}
    printed = run([*command, "--server", platform.server, "--authority", platform.bundle], told)
    assert "local_server: " in printed, "the cloud's addresses are others than this machine's"
    assert token not in printed


def test_viewers_learn_where_to_sign_in(platform: Platform) -> None:
    https = platform.found(r"HTTPS +(https://\S+)")
    told = httpx.get(platform.found(r"runs at (http://\S+)") + "/auth_info", trust_env=False)
    assert told.headers["content-type"] == "application/json"
    assert told.headers["access-control-allow-origin"] == "*"
    assert told.json()["login_url"] == f"{https}/sticky_auth"
    assert "tiny" in told.json()["supported_datastacks"]


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
