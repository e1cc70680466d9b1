"""The page that tells people where to read on."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from karst_clio.identity.guard import ANYBODY
from karst_clio.needs import Needs
from karst_clio.web.routes import Routes

_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>clio-store</title></head><body>
<h1>clio-store</h1>
<p>The connectomics store: annotations, neurons, bookmarks and search.</p>
<ul><li><a href="{root}/docs">Try the API</a></li><li><a href="{root}/redoc">Read about the API</a></li></ul>
</body></html>
"""


def router(_: Needs) -> APIRouter:
    """Route of the front page."""
    routes = Routes(dependencies=[ANYBODY], is_in_schema=False)

    @routes.get("/")
    async def front_page(request: Request) -> HTMLResponse:
        page = _PAGE.format(root=escape(request.scope.get("root_path", "")))
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})

    return routes
