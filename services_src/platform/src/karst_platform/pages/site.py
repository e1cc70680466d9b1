"""The pages of one service: its templates, and what stands on all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Protocol

from fastapi import APIRouter, HTTPException, Request
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from karst_platform.cave.guard.guard import caller_token
from karst_platform.pages.csrf import csrf_token
from karst_platform.permissions import PUBLIC

_OURS = "karst_platform"
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class Person(Protocol):
    """Whoever is signed in, as far as pages tell of it. A `UserRecord` is one."""

    @property
    def name(self) -> str:
        """How others know them."""
        ...

    @property
    def email(self) -> str:
        """Their address."""
        ...


@dataclass(frozen=True)
class Link:
    """A page that every page leads to: its path behind the prefix, or a whole address."""

    text: str
    to: str


@dataclass(frozen=True, kw_only=True)
class Site:
    """What all pages of a service have in common."""

    package: str
    """The package whose folders `templates` and `static` (css, js, svg) these are."""
    service: str
    """Its name, as people know it."""
    links: Sequence[Link] = ()
    login_url: str = ""
    """Where people sign in and have their account, as `Places.login_url`; blank where nobody does."""
    sign_out: str = ""
    """Path behind the prefix to which a button to sign out leads; only where people sign in."""


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """A question before something is done. `action` is where the answer goes, with `values`."""

    title: str
    message: str
    button: str
    action: str
    back: str
    """Where to go instead."""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    is_danger: bool = False
    """Whether it can't be undone."""


class Pages:
    """Makes answers of templates, with all that keeps a browser from doing more than the page says."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._environment = Environment(
            loader=ChoiceLoader(
                [PackageLoader(site.package), PrefixLoader({"karst": PackageLoader(_OURS, "pages/templates")})]
            ),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._files = {
            each.name: each.read_bytes()
            for folder in (files(_OURS) / "pages" / "static", files(site.package) / "static")
            for each in _files(folder)
        }
        self._tags = {name: blake2b(content, digest_size=6).hexdigest() for name, content in self._files.items()}

    def answer(
        self,
        request: Request,
        template: str,
        values: Mapping[str, object] | None = None,
        *,
        person: Person | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        form_targets: Sequence[str] = (),
    ) -> HTMLResponse:
        """Make a page. Forms go to this host, and are sent on to no other than the origins `form_targets`."""
        token = caller_token(request)
        told = {"path": request.url.path, **(values or {})}
        html = self.render(template, told, root=root_of(request), person=person, key=token)
        # Whatever is made for somebody stays out of every cache.
        caching = "no-cache" if person is None and token is None else "no-store"
        safe = {"Content-Security-Policy": self.policy(form_targets), "Cache-Control": caching}
        return HTMLResponse(html, status, {**safe, **(headers or {})})

    def confirm(self, request: Request, question: Confirmation, *, person: Person) -> HTMLResponse:
        """Ask before something is done."""
        return self.answer(request, "karst/confirm.html.j2", {"question": question}, person=person)

    def render(
        self,
        template: str,
        values: Mapping[str, object],
        *,
        root: str,
        person: Person | None = None,
        key: str | None = None,
    ) -> str:
        """Make the HTML alone; `root` is the prefix of the service, `key` signs the tokens of forms."""
        told = {
            "asset": partial(self._asset, root),
            "csrf": partial(csrf_token, key) if key else str,
            "path": "",
            "person": person,
            "root": root,
            "site": self.site,
        }
        return self._environment.get_template(template).render({**told, **values})

    def policy(self, form_targets: Sequence[str] = ()) -> str:
        """What the pages may do: load our own style, script and icon, and send forms to us."""
        listed = " ".join(["'self'", *sorted(set(form_targets))])
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            f"base-uri 'none'; form-action {listed}; frame-ancestors 'none'"
        )

    def assets(self) -> APIRouter:
        """Routes of what pages load, below `/static`."""
        router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

        @router.get("/static/{name}")
        async def static(request: Request, name: str) -> Response:
            if name not in self._files:
                raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such file.")
            # An address with the tag of what it leads to never leads to anything else.
            is_tagged = request.query_params.get("v") == self._tags[name]
            caching = "public, max-age=31536000, immutable" if is_tagged else "public, max-age=300"
            kind = _TYPES[name.rpartition(".")[2]]
            return Response(self._files[name], media_type=kind, headers={"Cache-Control": caching})

        return router

    def _asset(self, root: str, name: str) -> str:
        return f"{root}/static/{name}?v={self._tags[name]}"


def see_other(address: str, headers: Mapping[str, str] | None = None) -> Response:
    """Send a browser on to a page, after a form was done; never an answer to a program."""
    return Response(
        status_code=HTTPStatus.SEE_OTHER, headers={"Location": address, "Cache-Control": "no-store", **(headers or {})}
    )


def kit_file(name: str) -> bytes:
    """A file that all pages share, for services whose pages are made otherwise: `karst.css` or `icon.svg`."""
    return (files(_OURS) / "pages" / "static" / name).read_bytes()


def root_of(request: Request) -> str:
    """The prefix by which the service was asked: what stands before the paths of its own pages."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def _files(folder: Traversable) -> list[Traversable]:
    return [each for each in folder.iterdir() if each.name.rpartition(".")[2] in _TYPES] if folder.is_dir() else []
