"""A small GitHub on loopback: comments and issues of one repository, in pages, with faults of the real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
WORKFLOW = {"login": "github-actions[bot]", "type": "Bot"}
SOMEBODY = {"login": "ada", "type": "User"}
TOKEN = "not-a-real-token"


class FakeGitHub:
    """What the repository holds, and which calls came."""

    def __init__(self) -> None:
        self.comments: dict[int, list[Json]] = {}
        self.issues: list[Json] = []
        self.calls: list[str] = []
        self.answers: list[int | str] = []
        """Statuses, or bodies, to answer the next calls with instead."""
        self.url = ""
        self._next = 100

    def id(self) -> int:
        self._next += 1
        return self._next

    def add_comment(self, number: int, body: str, user: Json = WORKFLOW) -> Json:
        made = {"id": self.id(), "body": body, "user": user}
        self.comments.setdefault(number, []).append(made)
        return made

    def add_issue(self, body: str, user: Json = WORKFLOW, **more: object) -> Json:
        number = self.id()
        made = {"id": number, "number": number, "body": body, "user": user, "state": "open", "title": "t", "labels": []}
        self.issues.append(made | more)
        return self.issues[-1]

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Json) -> tuple[int, object]:
        match method, path.removeprefix("/repos/lab/karst/").split("/"):
            case "GET", ["issues", number, "comments"]:
                return 200, page(self.comments.get(int(number), []), query)
            case "GET", ["issues"]:
                labels = set(query.get("labels", []))
                found = [one for one in self.issues if one["state"] == "open" and labels <= set(one["labels"])]
                return 200, page(found, query)
            case "POST", ["issues", number, "comments"]:
                return 201, self.add_comment(int(number), body["body"])
            case "POST", ["issues"]:
                return 201, self.add_issue(body["body"], title=body["title"], labels=body["labels"])
            case "PATCH", ["issues", "comments", id_]:
                (one,) = [one for all_ in self.comments.values() for one in all_ if one["id"] == int(id_)]
                one.update(body)
                return 200, one
            case "DELETE", ["issues", "comments", id_]:
                for all_ in self.comments.values():
                    all_[:] = [one for one in all_ if one["id"] != int(id_)]
                return 204, None
            case "PATCH", ["issues", number]:
                (one,) = [one for one in self.issues if one["number"] == int(number)]
                one.update(body)
                return 200, one
            case _:
                return 404, {"message": "Not Found"}


def page(entries: list[Json], query: dict[str, list[str]]) -> list[Json]:
    size, number = int(query["per_page"][0]), int(query["page"][0])
    return entries[(number - 1) * size : number * size]


@contextmanager
def serving(fake: FakeGitHub) -> Generator[FakeGitHub]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fake.calls.append(f"{self.command} {parts.path.removeprefix('/repos/lab/karst/')}")
            told = fake.answers.pop(0) if fake.answers else 0
            status, answer = 401, None
            if isinstance(told, str):
                self._send(200, told.encode())
                return
            if told:
                status, answer = told, {"message": "told to"}
            elif self.headers["Authorization"] == f"Bearer {TOKEN}":
                body = json.loads(content) if content else {}
                status, answer = fake.answer(self.command, parts.path, parse_qs(parts.query), body)
            self._send(status, b"" if answer is None else json.dumps(answer).encode())

        def _send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            if status in {301, 302}:
                self.send_header("Location", f"{fake.url}/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the names that the library calls

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
