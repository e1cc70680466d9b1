"""The decision, as a pure function: tokens of a page of ours, headers that viewers split, addresses without tokens."""

from __future__ import annotations

import pytest

from karst_platform.cave.guard.decision import Carried, Proceed, Redirect, Refuse, decide, token_of
from karst_platform.cave.guard.places import Places, without_tokens
from services_src.platform.tests.guard.people import PLACES, READER

URL = "https://data.example.org/info/api?x=1"
OWN, LISTED, FOREIGN = "https://data.example.org", "https://viewer.example.org", "https://evil.example.org"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    ("origin", "fetch_site", "counts"),
    [
        (OWN, "", True),
        (LISTED, "cross-site", True),
        ("null", "same-origin", True),
        ("", "same-origin", True),
        (FOREIGN, "", False),
        (FOREIGN, "same-site", False),
        ("null", "cross-site", False),
        ("http://data.example.org", "", False),
        ("https://data.example.org:8443", "", False),
        ("https://data.example.org.evil.example.org", "", False),
        ("https://DATA.example.org/", "", False),
    ],
)
def test_a_cookie_counts_for_our_pages_only(origin: str, fetch_site: str, counts: bool, method: str) -> None:
    carried = Carried(method=method, url=URL, origin=origin, fetch_site=fetch_site, cookie_token="t")
    token = token_of(carried, PLACES)
    assert token == ("t" if counts else None)
    decision = decide(carried, READER if token else None, PLACES)
    if counts:
        assert decision == Proceed(user=READER, token="t")
    else:
        assert isinstance(decision, Refuse)
        assert (decision.status, decision.error) == (401, "no_token")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_a_cookie_of_nowhere_changes_nothing(method: str) -> None:
    decision = decide(Carried(method=method, url=URL, cookie_token="t"), READER, PLACES)
    assert isinstance(decision, Refuse)
    assert (decision.status, decision.error) == (403, "unknown_origin")


def test_questions_before_a_request_always_pass() -> None:
    decision = decide(Carried(method="OPTIONS", url=URL, authorization="Basic x"), None, PLACES)
    assert isinstance(decision, Proceed)
    assert decision.token is None


@pytest.mark.parametrize("authorization", ["Basic x", "Bearer", "bearer t", "Bearer t", ""])
def test_viewers_can_split_every_challenge(authorization: str) -> None:
    decision = decide(Carried(url=URL, authorization=authorization, requested_with="Fetch"), None, PLACES)
    assert isinstance(decision, Refuse)
    assert decision.challenge is not None
    scheme, _, rest = decision.challenge.partition(" ")
    parameters = dict(each.split("=") for each in rest.split(", "))
    assert scheme == "Bearer"
    assert parameters["realm"] == '"https://g.example.org/sticky_auth/api/v1/authorize"'
    assert all(value.startswith('"') and value.endswith('"') for value in parameters.values())


def test_a_decision_shows_no_token() -> None:
    decision = decide(Carried(url=URL, query_token="0123456789"), READER, PLACES)
    assert isinstance(decision, Redirect)
    assert decision.cookie_token == "0123456789"
    assert "0123456789" not in repr(decision)


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", ""),
        ("x=1", "x=1"),
        ("middle_auth_token=t", ""),
        ("token=t&x=1", "x=1"),
        ("x=1&middle_auth_token=t&token=t&middle_auth_url=g", "x=1&middle_auth_url=g"),
        ("middle%5Fauth%5Ftoken=t&x=%2B+", "x=%2B+"),
        ("tok%65n=t", ""),
        ("token", ""),
        ("tokens=t&mytoken=t", "tokens=t&mytoken=t"),
        ("x=1&&y", "x=1&&y"),
    ],
)
def test_no_address_that_we_name_has_a_token(query: str, kept: str) -> None:
    base = "https://data.example.org/a"
    assert without_tokens(f"{base}?{query}" if query else base, "middle_auth_token") == (
        f"{base}?{kept}" if kept else base
    )


def test_another_name_of_the_token_counts() -> None:
    places = Places(sticky_auth_url="g.example.org/sticky_auth", token_name="other")
    assert without_tokens(f"{URL}&other=t&middle_auth_token=u", places.token_name) == f"{URL}&middle_auth_token=u"
