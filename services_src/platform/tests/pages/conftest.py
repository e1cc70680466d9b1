"""A service with pages, and browsers of some people."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, Request
from starlette.middleware import Middleware
from starlette.responses import Response

from karst_platform import Settings
from karst_platform.app import Frame
from karst_platform.cave.errors import CaveError, answer_cave
from karst_platform.cave.guard.checks import signed_in
from karst_platform.cave.guard.guard import Guard
from karst_platform.cave.guard.record import UserRecord
from karst_platform.cave.paths import Heads, Paths
from karst_platform.pages import (
    Choice,
    Confirmation,
    ErrorPages,
    Field,
    Kind,
    Link,
    Listing,
    Pages,
    Posted,
    Site,
    empty_form,
    filled_form,
    see_other,
    window_of,
)
from services_src.platform.tests.frame_client import plain_app
from services_src.platform.tests.guard.people import PLACES, Known, token

ORIGIN = "https://g.example.org"
ROOT = "/example"
FIELDS = (
    Field(name="name", label="Name", is_required=True, longest=80, hint="What it is called."),
    Field(name="text", label="Text", kind=Kind.LINES),
    Field(name="kind", label="Kind", kind=Kind.CHOICE, choices=(Choice("a", "An A"), Choice("b", "A B"))),
    Field(name="may", label="May", kind=Kind.CHOICES, choices=(Choice("1", "view"), Choice("2", "edit"))),
    Field(name="open", label="Open to all", kind=Kind.TICK),
)
THINGS = tuple(f"thing {number:03d}" for number in range(120))
Caller = Annotated[UserRecord, Depends(signed_in)]


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Pages:
    monkeypatch.syspath_prepend(Path(__file__).parent / "example")
    links = (Link("Things", "/things"), Link("Schemas", "https://g.example.org/schema/"))
    return Pages(
        Site(package="karst_example", service="Example", links=links, login_url=PLACES.login_url, sign_out="/out")
    )


@pytest.fixture
async def browser(pages: Pages) -> AsyncGenerator[httpx.AsyncClient]:
    """The browser of the first person of `people.EVERYONE`."""
    frame = Frame(
        answer=answer_cave,
        outside=[Middleware(ErrorPages, pages=pages, prefixes=(ROOT,)), Middleware(Heads)],
        inside=[Middleware(Paths, prefixes=(ROOT,))],
    )
    app = plain_app(Settings(rate_per_address=0, rate_per_user=0), frame)
    app.state.guard = Guard(Known(), PLACES)
    app.include_router(pages.assets())

    @app.get("/things")
    async def things(request: Request, caller: Caller) -> Response:
        window = window_of(request, others=["kind"])
        found = Listing.of([each for each in THINGS if window.search in each], window)
        return pages.answer(request, "things.html.j2", {"things": found, "form": empty_form(FIELDS)}, person=caller)

    @app.post("/things")
    async def create(request: Request, caller: Caller, sent: Posted) -> Response:
        form = filled_form(FIELDS, sent)
        if not form.errors and sent.text("name").startswith("thing "):
            form = form.refused(CaveError(422, "exists", "name is taken: choose another."))
        if not form.errors:
            return see_other(f"{ROOT}/things")
        values = {"things": Listing.of(THINGS, window_of(request)), "form": form}
        return pages.answer(request, "things.html.j2", values, person=caller, status=422)

    @app.get("/ask")
    async def ask(request: Request, caller: Caller) -> Response:
        question = Confirmation(
            title="Delete <all>?",
            message="Gone is gone.",
            button="Delete",
            action=f"{ROOT}/delete",
            back="/",
            is_danger=True,
        )
        return pages.confirm(request, question, person=caller)

    @app.get("/fails")
    async def fails() -> Response:
        raise CaveError(403, "missing_role", "You need <em>more</em>.", headers={"X-Kept": "yes"})

    @app.get("/breaks")
    async def breaks() -> Response:
        raise RuntimeError("a secret reason")

    headers = {"Accept": "text/html,*/*;q=0.8", "Cookie": f"{PLACES.token_name}={token(1)}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN + ROOT, headers=headers) as client:
        yield client
