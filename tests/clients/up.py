"""`karst up environments/demo` for clients: everything of this checkout on free ports of this machine, by HTTPS."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
READY = "Ctrl-C stops it"
PATIENCE_S = 90
NO_PROXY = {"no_proxy": "localhost,127.0.0.1", "NO_PROXY": "localhost,127.0.0.1"}


@dataclass(frozen=True)
class Platform:
    """A run: where it answers, and who is logged in."""

    text: str
    state: Path
    clients: dict[str, httpx.Client] = field(default_factory=dict[str, httpx.Client])

    @cached_property
    def server(self) -> str:
        """Address of everything, by HTTPS."""
        return self.found(r"HTTPS +(https://\S+)")

    @cached_property
    def clio(self) -> str:
        """Address of the store, by HTTPS."""
        return self.server + "/clio"

    @cached_property
    def plain(self) -> str:
        """Address of the store without TLS, for browsers that trust no authority of ours."""
        return self.found(r"runs at (http://\S+)") + "/clio"

    @cached_property
    def token(self) -> str:
        """Token of the demo user, who is the owner."""
        return self.found(r"(?m)^(eyJ\S+)$")

    @cached_property
    def key(self) -> str:
        """Token of the same person for the services of CAVE."""
        return self.found(r"Signed in to CAVE .*\s+([0-9a-f]{32})\s")

    @cached_property
    def email(self) -> str:
        """The demo user."""
        return self.found(r"Signed in as +([^\s,]+)")

    @cached_property
    def bundle(self) -> str:
        """File of the authorities that its certificate needs."""
        return self.found(r"REQUESTS_CA_BUNDLE=(\S+)")

    def token_of(self, email: str, *options: str) -> str:
        """A token of somebody for the services of CAVE, as `karst token` prints it."""
        command = [sys.executable, "-m", "karst_cli.main", "token", email, *options, "--state", str(self.state)]
        told = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "constructs"), str(ROOT)])}
        return subprocess.run(command, env=told, check=True, capture_output=True, text=True).stdout.strip()

    @property
    def environment(self) -> dict[str, str]:
        """What a client's process is told: the authority, as the run prints it, and nothing of the server's."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        return kept | NO_PROXY | {"REQUESTS_CA_BUNDLE": self.bundle, "SSL_CERT_FILE": self.bundle}

    def ask(self, method: str, path: str, body: object = None, *, token: str | None = None) -> httpx.Response:
        """Send a request to the store, as the demo user unless another's token is given."""
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        return self.browser.request(method, self.clio + path, headers=headers, json=body)

    @cached_property
    def browser(self) -> httpx.Client:
        """What sends headers as it is told, and trusts the platform's authority and no other."""
        trusted = ssl.create_default_context(cafile=self.bundle)
        return self.clients.setdefault("browser", httpx.Client(verify=trusted, trust_env=False, timeout=30))

    def found(self, pattern: str) -> str:
        """The first group of a pattern that it must have printed."""
        match = re.search(pattern, self.text)
        assert match is not None, self.text
        return match[1]


@contextmanager
def up() -> Generator[Platform]:
    """Run the platform from an empty state folder; it has to end in good order."""
    # Not below pytest's folder: PostgreSQL, which refuses to run as root, could not reach it.
    with tempfile.TemporaryDirectory(prefix="karst-") as folder, worker() as address:
        output, state = Path(folder) / "output.txt", Path(folder) / "state"
        command = [sys.executable, "-m", "karst_cli.main", "up", "environments/demo", "--state", str(state)]
        paths = os.pathsep.join([str(ROOT / "constructs"), str(ROOT), os.environ.get("PYTHONPATH", "")])
        with output.open("wb") as file:
            process = subprocess.Popen(
                [*command, "--port", "0", "--https-port", "0"],
                cwd=ROOT,
                env={**os.environ, **NO_PROXY, "PYTHONPATH": paths, "TRANSFER_FUNC": address},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Platform(_text_when_ready(process, output), state)
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(PATIENCE_S)
        assert code == 0, output.read_text()


def _text_when_ready(process: subprocess.Popen[bytes], output: Path) -> str:
    end_s = time.monotonic() + PATIENCE_S
    while READY not in output.read_text() and process.poll() is None and time.monotonic() < end_s:
        time.sleep(0.1)
    text = output.read_text()
    assert READY in text, text
    return text


class _Worker(BaseHTTPRequestHandler):
    """The worker of image transfer: takes every block."""

    def do_POST(self) -> None:
        block = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200 if block["size"] == [128, 128, 128] else 400)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def worker() -> Generator[str]:
    """A worker of image transfer, at the address that this yields."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Worker)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/run"
    server.shutdown()
    thread.join()
    server.server_close()
