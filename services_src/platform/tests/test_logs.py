"""No token is ever logged, however it gets into a message; and each request has one line that names nobody."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from pydantic import Field, SecretStr

from karst_platform import Settings, load_settings
from karst_platform.app import Frame
from karst_platform.logs import configure_logging
from karst_platform.redaction import cleaned
from karst_platform.requests import admit_user
from services_src.platform.tests.frame_client import ask, plain_app

pytestmark = pytest.mark.anyio
OPAQUE = "5ecr3t0fNoKnownF0rm"
"""A token that looks like any other word."""
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImEifQ.c2lnbmF0dXJl"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("DEBUG", stream := io.StringIO())
    yield stream
    root.handlers, root.level = handlers, level


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {OPAQUE}",
        f"?middle_auth_token={OPAQUE}&x=1",
        f"?next=%2F%3Fdsg_token%3D{OPAQUE}",
        f'{{"password": "{OPAQUE}"}}',
        f"cookie={OPAQUE}; path",
        f"[(b'authorization', b'Basic {OPAQUE}'), (b'cookie', b'{OPAQUE}')]",
        f"{{'x-api-key': '{OPAQUE}'}}",
        f"postgresql://karst:{OPAQUE}@db.example.org/x",
    ],
)
def test_what_looks_like_a_credential_is_struck_out_everywhere(log: io.StringIO, text: str) -> None:
    fields = {"path": text, "nested": {"list": [text, (text,)]}, text: 1}
    try:
        raise ValueError(text)  # noqa: TRY301 - the traceback is what is tested
    except ValueError:
        logging.getLogger("x").exception("got %s", text, extra={"fields": fields}, stack_info=True)
    assert json.loads(log.getvalue())["severity"] == "ERROR"
    assert OPAQUE not in log.getvalue()


@pytest.mark.parametrize("name", ["token", "dsg_token", "Authorization", "passwords", "Set-Cookie"])
def test_a_telling_name_is_enough(name: str) -> None:
    assert OPAQUE not in str(cleaned({"deep": {name: OPAQUE, "other": 1}}))
    assert OPAQUE not in str(cleaned({name: [OPAQUE]}))


def test_tokens_of_known_forms_are_struck_out_alone() -> None:
    for token in (JWT, "ya29.a0AfB_byC1234567890", "AIzaSyA1234567890abcdef"):
        assert cleaned(f"x{token}y") == "x[removed]" or token not in str(cleaned(f"got {token}"))


def test_words_and_numbers_stay() -> None:
    text = "tokens are 12 of neuron 5813027016, secretory vesicles at [1, 2, 3] in https://x.example.org/a:b@c"
    assert cleaned({"text": text, "n": 2**60, "no": None}) == {"text": text, "n": 2**60, "no": None}


class Secretive(Settings):
    """Settings with a secret."""

    key: SecretStr = Field(default=SecretStr(""), validation_alias="KARST_TEST_KEY")
    keys: tuple[SecretStr, ...] = Field(default=(), validation_alias="KARST_TEST_KEYS")


def test_the_secrets_of_the_process_are_known_by_value(log: io.StringIO) -> None:
    one, other = "plainWordsOfTheKey", "plainWordsOfAnother"
    load_settings(Secretive, {"KARST_TEST_KEY": one})
    Secretive(keys=(SecretStr(other),))
    logging.getLogger("x").error("key is %s and %s", one, other)
    assert one not in log.getvalue()
    assert other in log.getvalue()


def app() -> FastAPI:
    made = plain_app(frame=Frame(user_key=b"key"))

    @made.api_route("/users/{user}/things", methods=["GET", "POST"])
    async def things(user: str, request: Request) -> str:
        admit_user(request, user)
        tokens = [*request.query_params.values(), *request.cookies.values(), request.headers.get("authorization", "")]
        if request.method == "POST":
            raise ValueError(" ".join(tokens))
        logging.getLogger("x").error("saw %s", " ".join(tokens), extra={"fields": {"url": str(request.url)}})
        return "done"

    return made


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"Authorization": f"Bearer {OPAQUE}"}),
        ("", {"Authorization": OPAQUE}),
        ("", {"Cookie": f"x=1; dsg_token={OPAQUE}; y=2"}),
        (f"?dsg_token={OPAQUE}", {}),
        (f"?a=1&middle_auth_token=%35{OPAQUE[1:]}", {}),
        ("", {"Authorization": f"Bearer {OPAQUE}", "X-Request-ID": OPAQUE}),
    ],
)
async def test_what_a_request_carries_is_never_logged_while_it_is_answered(
    log: io.StringIO, method: str, query: str, headers: dict[str, str]
) -> None:
    answer = await ask(app(), f"/users/ada@example.org/things{query}", method=method, headers=headers)
    assert answer.status_code == (200 if method == "GET" else 500)
    assert '"message": "request"' in log.getvalue()
    assert OPAQUE not in log.getvalue()
    assert OPAQUE[1:] not in log.getvalue()


async def test_each_request_has_one_line_that_names_nobody(log: io.StringIO) -> None:
    path = "/users/ada@example.org/things"
    first, second = await ask(app(), f"{path}?secretly=1"), await ask(app(), path)
    lines = [json.loads(line) for line in log.getvalue().splitlines() if '"karst.request"' in line]
    for line, answer in zip(lines, (first, second), strict=True):
        assert line.pop("elapsed_ms") >= 0
        assert re.fullmatch(r"[0-9a-f]{16}", line.pop("user"))
        del line["time"]
        assert line == {
            "severity": "INFO",
            "message": "request",
            "logger": "karst.request",
            "request_id": answer.headers["X-Request-ID"],
            "service": "example",
            "method": "GET",
            "route": "/users/{user}/things",
            "status": 200,
            "bytes": len(answer.content),
        }
    assert "secretly" not in "".join(map(str, lines))
    assert "ada" not in "".join(map(str, lines))


async def test_one_user_has_one_hash_with_one_key(log: io.StringIO) -> None:
    for key, user in ((b"k", "Ada@example.org"), (b"k", "ada@example.org"), (b"other", "ada@example.org")):
        made = plain_app(frame=Frame(user_key=key))

        @made.get("/me")
        async def me(request: Request, user: str = user) -> None:
            admit_user(request, user)

        await ask(made, "/me")
    first, second, third = (
        json.loads(line)["user"] for line in log.getvalue().splitlines() if '"karst.request"' in line
    )
    assert first == second != third


async def test_paths_without_a_route_are_not_logged(log: io.StringIO) -> None:
    await ask(app(), f"/{OPAQUE}/x")
    (line,) = [json.loads(line) for line in log.getvalue().splitlines() if '"karst.request"' in line]
    assert (line["route"], line["status"]) == ("(none)", 404)
    assert OPAQUE not in log.getvalue()


async def test_probes_are_quiet(log: io.StringIO) -> None:
    logging.getLogger().setLevel("INFO")
    await ask(app(), "/health/live")
    assert "karst.request" not in log.getvalue()
