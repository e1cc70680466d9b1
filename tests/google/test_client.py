"""The client of Google's APIs: what it tries again, what it gives up, and what it says."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from google.auth.exceptions import RefreshError, TransportError
from requests import PreparedRequest, Response, Session
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectionError as GoneError

from karst.google.client import Endpoints, GoogleApi
from karst.google.credentials import connect
from karst.google.errors import GoogleError, RefusedError, SignInError, UnreachableError, parse_refusal, printable
from tests.google.support import Clock

Act = Callable[[], tuple[int, str, dict[str, str]]]


class Script(BaseAdapter):
    """Answers one after the other; the last one for ever."""

    def __init__(self, *acts: Act) -> None:
        super().__init__()
        self.acts = list(acts)
        self.asked: list[PreparedRequest] = []

    def send(self, request: PreparedRequest, *_: object, **__: object) -> Response:
        self.asked.append(request)
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        response = Response()
        response.status_code, text, headers = act()
        response.headers.update(headers)
        response._content = text.encode()
        response.encoding = "utf-8"
        return response

    def close(self) -> None:
        """Hold nothing."""


def says(status: int, body: object = "", **headers: str) -> Act:
    text = body if isinstance(body, str) else json.dumps(body)
    return lambda: (status, text, {name.replace("_", "-"): value for name, value in headers.items()})


def fails(error: Exception) -> Act:
    def act() -> tuple[int, str, dict[str, str]]:
        raise error

    return act


def error(status: int, message: str = "no", code: str = "", reason: str = "") -> Act:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "metadata": {"service": "x.test"}}
    return says(status, {"error": {"code": status, "message": message, "status": code, "details": [info]}})


def asked(*acts: Act, is_repeatable: bool = True) -> tuple[object, list[float], Script]:
    script, clock, session = Script(*acts), Clock(), Session()
    session.mount("http://", script)
    api = GoogleApi(session, Endpoints(base="http://google.test"), sleep=clock.sleep, clock=clock.time)
    try:
        url = api.public("dns", "v1/x")
        told: object = api.ask_at("GET", url, "look at x", is_repeatable=is_repeatable)
    except GoogleError as refused:
        told = refused
    return told, clock.pauses, script


GOOD = says(200, {"a": 1})


@pytest.mark.parametrize("bad", [error(429), error(500), error(503), says(502, "<html>"), fails(GoneError("gone"))])
def test_what_passes_is_tried_again(bad: Act) -> None:
    told, pauses, _ = asked(bad, bad, GOOD)
    assert told == {"a": 1}
    assert len(pauses) == 2


def test_a_pause_that_google_asks_for_is_made_but_no_longer_than_a_minute() -> None:
    _, pauses, _ = asked(says(429, "{}", Retry_After="7"), says(503, "{}", Retry_After="86400"), GOOD)
    assert pauses == [7.0, 60.0]


@pytest.mark.parametrize("header", ["-1", "soon", "1e9", "٣"])
def test_a_pause_that_cannot_be_read_is_none(header: str) -> None:
    script = says(503, "{}")
    told, pauses, _ = asked(lambda: (503, "{}", {"Retry-After": header}) if header.isascii() else script(), GOOD)
    assert told == {"a": 1}
    assert pauses[0] < 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412])
def test_what_is_refused_is_not_tried_again(status: int) -> None:
    told, pauses, _ = asked(error(status))
    assert isinstance(told, RefusedError)
    assert (told.refusal.status, pauses) == (status, [])


def test_what_must_not_happen_twice_is_tried_once() -> None:
    told, _, script = asked(error(503), GOOD, is_repeatable=False)
    assert isinstance(told, RefusedError)
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (error(403, "Permission 'a.b.c' denied"), RefusedError, "Google refused to look at x (403: Permission 'a.b.c'"),
        (error(403, "off", reason="SERVICE_DISABLED"), RefusedError, "gcloud services enable x.test"),
        (error(401), RefusedError, "gcloud auth application-default login"),
        (error(429, "Quota exceeded"), RefusedError, "A quota of the project is used up"),
        (error(500), RefusedError, "That is Google's trouble"),
        (error(409), RefusedError, "Somebody else changes it at this moment"),
        (error(404), RefusedError, "Check the names in deployment.yaml"),
        (says(200, "<html>sign in to this network</html>"), RefusedError, "the answer is no JSON"),
        (fails(GoneError("gone")), UnreachableError, "http://google.test/dns/v1/x cannot be reached (ConnectionError)"),
        (fails(TransportError("gone")), UnreachableError, "Google's sign-in cannot be reached"),
        (
            fails(RefreshError("invalid_grant")),
            SignInError,
            "not valid or have expired (RefreshError). Run: gcloud auth",
        ),
    ],
)
def test_errors_say_what_went_wrong_and_what_to_do(act: Act, kind: type[GoogleError], words: str) -> None:
    told, _, _ = asked(act)
    assert isinstance(told, kind)
    assert words in str(told)
    assert len(str(told).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ""),
        ("not json", "not json"),
        ("[]", ""),
        ('{"error": "invalid_grant", "error_description": "Token has been expired"}', "Token has been expired"),
        ('{"error": {"message": 7, "errors": "no", "details": [3]}}', "7"),
        ('{"error": {"message": "a\\nb\\u001b[2J"}}', "a b?[2J"),
        ('{"error": {"errors": [{"reason": "rateLimitExceeded"}]}}', ""),
    ],
)
def test_errors_of_any_shape_are_read(text: str, message: str) -> None:
    refusal = parse_refusal(403, text)
    assert refusal.message in (message, text if message == "" else message)
    assert refusal.is_too_often == ("rateLimit" in text)


def test_words_of_others_stay_on_their_line() -> None:
    assert printable("a\r\n\tb\x1b[31m\u202e") == "a b?[31m?"
    assert len(printable("x" * 10_000)) == 300


def test_names_cannot_leave_their_place_in_an_address() -> None:
    told, _, script = asked(GOOD)
    assert told == {"a": 1}
    assert script.asked[0].url == "http://google.test/dns/v1/x"


def test_nobody_signs_in_where_another_address_is_named() -> None:
    api = connect("lab-cave", {"KARST_GOOGLE_APIS": "http://127.0.0.1:9"})
    assert api.public("iam", "v1/x") == "http://127.0.0.1:9/iam/v1/x"


def test_public_addresses_are_googles() -> None:
    assert Endpoints().url("iam", "v1/x") == "https://iam.googleapis.com/v1/x"
    assert Endpoints().url("resolver", "resolve") == "https://dns.google/resolve"
    assert Endpoints().url("accounts", "o") == "https://accounts.google.com/o"


def test_an_operation_that_fails_says_why_and_one_without_end_is_given_up() -> None:
    script, clock, session = Script(says(200, {"name": "operations/1"})), Clock(), Session()
    session.mount("http://", script)
    api = GoogleApi(session, Endpoints(base="http://google.test"), sleep=clock.sleep, clock=clock.time)
    with pytest.raises(RefusedError, match="it has not ended after 600 s"):
        api.wait_for("iam", "v1", {"name": "operations/1"}, "make x")
    failed = {"name": "operations/1", "done": True, "error": {"code": 9, "message": "billing is off"}}
    with pytest.raises(RefusedError, match="billing is off"):
        api.wait_for("iam", "v1", failed, "make x")
