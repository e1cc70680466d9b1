"""Pages for browsers: log in at the auth gateway, see who is logged in, log out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse

from karst_clio.identity.credentials import NAMES, is_token
from karst_clio.identity.guard import ANYBODY, AnyoneAnew
from karst_clio.needs import Needs
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes

Redirect = Annotated[
    str, Query(max_length=4096, description="Where to go then: on this host, or a page that may call.")
]


class Profile(BaseModel):
    """Who is logged in, as pages show it."""

    email: str
    name: str | None
    picture: str | None
    global_roles: list[str]
    datasets: dict[str, list[str]]
    datasets_ignore_tos: dict[str, list[str]]
    missing_tos: list[dict[str, object] | str | int]
    groups: list[str]
    dsg_url: str | None


_PROFILE = {
    "email": "ada@example.org",
    "name": "Ada",
    "picture": "https://example.org/ada.png",
    "global_roles": [],
    "datasets": {"mb20": ["clio_general"]},
    "datasets_ignore_tos": {},
    "missing_tos": [],
    "groups": ["lab"],
    "dsg_url": "https://auth.example.org",
}


def router(needs: Needs) -> APIRouter:
    """Routes of `login`, `profile` and `logout`."""
    routes = Routes(tags=["Sessions"])
    gateway, settings = needs.identity.gateway, needs.settings

    def check(redirect: str, request: Request) -> None:
        if not is_ours(redirect, request.headers.get("host", ""), settings.listed_origins):
            raise HTTPException(
                400, "redirect leads to a page that this server doesn't know: name its origin in ALLOWED_ORIGINS."
            )

    @routes.get(
        "/login",
        dependencies=[ANYBODY],
        status_code=302,
        response_class=RedirectResponse,
        responses={400: {}, 404: {}},
    )
    async def login(request: Request, redirect: Redirect, dataset: str | None = None) -> RedirectResponse:
        """Go to the auth gateway, and from there to `redirect`."""
        if gateway is None:
            raise HTTPException(
                404, "This server has no auth gateway (DSG_URL). Send a token of Google, or one of its own."
            )
        check(redirect, request)
        return RedirectResponse(gateway.authorize_url(redirect, dataset), status_code=302)

    @routes.get("/profile", responses=answers(_PROFILE))
    async def profile(caller: AnyoneAnew) -> Profile:
        """Show who is logged in, asking the auth gateway anew."""
        user = caller.user.model_dump(include=set(Profile.model_fields))
        return Profile(**user, dsg_url=gateway.url if gateway is not None else None)

    @routes.get(
        "/logout", dependencies=[ANYBODY], status_code=302, response_class=RedirectResponse, responses={400: {}}
    )
    @routes.post("/logout", dependencies=[ANYBODY], include_in_schema=False)
    async def logout(request: Request, redirect: Redirect = "/") -> RedirectResponse:
        """End the token in the browser's cookie, and go to `redirect`."""
        check(redirect, request)
        tokens = [token for name in NAMES if is_token(token := request.cookies.get(name, ""))]
        if gateway is not None and tokens:
            await gateway.log_out(tokens[0])
        response = RedirectResponse(redirect, status_code=302)
        for name in NAMES:
            # Over at once, by a span and not by a date: the clocks of browsers go as they please.
            response.set_cookie(name, max_age=0, path="/", domain=settings.auth_cookie_domain)
        return response

    return routes


def is_ours(target: str, host: str, listed: frozenset[str]) -> bool:
    """Whether a redirect stays on this host or leads to a named origin, as every browser reads it."""
    if not target.isprintable() or "\\" in target or " " in target:
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    if not parts.scheme and not parts.netloc:
        return target.startswith("/") and not target.startswith("//")
    is_web = parts.scheme in ("http", "https") and target.startswith(f"{parts.scheme}://{parts.netloc}")
    return is_web and (parts.netloc == host or f"{parts.scheme}://{parts.netloc}" in listed)
