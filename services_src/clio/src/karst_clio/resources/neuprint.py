"""Questions to neuPrint, asked in the name of whoever may read a dataset."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx
import orjson
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from starlette.responses import Response

from karst_clio.identity.guard import General403
from karst_clio.identity.user import Caller
from karst_clio.needs import Needs
from karst_clio.resources.templates import filled
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes
from karst_platform.stores.documents import Fields

_TIMEOUT = httpx.Timeout(60, connect=5)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::(\d{1,5}))?", re.ASCII)
_LAST_PORT = 65535
_LONGEST_TEXT = 1000
_ANSWER = {"columns": ["n.type"], "data": [["DNp01"]]}


class Question(BaseModel):
    """A question in Cypher."""

    cypher: str = Field(examples=["MATCH (n:Neuron) RETURN n.type LIMIT 1"])
    dataset: str = Field(
        description="The dataset's id here, or what neuPrint calls it, also with `:` and its tag.", examples=["mb20"]
    )


def router(needs: Needs) -> APIRouter:
    """Routes of `neuprint`."""
    routes = Routes(tags=["neuPrint"])

    @routes.post("/neuprint/{dataset}", responses=answers(_ANSWER, 404))
    async def ask(dataset: str, question: Question, caller: General403) -> Response:
        """Ask neuPrint, and pass its answer on: `columns` and `data`, a list of rows."""
        stored = await needs.catalog.get(dataset)
        if stored is None:
            raise HTTPException(404, f"There is no dataset {dataset[:100]!r}.")
        fields = filled(stored)
        known = fields.get("neuprintHTTP")
        host = known.get("server") if isinstance(known, Mapping) else None
        if not isinstance(known, Mapping) or not isinstance(host, str) or not _is_host(host):
            raise HTTPException(400, f"Dataset {dataset!r} names no server of neuPrint: set its `neuprintHTTP`.")
        # The credential may be one that all share: it must not open other datasets of the same server.
        names = _names(dataset, known.get("dataset"), fields)
        if question.dataset not in names:
            own = " or ".join(map(repr, sorted(names)))
            raise HTTPException(400, f"{question.dataset[:100]!r} is another dataset: ask for {own}.")
        headers = _credentials(caller, needs)
        try:
            answer = await needs.http.post(
                f"https://{host}/api/custom/custom", json=question.model_dump(), headers=headers, timeout=_TIMEOUT
            )
        except (httpx.HTTPError, httpx.InvalidURL):
            raise HTTPException(502, "neuPrint does not answer.") from None
        return _passed_on(answer)

    return routes


def _is_host(text: str) -> bool:
    match = _HOST.fullmatch(text)
    return match is not None and int(match[1] or 0) <= _LAST_PORT


def _names(dataset: str, known: object, fields: Fields) -> set[str]:
    plain = {name for name in (dataset, known) if isinstance(name, str)}
    return plain | {f"{name}:{fields.get('tag')}" for name in plain if fields.get("tag")}


def _credentials(caller: Caller, needs: Needs) -> dict[str, str]:
    shared = needs.settings.neuprint_token
    token = caller.gateway_token or (shared.get_secret_value() if shared is not None else None)
    return {"Authorization": f"Bearer {token}"} if token else {}


def _passed_on(answer: httpx.Response) -> Response:
    try:
        found = orjson.loads(answer.content)
    except ValueError:
        found = None
    if answer.is_success and found is not None:
        return Response(answer.content, media_type="application/json")
    said = found.get("error", found.get("message")) if isinstance(found, Mapping) else answer.text
    text = str(said or answer.text or answer.reason_phrase)[:_LONGEST_TEXT]
    # A refused credential is ours to mend, not the caller's.
    is_callers_fault = answer.is_client_error and answer.status_code not in (401, 403, 429)
    raise HTTPException(400 if is_callers_fault else 502, f"neuPrint answered {answer.status_code}: {text}")
