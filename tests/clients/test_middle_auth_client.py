"""middle-auth-client from the package index, as services of others use it: told where auth is, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.python import Python
from tests.clients.up import Platform

_SERVICE = """
import flask
from middle_auth_client import auth_required, auth_requires_admin, auth_requires_permission, get_usernames
app = flask.Flask("service of others")

def route(path, *decorators):
    def handler(**_):
        return flask.jsonify(flask.g.auth_user)
    for decorate in decorators:
        handler = decorate(handler)
    app.add_url_rule(path, path, handler)

route("/in", auth_required)
route("/view/<table_id>", auth_requires_permission("view", resource_namespace="datastack"))
route("/edit/<table_id>", auth_requires_permission("edit", resource_namespace="datastack"))
route("/superadmin", auth_requires_admin)

def ask(path, token):
    headers = {"Authorization": "Bearer " + token} if token else {"Origin": "https://viewer.example.org"}
    answer = app.test_client(use_cookies=False).get(path, headers=headers, base_url="https://x.example.org")
    return [answer.status_code, answer.json]
"""


@pytest.fixture(scope="module")
def service(platform: Platform) -> Iterator[Python]:
    """A service that asks the running platform, by HTTPS, who somebody is and what they may."""
    host = platform.server.removeprefix("https://")
    addresses = {"AUTH_URL": f"{host}/auth", "STICKY_AUTH_URL": f"{host}/sticky_auth"}
    with Python(platform.environment | addresses, of="middle-auth-client") as session:
        session(f"exec({_SERVICE!r}, globals())")
        yield session


@pytest.fixture(scope="module")
def stranger(platform: Platform) -> str:
    """A token of somebody whom no group lets see the demo's datastack."""
    return platform.token_of("stranger@example.org", "--create")


def ask(service: Python, path: str, token: str | None) -> tuple[int, Any]:
    status, body = service(f"ask({path!r}, {token!r})")
    return status, body


def test_it_knows_who_somebody_is(service: Python, platform: Platform, stranger: str) -> None:
    status, owner = ask(service, "/in", platform.key)
    assert (status, owner["email"], owner["admin"]) == (200, platform.email, True)
    status, other = ask(service, "/in", stranger)
    assert (status, other["email"], other["admin"]) == (200, "stranger@example.org", False)
    assert service(f"get_usernames([{owner['id']}, {other['id']}], {platform.key!r})") == [owner["name"], other["name"]]


@pytest.mark.parametrize(("path", "message"), [("/view/demo", "view"), ("/edit/demo", "edit"), ("/superadmin", "")])
def test_it_lets_in_who_may(service: Python, platform: Platform, stranger: str, path: str, message: str) -> None:
    assert ask(service, path, platform.key)[0] == 200
    status, body = ask(service, path, stranger)
    assert status == 403
    assert message in str(body)


@pytest.mark.parametrize("token", [None, "0" * 32])
def test_nobody_is_refused(service: Python, token: str | None) -> None:
    assert ask(service, "/in", token)[0] == 401
    assert ask(service, "/view/demo", token)[0] == 401


def test_a_datastack_that_nobody_declared_is_not_found(service: Python, platform: Platform) -> None:
    assert ask(service, "/view/nothing_such", platform.key)[0] == 400
