"""`karst token`: what it says where nothing runs, or nobody of that name is there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from karst_cli.main import create_app

SENT: list[tuple[str, str, str]] = []


class _Platform(BaseHTTPRequestHandler):
    """Answers as auth does."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        SENT.append((self.path, self.headers["X-Karst-Demo-Key"], body))
        is_known = "ada" in body or "create=y" in body
        answer = {"token": "a" * 32} if is_known else {"message": "There is no such user."}
        content = json.dumps(answer).encode() if "broken" not in body else b"<html>"
        self.send_response(200 if is_known else 404 if "broken" not in body else 502)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Platform)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    SENT.clear()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "demo-key").write_text("the key")
    (tmp_path / "running.json").write_text(json.dumps({"process": 1, "url": f"http://127.0.0.1:{server.server_port}"}))
    yield tmp_path
    server.shutdown()
    thread.join()
    server.server_close()


def karst_token(*arguments: str) -> Result:
    words = ["token", *arguments]
    return CliRunner().invoke(create_app(words), words)


def test_a_token_is_printed_alone(state: Path) -> None:
    found = karst_token("ada@example.org", "--state", str(state))
    assert (found.exit_code, found.stdout, found.stderr) == (0, "a" * 32 + "\n", "")
    assert SENT == [("/sticky_auth/demo/token", "the key", "email=ada%40example.org&name=")]


def test_somebody_new_is_made_only_if_asked(state: Path) -> None:
    refused = karst_token("grace@example.org", "--state", str(state))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == "karst token: There is no such user. Add --create to make them.\n"
    made = karst_token("grace@example.org", "--create", "--name", "Grace", "--state", str(state))
    assert (made.exit_code, made.stdout) == (0, "a" * 32 + "\n")
    assert SENT[-1][2] == "email=grace%40example.org&name=Grace&create=y"


def test_answers_that_are_none_are_told(state: Path) -> None:
    found = karst_token("broken@example.org", "--state", str(state))
    assert (found.exit_code, found.stderr) == (1, "karst token: the platform answered 502\n")


def test_where_nothing_runs_it_says_what_to_do(tmp_path: Path) -> None:
    found = karst_token("ada@example.org", "--state", str(tmp_path))
    assert (found.exit_code, found.stdout) == (1, "")
    assert f"nothing runs with the state {tmp_path}. Start it: karst up" in found.stderr


def test_a_platform_that_ended_is_told(state: Path) -> None:
    (state / "running.json").write_text(json.dumps({"process": 1, "url": "http://127.0.0.1:9"}))
    found = karst_token("ada@example.org", "--state", str(state))
    assert (found.exit_code, found.stdout) == (1, "")
    assert "doesn't answer" in found.stderr
