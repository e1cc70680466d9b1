"""`karst smoke` against a deployment that is whole, that lacks services, that fails, and that isn't there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from karst_cli.main import create_app

TOKEN = "a" * 32
Body = dict[str, Any]
Fault = Callable[[str, str], tuple[int, object] | None]


class Deployment:
    """Answers as the services do, as far as they are asked, and keeps what it is sent."""

    def __init__(self) -> None:
        self.keys: dict[int, str] = {}
        self.rows: dict[int, str] = {}
        self.states: dict[int, object] = {}
        self.values: dict[str, object] = {}
        self.absent: set[str] = set()
        self.is_admin = True
        self.fault: Fault = lambda _method, _path: None
        self.asked: list[str] = []
        self._last = 0

    @property
    def leftovers(self) -> list[object]:
        """What is still there."""
        return [*self.keys.values(), *self.rows.values(), *self.states.values(), *self.values.values()]

    def answer(self, method: str, path: str, body: Body) -> tuple[int, object]:
        """Answer one call."""
        self.asked.append(f"{method} {path}")
        self._last += 1
        faulty = self.fault(method, path)
        if faulty is not None:
            return faulty
        service = path.split("/")[1]
        if service in self.absent:
            return 404, {"message": "Not Found"}
        return getattr(self, f"_{service}")(method, path, body)

    def _auth(self, method: str, path: str, body: Body) -> tuple[int, object]:
        if path.endswith("/user/cache"):
            return 200, {"id": 7, "email": "ada@example.org", "admin": self.is_admin}
        if "/username" in path:
            return 200, [{"id": 7, "name": "Ada"}]
        if method == "POST":
            self.keys[self._last] = body["description"]
            return 200, "b" * 32
        if method == "DELETE":
            del self.keys[int(path.rpartition("/")[2])]
            return 200, "success"
        return 200, [{"id": id_, "description": text} for id_, text in self.keys.items()]

    def _info(self, method: str, path: str, body: Body) -> tuple[int, object]:
        if path.endswith("/version"):
            return 200, "4.3.3+karst.1"
        if path.endswith("/datastacks"):
            return 200, ["tiny"]
        if "/full/" in path:
            return 200, {"local_server": "https://local.example.org"}
        if method == "POST":
            self.rows[self._last] = body["name"]
            return 200, {"id": self._last, "name": body["name"]}
        if method == "DELETE":
            self.rows.pop(int(path.rpartition("/")[2]))
            return 200, {"removed": 1}
        return 200, [{"id": id_, "name": name} for id_, name in self.rows.items()]

    def _schema(self, _method: str, path: str, _body: Body) -> tuple[int, object]:
        return (200, ["synapse"]) if path.endswith("/type") else (200, {"$ref": "#/definitions/BoundSynapse"})

    def _nglstate(self, method: str, path: str, body: Body) -> tuple[int, object]:
        if path.endswith("/version"):
            return 200, "0.7.2"
        if method == "POST":
            self.states[self._last] = body
            return 200, f"https://karst.example.org/nglstate/api/v1/{self._last}"
        id_ = int(path.rpartition("/")[2])
        return (200, self.states.pop(id_)) if method == "DELETE" else (200, self.states[id_])

    def _clio(self, method: str, path: str, body: Body) -> tuple[int, object]:
        if path.endswith(("/datasets", "/profile")):
            return 200, {"email": "ada@example.org"}
        if method == "POST":
            self.values[path] = body
        return (200, self.values.pop(path)) if method == "DELETE" else (200, self.values[path])


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


@pytest.fixture
def url(deployment: Deployment) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            told = json.loads(self.rfile.read(length)) if length else {}
            status, body = deployment.answer(self.command, self.path, told)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self._do()

        def do_POST(self) -> None:
            self._do()

        def do_DELETE(self) -> None:
            self._do()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def karst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("KARST_TOKEN", TOKEN)
    monkeypatch.setenv("KARST_CLIO_TOKEN", "clio-token")

    def run(*arguments: str) -> Result:
        words = ["smoke", *arguments, "--state", str(tmp_path)]
        return CliRunner().invoke(create_app(words), words)

    return run


def test_everything_is_asked_and_nothing_stays(deployment: Deployment, url: str, karst: Callable[..., Result]) -> None:
    found = karst(url)
    assert (found.exit_code, "15 ok, 1 left out" in found.stdout) == (0, True), found.output
    assert "The deployment works." in found.stdout
    for service in ("auth", "info", "schema", "nglstate", "clio"):
        assert f"{service:9} read      ok" in found.stdout
    assert deployment.leftovers == []
    assert not {TOKEN, "clio-token", "b" * 32} & set(found.output.split())


def test_json_is_for_programs(url: str, karst: Callable[..., Result]) -> None:
    told = json.loads(karst(url, "--json").stdout)
    assert (told["good"], told["url"], len(told["steps"])) == (True, url, 16)
    assert told["steps"][0].keys() == {"service", "step", "outcome", "took_s", "detail", "remedy"}


def test_services_that_are_not_there_are_told(deployment: Deployment, url: str, karst: Callable[..., Result]) -> None:
    deployment.absent = {"info", "clio"}
    found = karst(url)
    assert (found.exit_code, "this deployment has no clio" in found.stdout) == (0, True)
    required = karst(url, "--require", "clio", "--require", "auth")
    assert (required.exit_code, "required and absent: clio" in required.stdout) == (1, True)
    assert karst(url, "--require", "cilo").exit_code == 2
    deployment.absent = {"auth", "info", "schema", "nglstate", "clio"}
    assert karst(url).exit_code == 1, "nothing passed"


@pytest.mark.parametrize(
    ("where", "answer", "said"),
    [
        ("POST /nglstate", (503, {"message": "No store\x1b[2J."}), "look at its pods"),
        ("GET /schema", (200, b"<html>Welcome"), "Is it the address of a deployment?"),
        ("GET /info/api/v2/datastacks", (302, b""), "must not redirect"),
        ("GET /auth/api/v1/user/cache", (401, {"message": "Unauthorized"}), "/sticky_auth/settings/tokens"),
        ("POST /info/api/v2/rows", (403, {"message": "Requires superadmin."}), "may not"),
        ("GET /auth/api/v1/username", (200, {"not": "a list"}), "another form"),
        ("POST /nglstate", (200, "nowhere"), "service of states"),
        ("DELETE /info", (500, {"message": "Oh."}), "is still there"),
    ],
)
def test_what_fails_is_told_with_its_remedy_and_the_rest_goes_on(
    deployment: Deployment, url: str, karst: Callable[..., Result], where: str, answer: tuple[int, object], said: str
) -> None:
    deployment.fault = lambda method, path: answer if f"{method} {path}".startswith(where) else None
    found = karst(url)
    assert (found.exit_code, said in found.stdout) == (1, True), found.output
    assert "clio      read      ok" in found.stdout
    assert "\x1b" not in found.output
    if where != "DELETE /info":
        assert deployment.leftovers == []


def test_what_is_made_goes_though_the_answer_was_lost(
    deployment: Deployment, url: str, karst: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = deployment.answer

    def losing(method: str, path: str, body: Body) -> tuple[int, object]:
        told = whole(method, path, body)
        return (504, {"message": "Too slow."}) if method == "POST" and path.startswith(("/auth", "/info")) else told

    monkeypatch.setattr(deployment, "answer", losing)
    assert karst(url).exit_code == 1
    assert deployment.leftovers == []


def test_what_a_killed_run_left_goes_with_the_next(
    deployment: Deployment, url: str, karst: Callable[..., Result]
) -> None:
    deployment.keys |= {5: "karst smoke 1600000000", 6: "somebody's own", 7: "karst smoke 99999999999"}
    deployment.rows[8] = "karst_smoke_1600000000"
    assert karst(url).exit_code == 0
    assert deployment.leftovers == ["somebody's own", "karst smoke 99999999999"], "of another run that goes on"


def test_without_a_superadmin_nothing_is_written_at_info(
    deployment: Deployment, url: str, karst: Callable[..., Result]
) -> None:
    deployment.is_admin = False
    found = karst(url)
    assert (found.exit_code, "only superadmins write there" in found.stdout) == (0, True)
    assert not any(each.startswith("POST /info") for each in deployment.asked)


def test_where_nothing_answers_it_ends_soon(karst: Callable[..., Result]) -> None:
    found = karst("http://127.0.0.1:9", "--timeout", "5")
    assert (found.exit_code, "gets no answer" in found.stdout) == (1, True)


@pytest.mark.parametrize(
    "wrong", ["karst.example.org", "ftp://karst.example.org", "https://", "https://me@host", "http://["]
)
def test_what_is_no_address_is_refused(karst: Callable[..., Result], wrong: str) -> None:
    found = karst(wrong)
    assert (found.exit_code, "is no address" in found.stderr) == (2, True)


def test_without_a_token_or_a_platform_it_says_what_to_do(
    karst: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = karst()
    assert (nothing.exit_code, "Start it: karst up" in nothing.stderr) == (1, True)
    monkeypatch.delenv("KARST_TOKEN")
    found = karst("https://karst.example.org")
    assert (found.exit_code, "Give one in KARST_TOKEN" in found.stderr) == (2, True)
    monkeypatch.setenv("KARST_TOKEN", "a\nb")
    assert karst("https://karst.example.org").exit_code == 2
    monkeypatch.setenv("KARST_TOKEN", TOKEN)
    assert karst("https://localhost:9", "--authority", "/none").exit_code == 2
