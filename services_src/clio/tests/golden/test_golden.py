"""What every route answers, to the letter: recordings on both stores, at every mount.

`KARST_RENEW=golden` writes the answers of today into the files. Read the difference before you commit it: the files
are what clients rely on.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

import pytest

from karst_platform.stores.documents import Documents
from services_src.clio.tests.golden.exchanges import Exchange, answer_text, read
from services_src.clio.tests.golden.world import world
from services_src.clio.tests.routes import all_routes
from services_src.clio.tests.support import HOST, Server, token

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.http"))
IS_RENEWING = os.environ.get("KARST_RENEW") == "golden"
RUNS = [(file, mount) for file in FILES for mount in read(file).mounts]
NOT_RECORDED = frozenset({"GET /metrics"})
"""What says how this very process fares."""
_VARIABLE = re.compile(r"\{([^}:]+)(:path)?\}")
_PERSON = re.compile(r"\{\{(\w+)\}\}")


@pytest.mark.anyio
@pytest.mark.parametrize(("file", "mount"), RUNS, ids=[f"{file.stem} at {mount or '/'}" for file, mount in RUNS])
async def test_answers_are_those_on_record(
    file: Path, mount: str, documents: Documents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "choice", _first)
    recording = read(file)
    async with world(documents, tmp_path, is_with_gateway="gateway" in file.stem) as server:
        answers = [await play(server, exchange, mount) for exchange in recording.exchanges]
    if IS_RENEWING and mount == recording.mounts[0]:
        file.write_text(recording.text(answers), encoding="utf-8")
    assert recording.text(answers) == file.read_text(encoding="utf-8")


async def play(server: Server, exchange: Exchange, mount: str) -> str:
    """Send a request as it stands in the file; afterwards a second has passed."""
    headers = [(name, _PERSON.sub(_token, value)) for name, value in exchange.headers]
    request = server.client.build_request(
        exchange.method, HOST + mount + exchange.path, headers=headers, content=exchange.body.encode() or None
    )
    answer = await server.client.send(request)
    server.clock.now_s += 1
    return answer_text(answer, is_from_page="origin" in request.headers)


def _first(letters: str) -> str:
    """What names of new folders are made of."""
    return letters[0]


def _token(person: re.Match[str]) -> str:
    return token(f"{person[1]}@example.org")


def recorded_routes() -> set[str]:
    """Every route of which a success is on record."""
    table = [(route, re.compile(_pattern(route.path))) for route in all_routes()]
    found: set[str] = set()
    for file in FILES:
        recording = read(file)
        for exchange in recording.exchanges:
            if not re.match(r"HTTP/1\.1 [23]", exchange.answer):
                continue
            for mount in recording.mounts:
                path = (mount + exchange.path).partition("?")[0]
                plain = path.rstrip("/") or "/"
                hits = (str(route) for route, is_at in table if route.method == exchange.method and is_at.match(plain))
                found.update(list(hits)[:1])
    return found


def _pattern(path: str) -> str:
    parts, end = "", 0
    for variable in _VARIABLE.finditer(path):
        parts += re.escape(path[end : variable.start()]) + (".+" if variable[2] else "[^/]+")
        end = variable.end()
    return f"^{parts}{re.escape(path[end:])}$"


def test_every_route_is_on_record() -> None:
    routes = {str(route) for route in all_routes()} - NOT_RECORDED
    assert routes - recorded_routes() == set(), "write a request into a file here, and record with KARST_RENEW=golden"


def test_every_exchange_says_what_it_shows() -> None:
    for file in FILES:
        exchanges = read(file).exchanges
        titles = [exchange.title for exchange in exchanges]
        assert all(titles), file.name
        assert len(set(titles)) == len(titles), file.name
        assert not any(exchange.answer.startswith("HTTP/1.1 500") for exchange in exchanges), file.name
