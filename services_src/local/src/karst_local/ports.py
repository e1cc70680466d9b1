"""Ports: whether they are free, and who has them where they are not."""

from __future__ import annotations

import socket

import psutil

from karst_local.faults import Exit, LocalError


def free_port(host: str, port: int, option: str) -> int:
    """Return the port, or any free one for 0. Raises LocalError that names who has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise LocalError(
                Exit.BUSY_PORT, f"Port {port} is reserved for the system. Choose one above 1023: {option} {port + 8000}"
            ) from None
        except OSError as error:
            if isinstance(error, socket.gaierror) or not port:
                raise LocalError(Exit.USAGE, f"{host} is no address of this machine: {error.strerror}") from None
            raise LocalError(
                Exit.BUSY_PORT,
                f"Port {port} is in use{_by_whom(port)}. Stop that, or choose another: {option} {port + 1}",
            ) from None
        return int(probe.getsockname()[1])


def _by_whom(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            is_it = connection.laddr and connection.laddr.port == port
            if is_it and connection.status == psutil.CONN_LISTEN and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        return ""  # others' processes are not ours to see
    return ""
