"""Annotations of bodies in a DVID server, in its instance `segmentation_annotations`.

Answers are passed on as they come. Errors keep DVID's status and text, never its address.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import httpx
import orjson
from starlette.exceptions import HTTPException

from karst_clio.neurons.engine import ALL, Asked
from karst_clio.neurons.errors import BadInputError
from karst_clio.neurons.merge import Posting
from karst_clio.neurons.metadata import Versions
from karst_clio.neurons.query import parse_query
from karst_clio.neurons.records import BODY_ID, Show
from karst_clio.neurons.streams import json_list, stopping
from karst_platform.stores.documents import Fields, Json

INSTANCE = "segmentation_annotations"
_TIMEOUT = httpx.Timeout(60, connect=5)
_WRITES_AT_A_TIME = 8
_BODIES_AT_A_TIME = 1000
_LONGEST_TEXT = 500
_FAULTS_SHOWN = 20

Parameters = dict[str, str]


class DvidError(HTTPException):
    """DVID refused, or can't be reached."""


@dataclass(frozen=True, kw_only=True)
class DvidServer:
    """Where a dataset's annotations are."""

    url: str
    uuid: str
    """The version that is the newest."""


class DvidEngine:
    """The annotations of one dataset in DVID."""

    def __init__(self, http: httpx.AsyncClient, server: DvidServer, versions: Versions) -> None:
        self._http, self._server, self._versions = http, server, versions

    async def fields(self) -> list[str]:
        """Names of the fields that annotations have."""
        names = await self._ask("GET", "fields")
        return [str(name) for name in names] if isinstance(names, list) else []

    async def all(self, asked: Asked, *, after: int | None, size: int) -> AsyncIterator[bytes]:
        """Annotations in order of their body ids: those after an id, at most `size`.

        DVID gives all at once only; for a part of them it is asked for the ids first.
        """
        if after is None and size >= ALL:
            parts = self._list("GET", "all", asked)
        else:
            keys = await self._ask("GET", "keys", version=asked.version)
            ids = sorted(int(key) for key in keys or () if isinstance(key, str)) if isinstance(keys, list) else []
            parts = self.bodies([each for each in ids if after is None or each > after][:size], asked)
        async with stopping(parts):
            async for part in parts:
                yield part

    async def bodies(self, ids: Sequence[int], asked: Asked) -> AsyncIterator[bytes]:
        """Annotations of some bodies, in the order asked for, without those that aren't there."""

        async def records() -> AsyncIterator[bytes]:
            wanted = list(dict.fromkeys(ids))
            for start in range(0, len(wanted), _BODIES_AT_A_TIME):
                some = wanted[start : start + _BODIES_AT_A_TIME]
                parameters = {"json": "true"} | _shown(asked)
                found = await self._ask("GET", "keyvalues", parameters, some, version=asked.version)
                if isinstance(found, dict):
                    for annotation in filter(None, (found.get(str(body)) for body in some)):
                        yield orjson.dumps(annotation)

        async for part in json_list(records()):
            yield part

    async def query(self, query: Json, asked: Asked) -> AsyncIterator[bytes]:
        """Annotations that fit a query, in order of their body ids."""
        parse_query(query)  # DVID's own complaints say less
        async with stopping(self._list("POST", "query", asked, orjson.dumps(query))) as parts:
            async for part in parts:
                yield part

    async def write(self, annotations: Sequence[Fields], posting: Posting, version: str) -> None:
        """Merge annotations into what is stored, one by one. Raises `DvidError` that names all that failed."""
        parameters = {"u": posting.user}
        if posting.conditional:
            parameters["conditional"] = ",".join(sorted(posting.conditional))
        if posting.is_replacing:
            parameters["replace"] = "true"
        turns = asyncio.Semaphore(_WRITES_AT_A_TIME)

        async def write(of_body: Sequence[Fields]) -> DvidError | None:
            async with turns:
                for each in of_body:
                    try:
                        await self._ask("POST", f"key/{each[BODY_ID]}", parameters, each, version=version)
                    except DvidError as error:
                        return error
            return None

        by_body: dict[Json, list[Fields]] = {}
        for each in annotations:
            by_body.setdefault(each[BODY_ID], []).append(each)
        results = await asyncio.gather(*map(write, by_body.values()))
        _raise_all(
            {body: error for body, error in zip(by_body, results, strict=True) if error is not None}, len(by_body)
        )

    async def delete(self, body: int, posting: Posting) -> None:
        """Take a body's annotation away; one that isn't there stays so."""
        await self._ask("DELETE", f"key/{body}", {"u": posting.user})

    async def _ask(
        self, method: str, path: str, parameters: Parameters | None = None, body: object = None, *, version: str = ""
    ) -> Json:
        content = None if body is None else orjson.dumps(body)
        async with self._answer(method, path, parameters or {}, content, version) as response:
            text = await response.aread()
        try:
            return orjson.loads(text) if text.strip() else None
        except orjson.JSONDecodeError:
            if method != "GET":
                return None  # what DVID says about a success means nothing to us
            raise DvidError(502, "DVID's answer is no JSON") from None

    async def _list(self, method: str, path: str, asked: Asked, content: bytes | None = None) -> AsyncIterator[bytes]:
        """A list as DVID sends it; an empty one is `null` there."""
        parameters = _shown(asked) | ({"onlyid": "true"} if asked.is_only_ids else {})
        async with self._answer(method, path, parameters, content, asked.version) as response:
            waiting: bytes | None = b""
            async for part in response.aiter_bytes():
                if waiting is None:
                    yield part
                elif (waiting := (waiting + part).lstrip()) and not b"null".startswith(waiting.rstrip()):
                    yield waiting
                    waiting = None
            if waiting is not None:
                yield b"[]"

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, parameters: Parameters, content: bytes | None, version: str
    ) -> AsyncGenerator[httpx.Response]:
        url = f"{self._server.url.rstrip('/')}/api/node/{quote(self._uuid(version), safe=':')}/{INSTANCE}/{path}"
        request = self._http.build_request(method, url, params=parameters, content=content, timeout=_TIMEOUT)
        try:
            response = await self._http.send(request, stream=True)
            try:
                if not response.is_success:
                    raise await self._refusal(response)
                yield response
            finally:
                await response.aclose()
        except httpx.TimeoutException:
            raise DvidError(504, "DVID took too long") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise DvidError(502, "DVID can't be reached") from None

    async def _refusal(self, response: httpx.Response) -> DvidError:
        text = (await response.aread()).decode(errors="replace")
        parts = urlsplit(self._server.url)
        for own in (self._server.url.rstrip("/"), parts.netloc, parts.hostname):
            text = text.replace(own, "DVID") if own else text
        status = response.status_code if response.is_error else 502
        return DvidError(status, text.strip()[:_LONGEST_TEXT] or f"DVID answered {response.status_code}")

    def _uuid(self, version: str) -> str:
        if not version:
            return self._server.uuid
        if version in (".", ".."):  # in a path they would lead to another call
            raise BadInputError(f"Bad version {version!r}: write a tag like v0.3.33, or a uuid")
        if not version.startswith("v"):
            return version
        if version not in self._versions.uuid_of:
            raise BadInputError(f"Bad version {version!r}: the dataset has none of this tag")
        return self._versions.uuid_of[version]


def _shown(asked: Asked) -> Parameters:
    return {} if asked.show is Show.NONE else {"show": asked.show.value}


def _raise_all(faults: dict[Json, DvidError], count: int) -> None:
    if not faults:
        return
    statuses = {fault.status_code for fault in faults.values()}
    shown = "; ".join(f"body {body}: {fault.detail}" for body, fault in list(faults.items())[:_FAULTS_SHOWN])
    raise DvidError(statuses.pop() if len(statuses) == 1 else 502, f"{len(faults)} of {count} bodies failed: {shown}")
