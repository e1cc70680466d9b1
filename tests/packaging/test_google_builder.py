"""Building against a server on the loopback interface that answers like Google's APIs; no real cloud is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from google.auth.credentials import AnonymousCredentials

from karst.packaging import Bundle
from karst.packaging.build import BuildError, Outcome, build_image
from karst.packaging.google_builder import Endpoints, GoogleBuilder
from karst.packaging.sources import Entry
from karst.packaging.target import BuildTarget

TAG = "a" * 24
BUNDLE = Bundle(service="landing", tag=TAG, entries=(Entry(path="Dockerfile", content=b"FROM scratch\n"),))
TARGET = BuildTarget(
    project="lab-cave",
    region="us-east4",
    repository="demo-services",
    bucket="lab-sources",
    service_account="builder@lab-cave.iam.gserviceaccount.com",
)
IMAGE = f"us-east4-docker.pkg.dev/lab-cave/demo-services/landing:{TAG}"
LOG = "https://console.example.org/build/7"


class Cloud:
    """What the fake cloud holds, how its builds end, and what it refuses."""

    def __init__(self) -> None:
        self.tags: set[str] = set()
        self.objects: dict[str, bytes] = {}
        self.builds: list[dict[str, object]] = []
        self.states = ["WORKING", "WORKING", "SUCCESS"]
        self.refuses: dict[str, int] = {}
        self.rival_pushes = False

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        kind = "storage" if "/upload/storage/" in path else "builds" if "/builds" in path else "registry"
        if kind in self.refuses:
            status = self.refuses[kind]
            return status, {"error": {"code": status, "message": f"no {kind} for you"}}
        return getattr(self, f"_{kind}")(method, path, body)

    def _registry(self, method: str, path: str, _: bytes) -> tuple[int, object]:
        place = "/v1/projects/lab-cave/locations/us-east4/repositories/demo-services/packages/landing/tags/"
        assert method == "GET"
        assert path.startswith(place)
        return (200, {"name": path}) if path.removeprefix(place) in self.tags else (404, {"error": {"code": 404}})

    def _storage(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        assert method == "POST"
        assert "ifGenerationMatch=0" in path
        name = f"landing/{TAG}.tar.gz"
        assert name.encode() in body
        if name in self.objects:
            return 412, {"error": {"code": 412, "message": "conditionNotMet"}}
        self.objects[name] = body
        return 200, {"name": name, "bucket": "lab-sources"}

    def _builds(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        if method == "POST":
            assert path == "/v1/projects/lab-cave/locations/us-east4/builds"
            self.builds.append(json.loads(body))
            build = {"id": "7", "status": "QUEUED", "logUrl": LOG}
            return 200, {"name": "operations/7", "metadata": {"build": build}}
        assert path.endswith("/builds/7")
        status = self.states.pop(0)
        if status == "SUCCESS" or self.rival_pushes:
            self.tags.add(TAG)
        return 200, {"id": "7", "status": status, "logUrl": LOG, "statusDetail": ""}


@contextmanager
def serving(cloud: Cloud) -> Generator[GoogleBuilder, None, None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, answer = cloud.answer(self.command, self.path, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - the name that the base class looks for

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield GoogleBuilder(AnonymousCredentials(), Endpoints(storage=url, build=url, registry=url))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run(cloud: Cloud) -> tuple[Outcome, list[str]]:
    told: list[str] = []
    with serving(cloud) as builder:
        return build_image(builder, TARGET, BUNDLE, report=told.append, sleep=lambda _: None), told


def test_a_missing_image_is_built_from_uploaded_sources() -> None:
    cloud = Cloud()
    outcome, told = run(cloud)
    assert outcome == Outcome(image=IMAGE, was_built=True)
    (request,) = cloud.builds
    assert request["source"] == {"storageSource": {"bucket": "lab-sources", "object": f"landing/{TAG}.tar.gz"}}
    assert request["images"] == [IMAGE]
    assert request["serviceAccount"] == f"projects/lab-cave/serviceAccounts/{TARGET.service_account}"
    (stored,) = cloud.objects.values()
    assert BUNDLE.tar_gz() in stored
    assert any(LOG in line for line in told)
    assert [line for line in told if "WORKING" in line] == ["landing: WORKING"]


def test_an_image_that_is_there_costs_one_question() -> None:
    cloud = Cloud()
    cloud.tags.add(TAG)
    outcome, _ = run(cloud)
    assert outcome == Outcome(image=IMAGE, was_built=False)
    assert (cloud.objects, cloud.builds) == ({}, [])


def test_sources_that_are_there_are_used() -> None:
    cloud = Cloud()
    cloud.objects[f"landing/{TAG}.tar.gz"] = b"by another machine"
    outcome, _ = run(cloud)
    assert outcome.was_built
    assert list(cloud.objects.values()) == [b"by another machine"]


@pytest.mark.parametrize("status", ["FAILURE", "TIMEOUT", "CANCELLED", "INTERNAL_ERROR", "EXPIRED"])
def test_a_failed_build_names_its_log(status: str) -> None:
    cloud = Cloud()
    cloud.states = [status]
    with pytest.raises(BuildError, match=rf"the build failed \({status}\). Read its log: {LOG}"):
        run(cloud)


def test_losing_a_race_is_no_failure() -> None:
    cloud = Cloud()
    cloud.states, cloud.rival_pushes = ["FAILURE"], True
    outcome, _ = run(cloud)
    assert outcome == Outcome(image=IMAGE, was_built=False)


def test_a_build_without_end_is_given_up() -> None:
    cloud = Cloud()
    cloud.states = ["WORKING"] * 10_000
    with pytest.raises(BuildError, match="has not ended after 2400 s"):
        run(cloud)


@pytest.mark.parametrize(
    ("part", "status", "words"),
    [
        ("registry", 403, r"read the registry demo-services \(403: no registry for you\).*Ask for|or ask for"),
        ("registry", 401, "gcloud auth application-default login"),
        ("storage", 403, r"write to the bucket lab-sources \(403"),
        ("storage", 404, "Deploy the foundation stack first"),
        ("builds", 403, r"build in us-east4 \(403: no builds for you\)"),
    ],
)
def test_refusals_say_what_was_refused_and_what_to_do(part: str, status: int, words: str) -> None:
    cloud = Cloud()
    cloud.refuses[part] = status
    with pytest.raises(BuildError, match=words):
        run(cloud)


def test_a_cloud_that_does_not_answer_is_named() -> None:
    builder = GoogleBuilder(AnonymousCredentials(), Endpoints(registry="http://127.0.0.1:9"), sleep=lambda _: None)
    with pytest.raises(BuildError, match=r"http://127\.0\.0\.1:9.* cannot be reached"):
        builder.has_image(TARGET, "landing", TAG)
