"""The frame that every service stands in: errors, limits, request ids, logs, secrets."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from karst_platform import Settings, load_settings, service_app
from karst_platform.logs import JsonFormatter


def app() -> FastAPI:
    made = service_app(title="x", version="1", settings=Settings(body_limit_kib=1), ready={"db": lambda: "no database"})

    @made.post("/size")
    async def size(request: Request) -> int:
        return len(await request.body())

    @made.get("/fault")
    async def fault() -> None:
        raise KeyError("inner detail")

    return made


def ask(method: str, path: str, content: object = None, headers: dict[str, str] | None = None) -> httpx.Response:
    async def answer() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="https://x") as client:
            return await client.request(method, path, content=content, headers=headers)  # type: ignore[arg-type]

    return asyncio.run(answer())


def test_a_fault_shows_its_request_id_and_no_detail() -> None:
    answer = ask("GET", "/fault", headers={"X-Request-ID": "abc"})
    assert answer.status_code == 500
    assert answer.json()["error"]["request_id"] == answer.headers["X-Request-ID"] == "abc"
    assert "inner detail" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("given", ["a b", "x" * 65, "<script>"])
def test_a_strange_request_id_is_replaced(given: str) -> None:
    assert ask("GET", "/health/live", headers={"X-Request-ID": given}).headers["X-Request-ID"] != given


def test_bodies_over_the_limit_are_refused_told_or_not() -> None:
    async def stream():
        for _ in range(3):
            yield bytes(512)

    assert ask("POST", "/size", bytes(1024)).json() == 1024
    assert ask("POST", "/size", bytes(1025)).status_code == 413
    assert ask("POST", "/size", stream()).status_code == 413


def test_ready_names_what_is_missing() -> None:
    answer = ask("GET", "/health/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, {"db": "no database"})


@pytest.mark.parametrize(
    "text",
    ["Authorization: Bearer S3CRET", "?middle_auth_token=S3CRET&x=1", '{"password": "S3CRET"}', "cookie=S3CRET; path"],
)
def test_no_log_line_holds_a_token(text: str) -> None:
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.setFormatter(JsonFormatter())
    logger = logging.Logger("x")
    logger.addHandler(handler)
    try:
        raise ValueError(text)  # noqa: TRY301 - the traceback is what is tested
    except ValueError:
        logger.exception("got %s", text, extra={"fields": {"path": text}})
    assert json.loads(stream.getvalue())["severity"] == "ERROR"
    assert "S3CRET" not in stream.getvalue()


@pytest.mark.parametrize("place", ["KARST_PORT", "karst_port/KARST_PORT"])
def test_a_mounted_secret_wins_over_the_environment(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("9000\n")
    assert load_settings(Settings, {"KARST_SECRETS": str(tmp_path), "KARST_PORT": "1"}).port == 9000
