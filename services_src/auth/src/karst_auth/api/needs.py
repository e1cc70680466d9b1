"""What routes need: the database, the ledger, whoever calls, and the values that they send."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from karst_auth.api.refusals import Audited
from karst_auth.authority import SqlAuthority
from karst_auth.changes.ledger import Actor, Changing, Ledger
from karst_auth.changes.values import LARGEST_ID, invalid
from karst_auth.known import Known
from karst_platform.cave.declarations import declaration_of
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.authority import Authority, Freshness
from karst_platform.cave.guard.checks import Check
from karst_platform.cave.guard.record import UserRecord
from karst_platform.pages import demand_vouched
from karst_platform.relational import Relational

_MOST_IDS = 1000
_JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What the application has made."""

    database: Relational
    ledger: Ledger
    tables: SqlAuthority
    """What is not remembered."""
    authority: Authority
    """What is."""
    is_revealed: bool = False
    """Whether owners see their keys again."""


def json_answer(value: object, status: int = 200) -> Response:
    """An answer; lists and texts too."""
    return Response(orjson.dumps(value), status_code=status, media_type=_JSON)


SUCCESS = "success"
"""What changes answer."""


def _known(caller: object) -> Known:
    if not isinstance(caller, Known):
        raise CaveError(403, "missing_role", "This needs somebody who is known here.")
    return caller


def _runs_group(user: object, request: Request) -> bool:
    return isinstance(user, Known) and user.runs_group(request.path_params["group_id"])


def _runs_dataset(user: object, request: Request) -> bool:
    return isinstance(user, Known) and user.runs_dataset(request.path_params["dataset_id"])


signed_in = Check("authenticated", freshness=Freshness.CACHED)
superadmin = Audited("superadmin", lambda user, _request: user.admin, message="Requires superadmin privilege.")
some_role = Audited(
    "some role",
    lambda user, _request: user.has_role,
    message="Requires a role: superadmin, dataset admin, group admin or service account.",
)
group_admin = Audited("group admin", _runs_group, message="Requires to be an admin of this group.")
dataset_admin = Audited("dataset admin", _runs_dataset, message="Requires to be an admin of this dataset.")


def _caller(check: Check) -> Any:  # noqa: ANN401 - what FastAPI takes
    async def known(caller: UserRecord = Depends(check)) -> Known:
        return _known(caller)

    return Depends(known)


Anyone = Annotated[Known, _caller(signed_in)]
"""Any valid token."""
Superadmin = Annotated[Known, _caller(superadmin)]
SomeRole = Annotated[Known, _caller(some_role)]
"""Superadmins, whoever runs any group or dataset, service accounts: they may look things up, and no more."""
GroupAdmin = Annotated[Known, _caller(group_admin)]
"""Whoever runs the group that the path names."""
DatasetAdmin = Annotated[Known, _caller(dataset_admin)]
"""Whoever runs the dataset that the path names."""

Id = Annotated[int, Path(ge=0, le=LARGEST_ID)]


@asynccontextmanager
async def changing(needs: Needs, request: Request, caller: Known) -> AsyncGenerator[Changing]:
    """Begin a change in the caller's name, and in that of a declaration which the request names.

    Raises CaveError, 403, where only a cookie says who that is.
    """
    demand_vouched(request)
    ip = request.client.host[:45] if request.client is not None else None
    declaration = declaration_of(request, is_superadmin=caller.admin)
    async with needs.ledger.change(Actor(id=caller.id, name=caller.email, ip=ip), declaration) as change:
        yield change


async def json_object(request: Request) -> Mapping[str, object]:
    """The body, a JSON object, whatever its Content-Type says. Raises CaveError, 400."""
    body = await json_body(request)
    if not isinstance(body, dict):
        invalid("Send a JSON object.")
    return cast("Mapping[str, object]", body)


async def json_body(request: Request) -> object:
    """The body as JSON. Raises CaveError, 400."""
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        invalid("The body is no JSON.")


Body = Annotated[Mapping[str, object], Depends(json_object)]
"""The body of a request. It stands after the caller: whoever may not is told so first, whatever they sent."""


def ids_of(listed: str) -> list[int]:
    """Ids by commas, each once, in their order. Raises CaveError, 400."""
    words = [word.strip() for word in listed.split(",") if word.strip()]
    if len(words) > _MOST_IDS:
        raise CaveError(422, "too_many", f"More than {_MOST_IDS} ids.")
    if not all(word.isascii() and word.isdigit() and len(word) <= 18 for word in words):
        invalid("id is no list of numbers: write 1,2,3.")
    return [each for each in dict.fromkeys(map(int, words)) if each <= LARGEST_ID]


def plain(part: str, name: str) -> str:
    """A text to search for, which can be in the database. Raises CaveError, 400."""
    if "\0" in part or len(part) > 200:
        invalid(f"{name} is too long, or has characters that can't be kept.")
    return part


Handler = Callable[..., Awaitable[Response]]


def get_and_post(router: APIRouter, path: str) -> Callable[[Handler], Handler]:
    """Answer both methods; each is a route of its own, so that documents of the API name them apart."""

    def add(handler: Handler) -> Handler:
        router.get(path)(handler)
        return router.post(path)(handler)

    return add


def require_program(request: Request) -> None:
    """Refuse GETs that change something to whoever follows a link: a page of ours asks people first."""
    if request.method == "GET" and not request.headers.get("authorization"):
        message = "Send the token as Authorization: Bearer; a link alone changes nothing."
        raise CaveError(403, "missing_authorization", message)
