"""Tokens: which ones count, which don't, and in which order they are looked for."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator

import jwt
import pytest

from services_src.clio.tests.identity.google import AUDIENCE, Google, google_token
from services_src.clio.tests.support import KEY, NOW_S, Server, serving, token

pytestmark = pytest.mark.anyio
ADA = "ada@example.org"
OTHER_KEY = "another key of more than thirty-two bytes"
REFUSAL = {"detail": "Could not validate credentials"}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as each:
        yield each


async def email_of(server: Server, text: str) -> str | None:
    """Whom the token stands for, or None where it is refused as it should be."""
    answer = await server.ask("GET", "/v2/roles", headers={"Authorization": f"Bearer {text}".encode()})
    if answer.status_code == 200:
        return answer.json()["email"]
    assert (answer.status_code, answer.json()) == (401, REFUSAL)
    assert answer.headers["www-authenticate"] == "Bearer"
    return None


def unsigned(**claims: object) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, {"email": ADA, "exp": NOW_S + 60, **claims})
    texts = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts]
    return ".".join([*texts, ""])


@pytest.mark.parametrize(
    "text",
    [
        token(ADA),
        token(ADA, iss=None),
        token(ADA, iat=None),
        token(ADA, exp=NOW_S + 0.5),
        token(ADA, nbf=NOW_S),
    ],
)
async def test_own_tokens_count(server: Server, text: str) -> None:
    assert await email_of(server, text) == ADA


@pytest.mark.parametrize(
    "text",
    [
        token(ADA, key=OTHER_KEY),
        token(ADA, exp=NOW_S),
        token(ADA, exp=None),
        token(ADA, exp="tomorrow"),
        token(ADA, exp=True),
        token(ADA, nbf=NOW_S + 60),
        token(ADA, nbf="now"),
        token(ADA, iss="someone-else"),
        token(ADA, iss=[]),
        token(ADA, aud="someone-else"),
        token(17),
        token(None),
        token(""),
        token({"a": 1}),
        token("a/b@example.org"),
        token("a\\b@example.org"),
        token(".."),
        token("__x__"),
        token("x" * 321),
        token(ADA, padding="x" * 8192),
        token(ADA)[:-2],
        jwt.encode({"email": ADA, "exp": NOW_S + 60}, KEY, algorithm="HS384"),
        unsigned(),
        unsigned(iss="flyem-clio-store"),
        "x",
        "..",
        "a.b.c",
        "\u00e9.\u00e9.\u00e9",
    ],
)
async def test_other_tokens_do_not(server: Server, text: str) -> None:
    assert await email_of(server, text) is None


async def test_a_token_that_was_good_ends(server: Server) -> None:
    text = token(ADA, exp=NOW_S + 100)
    assert await email_of(server, text) == ADA
    server.clock.now_s += 101
    assert await email_of(server, text) is None


async def test_keys_rotate() -> None:
    async with serving(signing_keys=f"{OTHER_KEY},{KEY}") as server:
        assert await email_of(server, token(ADA)) == ADA
        made = (await server.ask("POST", "/v2/server/token", user=ADA)).json()
        assert jwt.decode(made, OTHER_KEY, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
        assert await email_of(server, made) == ADA


async def test_the_order_in_which_tokens_are_looked_for(server: Server) -> None:
    places = {name: token(f"{name}@example.org") for name in ("header", "dsg", "middle", "dsg_query", "middle_query")}
    query = {"dsg_token": places["dsg_query"], "middle_auth_token": places["middle_query"]}
    cookies = {"dsg_token": places["dsg"], "middle_auth_token": places["middle"]}
    headers = {
        "Authorization": f"bEaReR {places['header']}",
        "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()),
    }
    for expected, gone in (
        ("header", lambda: headers.pop("Authorization")),
        ("dsg", lambda: headers.update(Cookie=f"middle_auth_token={cookies['middle_auth_token']}")),
        ("middle", lambda: headers.pop("Cookie")),
        ("dsg_query", lambda: query.pop("dsg_token")),
        ("middle_query", query.clear),
    ):
        answer = await server.ask("GET", "/v2/roles", headers=headers, params=query)
        assert answer.json()["email"] == f"{expected}@example.org"
        gone()
    assert (await server.ask("GET", "/v2/roles", headers=headers, params=query)).status_code == 401


async def test_no_token_stands_in_the_logs(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for text in (token(ADA), token(ADA, key=OTHER_KEY), google_token()):
            await server.ask("GET", f"/v2/roles?dsg_token={text}", headers={"Cookie": f"dsg_token={text}"})
            ours = [record for record in caplog.records if record.name.split(".")[0].startswith("karst")]
            assert ours
            assert text.rsplit(".", 1)[1] not in "".join(f"{each.getMessage()}{vars(each)}" for each in ours)


@pytest.fixture
async def with_google() -> AsyncIterator[tuple[Server, Google]]:
    async with serving(google_audiences=AUDIENCE, signing_keys=()) as server:
        server.calls.answer = google = Google()
        yield server, google


async def test_google_tokens_count_and_keys_are_kept(with_google: tuple[Server, Google]) -> None:
    server, google = with_google
    for text in (google_token(), google_token(iss="accounts.google.com"), google_token(email_verified=None)):
        assert await email_of(server, text) == ADA
    assert len(google.asked) == 1
    server.clock.now_s += 3500
    assert await email_of(server, google_token(exp=NOW_S + 9999)) == ADA
    assert len(google.asked) == 1
    server.clock.now_s += 200
    assert await email_of(server, google_token(exp=NOW_S + 9998)) == ADA
    assert len(google.asked) == 2


@pytest.mark.parametrize(
    "text",
    [
        google_token(aud="another.apps.example.org"),
        google_token(aud=[AUDIENCE]),
        google_token(aud=None),
        google_token(iss="https://accounts.example.org"),
        google_token(iss=["https://accounts.google.com"]),
        google_token(iss=None),
        google_token(exp=NOW_S - 11),
        google_token(exp=None),
        google_token(iat=NOW_S + 60),
        google_token(iat="x"),
        google_token(email_verified=False),
        google_token(email_verified="false"),
        google_token(email=7),
        google_token(email=None),
        google_token(key="stranger"),
        google_token(algorithm="RS512"),
        unsigned(iss="accounts.google.com", aud=AUDIENCE, iat=NOW_S),
        token(ADA, iss="https://accounts.google.com", aud=AUDIENCE),
    ],
)
async def test_other_google_tokens_do_not(with_google: tuple[Server, Google], text: str) -> None:
    server, google = with_google
    assert await email_of(server, google_token()) == ADA
    assert await email_of(server, text) is None
    assert len(google.asked) == 1


async def test_a_new_key_of_google_is_asked_for_once_a_minute(with_google: tuple[Server, Google]) -> None:
    server, google = with_google
    assert await email_of(server, google_token()) == ADA
    google.published = ("one", "two")
    assert await email_of(server, google_token(key="two")) is None
    server.clock.now_s += 61
    assert await email_of(server, google_token(key="two")) == ADA
    for _ in range(3):
        assert await email_of(server, google_token(key="stranger")) is None
    assert len(google.asked) == 2


async def test_while_google_is_away_its_last_keys_count(with_google: tuple[Server, Google]) -> None:
    server, google = with_google
    google.is_away = True
    answer = await server.ask("GET", "/v2/roles", headers={"Authorization": f"Bearer {google_token()}"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    google.is_away = False
    assert await email_of(server, google_token()) == ADA
    google.is_away = True
    server.clock.now_s += 4000
    assert await email_of(server, google_token(exp=NOW_S + 9999)) == ADA


async def test_a_google_user_gets_a_token_of_ours() -> None:
    async with serving(google_audiences=AUDIENCE) as server:
        server.calls.answer = Google()
        headers = {"Authorization": f"Bearer {google_token(locale='en', sub='1')}"}
        answer = await server.ask("POST", "/v2/server/token", headers=headers)
        assert answer.status_code == 200
        made = answer.json()
        assert answer.text == f'"{made}"'
        assert jwt.get_unverified_header(made) == {"alg": "HS256", "typ": "JWT"}
        claims = jwt.decode(made, KEY, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
        face = {"hd": "example.org", "name": "Ada", "picture": "https://pictures.example.org/ada", "locale": "en"}
        times = {"iat": int(NOW_S), "exp": int(NOW_S) + 1_814_400}
        assert claims == {"email": ADA, "iss": "flyem-clio-store", "email_verified": True, **face, **times}
        again = (await server.ask("POST", "/v2/server/token", headers={"Authorization": f"Bearer {made}"})).json()
        assert jwt.decode(again, options={"verify_signature": False}) == claims
        roles = (await server.ask("GET", "/v2/roles", headers={"Authorization": f"Bearer {made}"})).json()
        assert (roles["name"], roles["picture"]) == ("Ada", face["picture"])


async def test_without_a_key_no_tokens_are_made() -> None:
    async with serving(signing_keys=(), test_user=ADA) as server:
        answer = await server.ask("POST", "/v2/server/token")
        assert (answer.status_code, list(answer.json())) == (400, ["detail"])
