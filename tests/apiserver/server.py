"""A real API server with nothing behind it but its store: it admits, defaults and keeps objects, and runs none."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_START_LIMIT_S = 90
_TOKEN = "administrator"


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """Where it listens, and who may do everything."""

    url: str
    token: str = _TOKEN

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> dict[str, Any]:
        """Send one request and return the document that comes back. Raises `urllib.error.HTTPError`."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": kind},
            method=method,
        )
        with urllib.request.urlopen(request, context=_any_certificate(), timeout=20) as answer:
            document: dict[str, Any] = json.loads(answer.read())
        return document

    def is_ready(self) -> bool:
        """Whether it serves, its own namespaces included."""
        try:
            self.ask("/api/v1/namespaces/kube-system")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True


@contextmanager
def api_server(program: Path, etcd: Path, folder: Path) -> Generator[ApiServer]:
    """Run both programs on loopback until the block ends; their logs stay in `folder`."""
    store, peers, serving = _free_ports(3)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "accounts.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    (folder / "tokens.csv").write_text(f"{_TOKEN},administrator,administrator,system:masters\n", encoding="utf-8")
    keeps = _start(
        folder / "etcd.log",
        etcd,
        f"--data-dir={folder / 'store'}",
        f"--listen-client-urls=http://127.0.0.1:{store}",
        f"--advertise-client-urls=http://127.0.0.1:{store}",
        f"--listen-peer-urls=http://127.0.0.1:{peers}",
        f"--initial-advertise-peer-urls=http://127.0.0.1:{peers}",
        f"--initial-cluster=default=http://127.0.0.1:{peers}",
    )
    serves = _start(
        folder / "apiserver.log",
        program,
        f"--etcd-servers=http://127.0.0.1:{store}",
        "--bind-address=127.0.0.1",
        f"--secure-port={serving}",
        f"--cert-dir={folder}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'accounts.key'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        "--service-cluster-ip-range=10.96.0.0/16",
    )
    try:
        server = ApiServer(url=f"https://127.0.0.1:{serving}")
        _wait_for(server, serves, folder / "apiserver.log")
        yield server
    finally:
        for process in (serves, keeps):
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def _start(log: Path, program: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen([str(program), *arguments], stdout=file, stderr=subprocess.STDOUT)


def _wait_for(server: ApiServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while not server.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the API server does not serve:\n{log.read_text(encoding='utf-8')[-2000:]}")
        time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _any_certificate() -> ssl.SSLContext:
    # The server signs its own certificate at each start, on loopback.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
