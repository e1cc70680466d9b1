"""What people send by forms, and whether a page of ours made them."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.decision import is_from_us
from karst_platform.cave.guard.guard import caller_token, guard_of
from karst_platform.pages.csrf import FIELD, is_csrf_token

_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 1000
_VOUCHED = "karst.pages.vouched"
HEADER = "X-CSRF-Token"
"""Where scripts of pages send the token of a form."""


@dataclass(frozen=True)
class Sent:
    """The fields of a form, in the order in which they came; a name may come several times."""

    pairs: tuple[tuple[str, str], ...] = ()

    def text(self, name: str) -> str:
        """The last value of this name, without spaces around it; blank where there is none."""
        return next((value.strip() for key, value in reversed(self.pairs) if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        """All values of this name."""
        return tuple(value for key, value in self.pairs if key == name)

    def has(self, name: str) -> bool:
        """Whether the name was sent at all: boxes that are not ticked aren't."""
        return any(key == name for key, _ in self.pairs)

    def is_ticked(self, name: str) -> bool:
        """Whether a box was ticked, as browsers and programs say it."""
        return self.text(name).lower() in ("y", "yes", "on", "true", "1")


async def read_form(request: Request) -> Sent:
    """Read the body as a form. Raises CaveError, 400 or 415. It doesn't ask where the form comes from: see `Posted`."""
    kind = request.headers.get("content-type", _TYPE).partition(";")[0].strip().lower()
    if kind != _TYPE:
        raise CaveError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", f"Send the form as {_TYPE}.")
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise CaveError(HTTPStatus.BAD_REQUEST, "bad_request", "The form can't be read.") from error
    return Sent(tuple(pairs))


async def _posted(request: Request) -> Sent:
    sent = await read_form(request)
    guard, token = guard_of(request), caller_token(request)
    carried = guard.carried(request)
    if carried.source == "header":
        return sent  # no page of another origin can send it
    if not is_from_us(carried, guard.places):
        _refuse("This form was sent from a page of another site, so nothing was done.")
    if token is not None and not is_csrf_token(token, sent.text(FIELD)):
        _refuse("This form is too old, so nothing was done. Load its page again, and send it from there.")
    request.scope[_VOUCHED] = True
    return sent


def demand_vouched(request: Request) -> None:
    """Refuse to change anything by a cookie alone: a page of ours must have sent a form, or its token in `HEADER`.

    For what changes things whichever way a request comes. A token in the address, as viewers send it, is no cookie:
    no page can send one that it doesn't know. Raises CaveError, 403.
    """
    guard, token = guard_of(request), caller_token(request)
    if request.scope.get(_VOUCHED) or token is None or guard.carried(request).source in ("header", "query"):
        return
    if not is_csrf_token(token, request.headers.get(HEADER, "")):
        _refuse("A cookie alone changes nothing: send the token as Authorization: Bearer.")


def _refuse(message: str) -> None:
    raise CaveError(HTTPStatus.FORBIDDEN, "csrf", message)


Posted = Annotated[Sent, Depends(_posted)]
"""The form that the caller sent, from a page of ours, with its token; programs send `Authorization` and no such token.

It stands after the caller, who has to be known first. Raises CaveError, 403, where anything is amiss."""
