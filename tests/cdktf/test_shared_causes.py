"""Credentials, and the bucket of the state: told once for all stacks, with what to type."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from karst_cli.diagnosis import diagnose
from karst_cli.state import reason_unreachable
from tests.cdktf.conftest import Project

ENDPOINT = "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT"
QUERYING = "Error: Failed to get existing workspaces: querying Cloud Storage failed: "
PROVIDER = "Error: Attempted to load application default credentials since neither `credentials` nor `access_token` was"
MESSAGES = {
    f"{QUERYING}googleapi: Error 403: You do not have storage.objects.list access": "may not use the bucket",
    f"{QUERYING}storage: bucket doesn't exist": "gs://lab-state, does not exist",
    f"{QUERYING}googleapi: Error 401: Invalid Credentials, authError": "does not accept the credentials",
    f'{QUERYING}Get "https://storage.googleapis.com/": dial tcp: i/o timeout': "cannot be reached",
    "Error: storage.NewClient() failed: dialing: google: could not find default credentials.": "There are no Google",
    f"{PROVIDER} set in the provider block.  No credentials loaded.": "There are no Google",
    'Error: oauth2: "invalid_grant" "reauth related error (invalid_rapt)"': "does not accept the credentials",
}


@contextmanager
def answering(status: int) -> Generator[str]:
    """Answer on the loopback interface as the storage API does when it refuses."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"error": {"code": status, "message": "no"}}).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/storage/v1/"
        server.shutdown()


@pytest.fixture
def bucket(project: Project, monkeypatch: pytest.MonkeyPatch) -> Generator[Project]:
    """A project whose stacks keep their state in a bucket that answers."""
    names = ("demo", "demo-apps-blue", "demo-data-h01", "demo-foundation")
    for name in names:
        backend = {"gcs": {"bucket": "lab-state", "prefix": name}}
        project.content(name, {"terraform": {"backend": backend}, "resource": {"terraform_data": {"x": {}}}})
    with answering(401) as endpoint:
        monkeypatch.setenv(ENDPOINT, endpoint)
        yield project


@pytest.mark.parametrize(("said", "problem"), MESSAGES.items())
def test_terraforms_words_are_recognized(said: str, problem: str) -> None:
    cause = diagnose(said, "lab-state")
    assert cause is not None
    assert problem in cause.problem
    assert "cdktf diff STACK --without-state" in str(cause)


@pytest.mark.parametrize(
    "said",
    [
        "Error: Error creating Network: googleapi: Error 403: Quota exceeded",
        "Error: Error reading Topic: googleapi: Error 404: not found",
        "Error: Invalid for_each argument",
    ],
)
def test_other_words_are_left_alone(said: str) -> None:
    assert diagnose(said, "lab-state") is None


def test_a_refused_bucket_is_told_once(bucket: Project, capsys: pytest.CaptureFixture[str]) -> None:
    said = f"{QUERYING}storage: bucket doesn't exist"
    names = ("demo", "demo-apps-blue", "demo-data-h01", "demo-foundation")
    bucket.behave(**{f"init {name}": {"status": 1, "stderr": said} for name in names})
    assert bucket.cdktf("deploy", "demo", "--auto-approve", "--ignore-missing-stack-dependencies") == 1
    assert bucket.cdktf("diff", *names, "--ignore-missing-stack-dependencies") == 1
    told = capsys.readouterr().err.split("nothing was applied.\n")[1]
    assert told.count("does not exist") == 1
    assert told.startswith("== demo-foundation, demo-apps-blue, demo-data-h01, demo: not planned\n")
    assert "Make it: karst bootstrap DEPLOYMENT" in told
    assert "Terraform said: Failed to get existing workspaces" in told
    assert "init of demo" not in told
    folder = bucket.folder / "cdktf.out" / "stacks" / "demo-foundation"
    assert f"To run it by hand: cd {folder} && {bucket.folder / 'bin' / 'terraform'} init -input=false" in told
    assert bucket.calls("init") == ["demo", "demo-foundation"], "each run asks a lost bucket once"
    assert bucket.calls("plan") == []


def test_nobody_waits_for_a_bucket_that_does_not_answer(
    bucket: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{port}/storage/v1/")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert bucket.cdktf("diff", "demo-data-h01") == 1
    said = capsys.readouterr().err
    assert said.count("gs://lab-state, cannot be reached (connection refused).") == 1
    assert "Check the network" in said
    assert bucket.all_calls() == []


@pytest.mark.parametrize("status", [200, 401, 403, 404])
def test_any_answer_means_reachable(status: int) -> None:
    with answering(status) as endpoint:
        assert reason_unreachable("lab-state", {ENDPOINT: endpoint}) is None


def test_missing_credentials_are_told_once(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    said = f"{PROVIDER} set in the provider block.  No credentials loaded."
    project.behave(**{f"plan {name}": {"status": 1, "stderr": said} for name in ("demo-data-h01", "demo-foundation")})
    assert project.cdktf("diff", "demo-data-h01") == 1
    told = capsys.readouterr().err
    assert told.count("There are no Google Cloud credentials on this machine.") == 1
    assert "Sign in: gcloud auth application-default login" in told
    assert "plan of demo" not in told
