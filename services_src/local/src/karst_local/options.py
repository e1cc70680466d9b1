"""What a run can be told."""

from __future__ import annotations

import argparse
import ipaddress
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from karst_local.deployment import Deployment, read_deployment
from karst_local.faults import Exit, LocalError

DSN_VARIABLE = "KARST_POSTGRES_DSN"
SERVICES = Path(__file__).parents[3]
_THIS_MACHINE = ("127.0.0.1", "::1")
_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - what people may write, and what it means


@dataclass(frozen=True, kw_only=True)
class Options:
    """A run, as it was asked for."""

    deployment: Deployment
    state: Path
    host: str
    port: int
    https_port: int
    dsn: str | None
    """A PostgreSQL that somebody else runs; without one we run our own."""
    is_fresh: bool
    services: Path
    """The folder of the services' folders."""
    environment: Mapping[str, str]

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)

    @property
    def name(self) -> str:
        """What clients call this machine. Where it listens at every address, that is the name it has."""
        if self.host in _THIS_MACHINE:
            return "localhost"
        return socket.gethostname() if self.host in _EVERY_ADDRESS else self.host


def is_loopback(host: str) -> bool:
    """Whether an address or name leads to this machine from nowhere else."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_options(arguments: Sequence[str]) -> Options:
    """Take the command line and standard input, which holds the deployment. Raises LocalError."""
    parser = argparse.ArgumentParser(prog="karst-local", description=__doc__, allow_abbrev=False)
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps everything")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=_port, default=8080, help="port of HTTP; 0 takes a free one")
    parser.add_argument("--https-port", type=_port, default=8443, help="port of HTTPS; 0 takes a free one")
    parser.add_argument("--fresh", action="store_true", help="empty the folder first")
    parser.add_argument("--services", type=Path, default=SERVICES, help="folder of the services' folders")
    told = parser.parse_args(arguments)
    dsn = os.environ.get(DSN_VARIABLE) or None
    if told.fresh and dsn:
        raise LocalError(
            Exit.USAGE,
            "--fresh empties the state folder, not a database of somebody else's. Leave out --fresh or --dsn",
        )
    if told.port == told.https_port != 0:
        raise LocalError(Exit.USAGE, f"HTTP and HTTPS can't share port {told.port}. Choose another --https-port")
    return Options(
        deployment=read_deployment(sys.stdin.read()),
        state=told.state.absolute(),
        host="127.0.0.1" if told.host == "localhost" else told.host,
        port=told.port,
        https_port=told.https_port,
        dsn=dsn,
        is_fresh=told.fresh,
        services=told.services,
        environment={name: value for name, value in os.environ.items() if name != DSN_VARIABLE},
    )


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is no port")
    return number
