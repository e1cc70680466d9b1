"""What is asked of each service. What a run makes is called `karst smoke` and the moment, and goes again."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, cast
from urllib.parse import quote

from karst.smoke.calls import Answer, SmokeError, remedy_of
from karst.smoke.run import AbsentError, LeaveOutError, Run

_LEFT_S = 3600
"""What is older than this was left by a run that was killed."""
_NAME = re.compile(r"karst[ _]smoke[ _](\d{9,12})")
_AUTH, _INFO, _SCHEMA, _STATES, _CLIO = "/auth/api/v1", "/info/api/v2", "/schema/api/v2", "/nglstate/api/v1", "/clio/v2"


def auth(run: Run) -> None:
    """Sign in, look somebody up, make a key, use it, revoke it."""
    calls, token = run.calls, run.token
    with run.step("auth", "sign in"):
        answer = calls.ask("GET", f"{_AUTH}/user/cache", token=token)
        _demand_there(answer, "auth")
        run.caller = _object(_good(answer))
    caller = run.caller
    if not caller:
        return
    with run.step("auth", "look up"):
        found = cast(
            "list[dict[str, Any]]", calls.good("GET", f"{_AUTH}/username?id={caller['id']}", token=token).json()
        )
        if [each["id"] for each in found] != [caller["id"]]:
            raise SmokeError("auth doesn't know who is signed in", "Look at auth's log at this time")
    made = ""
    with run.step("auth", "write"):
        _forget_keys(run)
        body = {"description": f"karst smoke {int(run.now_s())}"}
        run.afterwards("a key called karst smoke", partial(_revoke, run, body["description"]))
        made = str(calls.good("POST", f"{_AUTH}/user/token", token=token, body=body).json())
    if made:
        with run.step("auth", "read"):
            with_key = _object(calls.good("GET", f"{_AUTH}/user/cache", token=made))
            if with_key["id"] != caller["id"]:
                raise SmokeError("the new key is somebody else's", "Stop auth, and look at its log")


def info(run: Run) -> None:
    """Ask for datastacks; superadmins make an aligned volume, read it, take it away."""
    calls, token = run.calls, run.token
    with run.step("info", "look up"):
        _demand_there(calls.ask("GET", "/info/version"), "info")
        names = cast("list[str]", calls.good("GET", f"{_INFO}/datastacks", token=token).json())
        if names:
            full = _object(calls.good("GET", f"{_INFO}/datastack/full/{quote(names[0], safe='')}", token=token))
            if "local_server" not in full:
                raise SmokeError(f"the datastack {names[0]} lacks local_server", "Look at its row at /info/admin/")
    name = f"karst_smoke_{int(run.now_s())}"
    row: dict[str, Any] = {}
    with run.step("info", "write"):
        if not run.caller.get("admin"):
            raise LeaveOutError("only superadmins write there")
        rows = calls.ask("GET", f"{_INFO}/rows/alignedvolume", token=token)
        if rows.status == 404:
            raise LeaveOutError("it has no way for programs to write: upstream's has none")
        _forget_rows(run, cast("list[dict[str, Any]]", _good(rows).json()))
        body = {"name": name, "image_source": "precomputed://gs://karst-smoke/none"}
        run.afterwards(f"the aligned volume {name}", partial(_remove_rows, run, name))
        row = _object(calls.good("POST", f"{_INFO}/rows/alignedvolume", token=token, body=body))
    if row:
        with run.step("info", "read"):
            rows = calls.good("GET", f"{_INFO}/rows/alignedvolume", token=token)
            if name not in {each["name"] for each in cast("list[dict[str, Any]]", rows.json())}:
                raise SmokeError("what was written isn't there", "Look at info's log at this time")


def schema(run: Run) -> None:
    """Ask for a type. Nobody writes there."""
    with run.step("schema", "look up"):
        answer = run.calls.ask("GET", f"{_SCHEMA}/type")
        _demand_there(answer, "schema")
        if "synapse" not in cast("list[str]", _good(answer).json()):
            raise SmokeError("the type synapse isn't among its types", "Is it the image of this Karst?")
    with run.step("schema", "read"):
        document = _object(run.calls.good("GET", f"{_SCHEMA}/type/synapse"))
        if "$ref" not in document:
            raise SmokeError("the type synapse is no JSON schema", "Is it the image of this Karst?")
    with run.step("schema", "write"):
        raise LeaveOutError("it keeps nothing: types come with its image")


def states(run: Run) -> None:
    """Post a state of a viewer, read it, delete it."""
    calls, token = run.calls, run.token
    with run.step("nglstate", "look up"):
        answer = calls.ask("GET", f"{_STATES}/version", token=token)
        _demand_there(answer, "nglstate")
        _good(answer)
    state = {"title": f"karst smoke {int(run.now_s())}", "layers": []}
    path = ""
    with run.step("nglstate", "write"):
        told = str(calls.good("POST", f"{_STATES}/post", token=token, body=state).json())
        found = re.search(r"/(\d+)$", told)
        if found is None:
            raise SmokeError("it answers no address of a state", "Is it the service of states?")
        path = f"{_STATES}/{found[1]}"
        run.afterwards(f"the state {found[1]}", partial(_delete_state, run, path))
    if path:
        with run.step("nglstate", "read"):
            if calls.good("GET", path, token=token).json() != state:
                raise SmokeError("the state comes back otherwise than posted", "Look at its store and its log")


def clio(run: Run) -> None:
    """Ask for datasets, keep a value of one's own, read it, take it away."""
    calls, token = run.calls, run.clio_token
    with run.step("clio", "look up"):
        answer = calls.ask("GET", f"{_CLIO}/datasets", token=token)
        _demand_there(answer, "clio")
        if answer.status == 401 and token is None:
            raise LeaveOutError("it has tokens of its own: give one in KARST_CLIO_TOKEN")
        _good(answer)
    if token is None:
        return
    path = ""
    with run.step("clio", "write"):
        me = str(_object(calls.good("GET", "/clio/profile", token=token))["email"])
        wanted = f"{_CLIO}/kv/{quote(me, safe='')}/karst_smoke"
        run.afterwards("the value karst_smoke", lambda: calls.good("DELETE", wanted, token=token, is_cleaning=True))
        calls.good("POST", wanted, token=token, body={"at": int(run.now_s())})
        path = wanted
    if path:
        with run.step("clio", "read"):
            if "at" not in str(calls.good("GET", path, token=token).json()):
                raise SmokeError("the value comes back otherwise than kept", "Look at its store and its log")


SERVICES: tuple[tuple[str, Callable[[Run], None]], ...] = (
    ("auth", auth),
    ("info", info),
    ("schema", schema),
    ("nglstate", states),
    ("clio", clio),
)


def _demand_there(answer: Answer, service: str) -> None:
    if answer.status == 404:
        raise AbsentError(f"this deployment has no {service}")


def _good(answer: Answer) -> Answer:
    if answer.status >= 300:
        raise SmokeError(f"{answer.place} answers {answer.status}: {answer.text()}", remedy_of(answer.status))
    return answer


def _object(answer: Answer) -> dict[str, Any]:
    told = answer.json()
    if not isinstance(told, dict):
        raise SmokeError(f"{answer.place} answers no object", "Is it the address of a deployment?")
    return cast("dict[str, Any]", told)


def _is_left(name: object, now_s: float) -> bool:
    found = _NAME.fullmatch(str(name))
    return found is not None and int(found[1]) < now_s - _LEFT_S


def _keys(run: Run) -> list[dict[str, Any]]:
    answer = run.calls.good("GET", f"{_AUTH}/user/token", token=run.token, is_cleaning=True)
    return cast("list[dict[str, Any]]", answer.json())


def _revoke(run: Run, description: str) -> None:
    for each in _keys(run):
        if each["description"] == description:
            run.calls.good("DELETE", f"{_AUTH}/user/token/{each['id']}", token=run.token, is_cleaning=True)


def _forget_keys(run: Run) -> None:
    for each in _keys(run):
        if _is_left(each.get("description"), run.now_s()):
            run.calls.good("DELETE", f"{_AUTH}/user/token/{each['id']}", token=run.token)


def _remove_rows(run: Run, name: str) -> None:
    answer = run.calls.good("GET", f"{_INFO}/rows/alignedvolume", token=run.token, is_cleaning=True)
    for each in cast("list[dict[str, Any]]", answer.json()):
        if each["name"] == name:
            _remove_row(run, each["id"])


def _remove_row(run: Run, row_id: int) -> None:
    run.calls.good("DELETE", f"{_INFO}/rows/alignedvolume/{row_id}", token=run.token, is_cleaning=True)


def _forget_rows(run: Run, rows: list[dict[str, Any]]) -> None:
    for each in rows:
        if _is_left(each["name"], run.now_s()):
            _remove_row(run, each["id"])


def _delete_state(run: Run, path: str) -> None:
    answer = run.calls.ask("DELETE", path, token=run.token, is_cleaning=True)
    if answer.status not in (404, 405):  # upstream's keeps states for ever
        _good(answer)
