"""Somebody who administers with a browser: follows links, fills in forms, and sends what the page's forms have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

import httpx

from services_src.auth.tests.world import World

ORIGIN = "https://auth.example.org"
HOME = f"{ORIGIN}/auth/admin"


@dataclass
class Form:
    """A form of a page, with what it would send."""

    action: str
    values: list[tuple[str, str]]


class _Forms(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._address = address

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form" and told.get("method") == "post":
            self.forms.append(Form(urljoin(self._address, told.get("action", "")), []))
        elif tag == "input" and self.forms and told.get("type") == "hidden":
            self.forms[-1].values.append((told["name"], told.get("value", "")))


class _Fields(HTMLParser):
    """Finds fields to which no label belongs."""

    def __init__(self) -> None:
        super().__init__()
        self._labelled: set[str] = set()
        self._fields: list[tuple[str, bool]] = []
        self._is_in_label = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "label":
            self._labelled.add(told.get("for", ""))
            self._is_in_label = "for" not in told
        elif tag in ("input", "select", "textarea") and told.get("type") != "hidden":
            self._fields.append((told.get("id") or told["name"], self._is_in_label or "aria-label" in told))

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._is_in_label = False

    def nameless(self) -> list[str]:
        return [name for name, has_name in self._fields if not has_name and name not in self._labelled]


class Browser:
    """A browser in which somebody is signed in."""

    def __init__(self, client: httpx.AsyncClient, world: World, who: str) -> None:
        self._client = client
        self._headers = {
            "Accept": "text/html",
            "Cookie": f"middle_auth_token={world.tokens[who]}",
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": "navigate",
        }

    async def get(self, path: str, *, expects: int = 200) -> httpx.Response:
        """Go to a page below `/admin`, or to a whole address."""
        answer = await self._client.get(_address(path), headers=self._headers)
        assert answer.status_code == expects, answer.text
        return answer

    async def send(
        self,
        page: str,
        to: str,
        values: dict[str, str] | list[tuple[str, str]] | None = None,
        *,
        expects: int = 303,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send the form of a page that leads to `to`, with these values besides its hidden ones."""
        forms = self.forms(await self.get(page))
        form = next(each for each in forms if each.action.partition("?")[0] == _address(to))
        return await self.post(form.action, merged(form, values), expects=expects, headers=headers)

    async def post(
        self, to: str, values: list[tuple[str, str]], *, expects: int = 303, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send fields to an address."""
        answer = await self.try_post(to, values, headers=headers)
        assert answer.status_code == expects, answer.text
        return answer

    async def try_post(
        self, to: str, values: list[tuple[str, str]], *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send fields to an address, whatever it answers."""
        told = {**self._headers, "Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return await self._client.post(_address(to), content=urlencode(values), headers=told)

    @staticmethod
    def forms(answer: httpx.Response) -> list[Form]:
        """The forms of a page."""
        parser = _Forms(str(answer.url))
        parser.feed(answer.text)
        return parser.forms

    async def csrf(self) -> str:
        """A token of the pages for forms."""
        return dict(self.forms(await self.get("permissions/new"))[-1].values)["csrf_token"]


def merged(form: Form, values: dict[str, str] | list[tuple[str, str]] | None) -> list[tuple[str, str]]:
    """What a form sends once it is filled in."""
    told = list(values.items()) if isinstance(values, dict) else values or []
    names = {name for name, _ in told}
    return [*(pair for pair in form.values if pair[0] not in names), *told]


def nameless_fields(answer: httpx.Response) -> list[str]:
    """Fields of a page of which nobody says what they are for."""
    parser = _Fields()
    parser.feed(answer.text)
    return parser.nameless()


def text_of(answer: httpx.Response) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def _address(path: str) -> str:
    return urljoin(f"{HOME}/", path)
