"""Our guard and the published library, side by side, for each request of the table: equal, but for what is listed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from karst_platform.testing_programs import missing
from services_src.platform.tests.frame_client import ask
from services_src.platform.tests.guard.differences import DIFFERENCES, SAME_IN_OTHER_WORDS
from services_src.platform.tests.guard.guarded import guarded_app, told
from services_src.platform.tests.guard.people import EVERYONE, PUBLIC, TABLES, Known, token
from services_src.platform.tests.guard.table import CASES, Case

PYTHON = Path(__file__).parents[4] / ".venv-oracles" / "bin" / "python"
_PROGRAM = """
import io, json, os, sys
os.environ.update(AUTH_URL="g.example.org/auth", STICKY_AUTH_URL="g.example.org/sticky_auth")
import flask, requests
import middle_auth_client.decorators as library
from middle_auth_client import (
    auth_required, auth_requires_admin, auth_requires_dataset_admin, auth_requires_permission)

world = json.load(sys.stdin)

class Auth(requests.adapters.BaseAdapter):
    def send(self, request, **_):
        found = self.find(request)
        answer = requests.Response()
        answer.status_code = 404 if found is None else 200
        answer.raw = io.BytesIO(json.dumps(found).encode())
        return answer

    def find(self, request):
        path = request.url.split("/auth/api/v1/")[1].split("/")
        if path[:2] == ["user", "cache"]:
            return world["records"].get(request.headers["authorization"].split(" ")[1])
        if path[0] == "service":
            return world["tables"].get(path[1] + " " + path[3])
        public = world["public"].get(path[1], [])
        if path[2] == "has_public":
            return bool(public)
        if path[2] == "root_all_public":
            return all(root in public for root in json.loads(request.body))
        return int(path[3]) in public

library.session.mount("https://", Auth())
app = flask.Flask("oracle")
service = {"service_token": world["service"]}

def route(path, *decorators):
    def handler(**_):
        return flask.jsonify(id=flask.g.auth_user["id"], token=flask.g.auth_token)
    for decorate in decorators:
        handler = decorate(handler)
    app.add_url_rule(path, path, handler, methods=["GET", "POST"])

route("/in", auth_required)
route("/view/<table_id>", auth_requires_permission("view"))
route("/edit/<table_id>", auth_requires_permission("edit"))
route("/blind/<table_id>", auth_requires_permission("view", ignore_tos=True))
route("/volume/<name>", auth_requires_permission("view", table_arg="name", resource_namespace="aligned_volume"))
route("/dataset", auth_requires_permission("view", dataset="h01"))
route("/nothing", auth_requires_permission("view"))
route("/superadmin", auth_requires_admin)
route("/keeper/<table_id>", auth_requires_dataset_admin())
route("/member", library.auth_requires_group("G1"))
route("/open/<table_id>", auth_requires_permission("view", public_table_key="table_id", **service))
route("/root/<table_id>/<int:root_id>", auth_requires_permission(
    "view", public_table_key="table_id", public_node_key="root_id", **service))
route("/roots/<table_id>", auth_requires_permission(
    "view", public_table_key="table_id", public_node_json_key="roots", **service))

def told(case):
    library.token_to_user_cache.clear()
    answer = app.test_client(use_cookies=False).open(
        case["path"], method=case["method"], headers=case["headers"], data=case["body"],
        base_url="https://x.example.org")
    text = answer.get_data(as_text=True)
    kept = {"status": answer.status_code, "location": answer.headers.get("Location"),
            "challenge": answer.headers.get("WWW-Authenticate"), "cookie": answer.headers.get("Set-Cookie"),
            "body": None if answer.status_code == 302 else answer.json if answer.is_json else text}
    return {key: value for key, value in kept.items() if value is not None}

app.logger.disabled = True
print(json.dumps({name: told(case) for name, case in world["cases"].items()}))
"""


@pytest.fixture(scope="module")
def published() -> Mapping[str, Any]:
    """What the library answers to each case."""
    if not PYTHON.exists():
        missing("middle-auth-client", "middle-auth-client is missing: run `make oracles`")
    world = {
        "records": {token(one.id): one.to_json() for one in EVERYONE},
        "tables": {" ".join(table): dataset for table, dataset in TABLES.items()},
        "public": {table: sorted(roots) for table, roots in PUBLIC.items()},
        "service": token(9),
        "cases": {name: vars(case) for name, case in CASES.items()},
    }
    command = [str(PYTHON), "-W", "ignore", "-c", _PROGRAM]
    done = subprocess.run(command, input=json.dumps(world), check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


async def ours(case: Case) -> dict[str, Any]:
    """What our guard answers."""
    app = guarded_app(Known())
    answer = await ask(app, case.path, method=case.method, headers=case.headers, content=case.body.encode())
    return told(answer)


@pytest.mark.parametrize("name", sorted(CASES.keys() - DIFFERENCES.keys() - SAME_IN_OTHER_WORDS.keys()))
async def test_both_answer_the_same(published: Mapping[str, Any], name: str) -> None:
    assert await ours(CASES[name]) == published[name]


@pytest.mark.parametrize("name", DIFFERENCES)
async def test_what_differs_is_as_it_is_listed(published: Mapping[str, Any], name: str) -> None:
    difference = DIFFERENCES[name]
    found, theirs = await ours(CASES[name]), published[name]
    assert found == difference.ours
    assert theirs != found
    assert theirs["status"] == difference.their_status


@pytest.mark.parametrize(("name", "without"), SAME_IN_OTHER_WORDS.items())
async def test_what_is_said_otherwise_means_the_same(
    published: Mapping[str, Any], name: str, without: Callable[[Mapping[str, Any]], object]
) -> None:
    found, theirs = await ours(CASES[name]), published[name]
    assert found != theirs
    assert without(found) == without(theirs)
