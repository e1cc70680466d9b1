"""What to do once the platform runs: lines to copy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.text import Text


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the platform answers."""

    http: str
    https: str
    bundle: Path


@dataclass(frozen=True, kw_only=True)
class DemoLogin:
    """Who is logged in by the printed token."""

    email: str
    token: str


def next_steps(
    address: Address,
    login: DemoLogin | None,
    datasets_path: str | None,
    elapsed_s: float,
    *,
    cave: DemoLogin | None = None,
) -> list[Text]:
    """Lines for the terminal. `datasets_path` is a route that the token opens, where a service has one.

    `cave` is who is signed in at the services of CAVE.
    """
    lines = [
        Text(),
        Text.assemble(
            ("Karst runs at ", "bold"), (address.http, "bold cyan"), (f"  (ready in {elapsed_s:.1f} s)", "dim")
        ),
        Text.assemble("HTTPS          ", address.https, ("   authorities: ", "dim"), str(address.bundle)),
    ]
    if datasets_path is not None and login is None:
        lines.append(Text("Other machines can connect, so there is no demo login: the services' settings say who may."))
    elif datasets_path is not None and login is not None:
        url = address.http + datasets_path
        lines += [
            Text(f"Signed in as   {login.email}, with this token:"),
            Text(login.token, style="green"),
            Text(),
            Text("Try it in a shell:", style="bold"),
            Text(f"curl -H 'Authorization: Bearer {login.token}' {url}"),
            Text(),
            Text("or in Python:", style="bold"),
            *map(Text, _python(url, login.token)),
            Text(),
            Text("Clients that speak HTTPS only:", style="bold"),
            Text(f"export REQUESTS_CA_BUNDLE={_quoted(address.bundle)} SSL_CERT_FILE={_quoted(address.bundle)}"),
        ]
    if cave is not None:
        lines += [
            Text(),
            Text(f"Signed in to CAVE as {cave.email}, with this token; `karst token EMAIL` gives those of others:"),
            Text(cave.token, style="green"),
            Text(f"Account, keys and administration: {address.https}/sticky_auth/settings"),
        ]
    return [*lines, Text(), Text("Ctrl-C stops it; everything is kept.", style="dim")]


def _python(url: str, token: str) -> list[str]:
    return [
        "import json, urllib.request",
        f'request = urllib.request.Request("{url}")',
        f'request.add_header("Authorization", "Bearer {token}")',
        "print(json.load(urllib.request.urlopen(request)))",
    ]


def _quoted(path: Path) -> str:
    text = str(path)
    return (
        text if all(letter.isalnum() or letter in "/._-" for letter in text) else "'" + text.replace("'", "'\\''") + "'"
    )
