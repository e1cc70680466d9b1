"""Pages for people: whole without scripts, nothing from elsewhere, no word of a declaration that would be markup."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI
from markupsafe import escape

from karst_schema.pages import pages
from karst_schema.types import annotation_types, columns
from karst_schema.types.declaring import AnnotationType, text
from services_src.schema.tests.support import ROOT, ask

pytestmark = pytest.mark.anyio
TYPES = annotation_types()
LINKS = re.compile(r'(?:href|src)="([^"]*)"')


@pytest.mark.parametrize("path", ["", "/", "/views", "/views/"])
async def test_the_first_page_lists_all_types_without_a_redirect(path: str) -> None:
    answer = await ask("GET", path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for name, each in TYPES.items():
        assert f'href="{ROOT}/views/type/{name}/view"' in answer.text
        assert escape(each.description) in answer.text


@pytest.mark.parametrize("name", TYPES)
async def test_a_type_has_a_page_of_fields_and_one_of_columns(name: str) -> None:
    fields = (await ask("GET", f"/views/type/{name}/view")).text
    for each in TYPES[name].members:
        assert f"<code>{each.name}</code>" in fields
    flat = (await ask("GET", f"/views/type/{name}/flatview")).text
    for each in columns(TYPES[name]):
        assert f"<code>{each.name}</code>" in flat
        assert f"<code>{each.sql}</code>" in flat


async def test_unknown_types_have_no_page() -> None:
    for path in ("/views/type/x/view", "/views/type/x/flatview", "/static/x", "/static/..%2Fpages.py"):
        answer = await ask("GET", path)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found"), path


async def test_every_link_leads_somewhere_of_ours() -> None:
    seen: set[str] = set()
    waiting = ["/", "/api/doc"]
    while waiting:
        path = waiting.pop()
        answer = await ask("GET", path)
        assert answer.status_code == 200, path
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        found = {each.partition("#")[0] for each in LINKS.findall(answer.text)} - {"data:,", ""}
        for link in found - seen:
            assert link.startswith(f"{ROOT}/"), link
            seen.add(link)
            waiting.append(link.removeprefix(ROOT))
    assert len(seen) > 3 * len(TYPES)


async def test_pages_may_load_nothing_from_elsewhere() -> None:
    for path in ("/", "/views/type/synapse/view", "/views/type/synapse/flatview"):
        answer = await ask("GET", path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "<script" not in answer.text


async def test_words_of_a_declaration_are_no_markup() -> None:
    hostile = "<script>alert('x')</script>"
    made = AnnotationType(
        name="hostile", class_name="Hostile", description=hostile, fields=(text("a", hostile, choices=(hostile,)),)
    )
    app = FastAPI()
    app.include_router(pages({"hostile": made}, "1", ROOT))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://x.example.org") as client:
        for path in ("/", "/views/type/hostile/view", "/views/type/hostile/flatview"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "<script" not in answer.text
            assert "&lt;script&gt;" in answer.text
