"""The pages that explain a service's API to people; everything that they load comes from the service itself.

Needs the extra `documentation`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from html import escape
from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from karst_platform.permissions import PUBLIC

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_START_SWAGGER = """
const here = document.currentScript.dataset;
SwaggerUIBundle({
  url: here.schema, dom_id: "#page", deepLinking: true, tryItOutEnabled: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""
_LOGO_ELSEWHERE = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="icon" href="data:,">{head}</head><body>{body}</body></html>
"""


class Asset(StrEnum):
    """The files that the pages load."""

    SWAGGER_SCRIPT = "swagger-ui-bundle.js"
    SWAGGER_STYLE = "swagger-ui.css"
    REDOC_SCRIPT = "redoc.standalone.js"
    START_SWAGGER = "start-swagger.js"

    @property
    def media_type(self) -> str:
        """What it is to a browser."""
        return "text/css" if self.value.endswith(".css") else "text/javascript"


@cache
def _content(asset: Asset) -> bytes:
    if asset is Asset.START_SWAGGER:
        return _START_SWAGGER.encode()
    # Redoc would fetch its logo from a server of its makers, which would learn who reads our pages.
    return (files("fastapi_offline") / "static" / asset.value).read_bytes().replace(_LOGO_ELSEWHERE, b"data:,")


def documentation(title: str, *, page: str, document: str, redoc: str | None = None) -> APIRouter:
    """Routes of a page to try the API, of one to read (`redoc`) where it is asked for, and of what they load.

    All are paths behind the service's prefix; `document` is that of the API's document.
    """
    router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

    @router.get(page)
    async def docs(request: Request) -> HTMLResponse:
        root = escape(request.scope.get("root_path", ""))
        return _page(
            title,
            head=f'<link rel="stylesheet" href="{root}{page}/{Asset.SWAGGER_STYLE}">',
            body=f'<div id="page"></div><script src="{root}{page}/{Asset.SWAGGER_SCRIPT}"></script>'
            f'<script src="{root}{page}/{Asset.START_SWAGGER}" data-schema="{root}{document}"></script>',
        )

    @router.get(page + "/{asset}")
    async def asset(asset: Asset) -> Response:
        return Response(
            _content(asset), media_type=asset.media_type, headers={"Cache-Control": "public, max-age=86400"}
        )

    if redoc is not None:

        @router.get(redoc)
        async def reading(request: Request) -> HTMLResponse:
            root = escape(request.scope.get("root_path", ""))
            return _page(
                title,
                head="",
                body=f'<redoc spec-url="{root}{document}"></redoc>'
                f'<script src="{root}{page}/{Asset.REDOC_SCRIPT}"></script>',
            )

    return router


def _page(title: str, *, head: str, body: str) -> HTMLResponse:
    html = _PAGE.format(title=escape(title), head=head, body=body)
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})
