"""A fake of the parts of Google's APIs that bootstrap and doctor ask, with their errors as documented.

It keeps what is made, checks what it is told, refuses what a project has switched off or a person may not do, and can
be made to fail, or to vanish, at any call. What only the real APIs can show it does not prove.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qs, unquote, urlsplit

from requests import PreparedRequest, Response, Session
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectionError as GoneError

from tests.google.fake_iam import IamParts
from tests.google.fake_state import Answer, Json, RefusedError, World
from tests.google.fake_web import WebParts


@dataclass
class Call:
    """One request, taken apart."""

    method: str
    api: str
    path: str
    query: Mapping[str, list[str]]
    body: Json

    def first(self, name: str) -> str:
        return self.query.get(name, [""])[0]


Fault = Callable[[int, Call], Answer | None]
"""Number of the call, from 1 on, and the call: an answer in place of the real one, or None."""


@dataclass
class FakeGoogle(IamParts, WebParts):
    """Everything that it holds, and what it does with a call."""

    world: World = field(default_factory=World)
    calls: list[Call] = field(default_factory=list)
    fault: Fault | None = None
    """Before a call has its effect."""
    vanishes_after: int = 0
    """The number of the call whose answer is lost after it had its effect; 0 for none."""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, method: str, url: str, content: bytes) -> Answer:
        """Answer one call. Raises GoneError where the answer is lost."""
        parts = urlsplit(url)
        api, _, path = parts.path.lstrip("/").partition("/")
        body: Json = json.loads(content) if content else {}
        call = Call(method=method, api=api, path=unquote(path), query=parse_qs(parts.query), body=body)
        with self._lock:
            self.calls.append(call)
            number = len(self.calls)
            told = self.fault(number, call) if self.fault else None
            answer = told or self._answered(call)
            if number == self.vanishes_after:
                raise GoneError("the answer was lost")
        return answer

    @property
    def changes(self) -> list[str]:
        """What was asked to change, as `METHOD api/path`."""
        reads = ("getIamPolicy", "testIamPermissions", "queryTestablePermissions")
        return [
            f"{one.method} {one.api}/{one.path}"
            for one in self.calls
            if one.method != "GET" and not one.path.endswith(reads)
        ]

    def _answered(self, call: Call) -> Answer:
        try:
            self.world.check_api(call.api)
            return self._routed(call)
        except RefusedError as refused:
            return refused.status, refused.body

    def _routed(self, call: Call) -> Answer:
        for pattern, permission, handle in self._routes():
            found = re.fullmatch(pattern, f"{call.method} {call.api}/{call.path}")
            if found:
                self.world.check_permission(permission)
                told = handle(self, call, *found.groups())
                return 302 if "Location" in told else 200, told
        raise RefusedError(404, "NOT_FOUND", f"no such method: {call.method} {call.api}/{call.path}")

    def _routes(self) -> list[tuple[str, str, Callable[..., Json]]]:
        return [*self.iam_routes(), *self.web_routes()]

    def session(self) -> Session:
        """A client's session that reaches it without a socket."""
        session = Session()
        session.mount("http://", _Adapter(self))
        return session


class _Adapter(BaseAdapter):
    def __init__(self, fake: FakeGoogle) -> None:
        super().__init__()
        self._fake = fake

    def send(self, request: PreparedRequest, *_: object, **__: object) -> Response:
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else cast("bytes", body)
        status, answer = self._fake.answer(request.method or "GET", request.url or "", content)
        response = Response()
        response.status_code = status
        response.url = request.url or ""
        response.request = request
        if isinstance(answer, dict) and "Location" in answer:
            response.headers["Location"] = str(answer["Location"])
        response._content = _bytes(answer)
        response.encoding = "utf-8"
        return response

    def close(self) -> None:
        """Hold nothing."""


def _bytes(answer: object) -> bytes:
    return answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()


@contextmanager
def serving(fake: FakeGoogle) -> Generator[str]:
    """Serve it on the loopback interface; give its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Header and body in one packet: else each answer waits 40 ms for the acknowledgement of the first.
        wbufsize = -1

        def do_GET(self) -> None:
            assert "Authorization" not in self.headers, "nobody's credentials go to another address"
            content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            try:
                status, answer = fake.answer(self.command, self.path, content)
            except GoneError:
                self.close_connection = True
                return
            body = _bytes(answer)
            self.send_response(status)
            if isinstance(answer, dict) and "Location" in answer:
                self.send_header("Location", str(answer["Location"]))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_PUT = do_GET  # noqa: N815 - the names that the base class looks for

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
