"""Routes of `json-annotations`: annotations of bodies, of the type `neurons` or of another."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import APIRouter, Body, Path, Query
from starlette.responses import StreamingResponse

from karst_clio.identity.guard import NeuronsRemover, Reader, WriterForOthers
from karst_clio.needs import Needs
from karst_clio.neurons.engine import ALL, Asked
from karst_clio.neurons.engines import Engines
from karst_clio.neurons.errors import BadInputError, NotThereError
from karst_clio.neurons.merge import Posting
from karst_clio.neurons.metadata import Metadata, Versions
from karst_clio.neurons.postings import annotations_of, body_ids
from karst_clio.neurons.records import Show
from karst_clio.neurons.schema import schema_of
from karst_clio.neurons.streams import streamed
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes

Kind = Annotated[
    str,
    Path(alias="annotation_type", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", examples=["neurons"]),
]
"""The type of annotation."""
Version = Annotated[str, Query(description="A tag like `v0.3.33`, a uuid, or nothing for the newest.")]
Shown = Annotated[str, Query(description="`user` adds the fields `*_user`, `time` those `*_time`, `all` both.")]
Ignored = Annotated[str, Query(description="Accepted and without effect: bodies are named by `bodyid`.")]
OnlyIds = Annotated[bool, Query(description="Answer body ids only.")]
WithHistory = Annotated[bool, Query(description="Answer every revision of each body, newest first.")]
Replacing = Annotated[bool, Query(description="Let fields disappear that are not sent.")]
Posted = Annotated[
    object,
    Body(
        description="An annotation or a list of them, each with its `bodyid`.",
        examples=[[{"bodyid": 23, "type": "DNp01", "status": "Traced"}]],
    ),
]
Question = Annotated[
    object,
    Body(
        description="An object whose fields all have to fit, or a list of objects of which one has to.",
        examples=[[{"type": "re/^DN", "status": ["Anchor", "Traced"]}, {"bodyid": [23, 101]}]],
    ),
]
Found = TypeVar("Found")
_LARGEST = 2**63 - 1
_ANNOTATION = {"bodyid": 23, "type": "DNp01", "status": "Traced"}
_LIST = answers([_ANNOTATION], 404, schema={"type": "array", "items": {"type": "object"}})
_FOUND = answers([_ANNOTATION], 404, schema={"type": "array", "items": {"type": ["object", "integer"]}})


def router(needs: Needs) -> APIRouter:
    """Routes of `json-annotations`."""
    routes = Routes(prefix="/json-annotations/{dataset}/{annotation_type}", tags=["Neurons"])
    metadata = Metadata(needs.documents, needs.catalog, needs.clock)
    needs.forgetting.append(metadata.forget)
    engines = Engines(needs.documents, needs.catalog, metadata, needs.http)
    _add_versions(routes, engines)
    _add_reading(routes, engines)
    _add_writing(routes, engines, needs)
    return routes


def _add_versions(routes: APIRouter, engines: Engines) -> None:
    async def known(kind: str, dataset: str) -> Versions:
        await engines.dataset(dataset)
        return await engines.versions(kind, dataset)

    @routes.get("/fields", responses=answers(["bodyid", "status", "type"], 404))
    async def fields(dataset: str, kind: Kind, _: Reader) -> list[str]:
        """List the names of fields that annotations have."""
        return await (await engines.of(kind, dataset)).fields()

    @routes.get("/versions", responses=answers({"v0.1": "abc123"}, 404))
    async def versions(dataset: str, kind: Kind, _: Reader) -> dict[str, str]:
        """Show the uuid of each version by its tag."""
        return _found(dict((await known(kind, dataset)).uuid_of), "versions", dataset)

    @routes.get("/head_tag", responses=answers("v0.3.33", 404))
    async def head_tag(dataset: str, kind: Kind, _: Reader) -> str:
        """Show the tag of the newest version."""
        return _found((await known(kind, dataset)).head_tag, "tag", dataset)

    @routes.get("/head_uuid", responses=answers("abc123", 404))
    async def head_uuid(dataset: str, kind: Kind, _: Reader) -> str:
        """Show the uuid of the newest version."""
        return _found((await known(kind, dataset)).head_uuid, "uuid", dataset)

    @routes.get("/tag_to_uuid/{tag}", responses=answers("abc123", 404))
    async def tag_to_uuid(dataset: str, kind: Kind, tag: str, _: Reader) -> str:
        """Show the uuid of a tag."""
        return (await known(kind, dataset)).uuid(tag)

    @routes.get("/uuid_to_tag/{uuid}", responses=answers("v0.3.33", 404))
    async def uuid_to_tag(dataset: str, kind: Kind, uuid: str, _: Reader) -> str:
        """Show the tag of a uuid, of which the beginning is enough."""
        return (await known(kind, dataset)).tag(uuid)


def _add_reading(routes: APIRouter, engines: Engines) -> None:
    @routes.get("/all", responses=_LIST)
    async def everything(
        dataset: str,
        kind: Kind,
        _: Reader,
        show: Shown = "",
        cursor: Annotated[int | None, Query(ge=0, le=_LARGEST, description="Only bodies after this id.")] = None,
        size: Annotated[int, Query(ge=0, le=_LARGEST, description="So many at the most.")] = ALL,
    ) -> StreamingResponse:
        """Stream all annotations in order of their body ids."""
        engine = await engines.of(kind, dataset)
        return await streamed(engine.all(Asked(show=Show.of(show)), after=cursor, size=size))

    @routes.get("/id-number/{ids}", responses=_LIST)
    async def by_id(
        dataset: str, kind: Kind, ids: str, _: Reader, version: Version = "", show: Shown = "", id_field: Ignored = ""
    ) -> StreamingResponse:
        """Show the annotations of some bodies, by commas; bodies without one are left out."""
        del id_field
        engine = await engines.of(kind, dataset)
        return await streamed(engine.bodies(body_ids(ids), Asked(version=version, show=Show.of(show))))

    @routes.post("/query", responses=_FOUND)
    async def query(
        dataset: str,
        kind: Kind,
        question: Question,
        _: Reader,
        *,
        version: Version = "",
        show: Shown = "",
        onlyid: OnlyIds = False,
        changes: WithHistory = False,
        id_field: Ignored = "",
    ) -> StreamingResponse:
        """Find annotations by their fields, in order of their body ids."""
        del id_field
        engine = await engines.of(kind, dataset)
        asked = Asked(version=version, show=Show.of(show), is_only_ids=onlyid, is_with_history=changes)
        return await streamed(engine.query(question, asked))  # type: ignore[arg-type]  # JSON, by `web.bodies`


def _add_writing(routes: APIRouter, engines: Engines, needs: Needs) -> None:
    @routes.put("", include_in_schema=False)
    @routes.post("", responses={404: {}})
    async def write(
        dataset: str,
        kind: Kind,
        posted: Posted,
        caller: WriterForOthers,
        *,
        replace: Replacing = False,
        conditional: Annotated[str, Query(description="Fields that keep a stored value, by commas.")] = "",
        version: Version = "",
        designated_user: Annotated[str, Query(description="Who is noted instead of the caller.")] = "",
    ) -> None:
        """Merge annotations into those that are stored, field by field; a null deletes its field."""
        engine = await engines.of(kind, dataset)
        posting = Posting(
            user=designated_user or caller.email,
            at_s=needs.clock(),
            is_replacing=replace,
            conditional=frozenset(name.strip() for name in conditional.split(",") if name.strip()),
        )
        schema = schema_of(await engines.dataset(dataset))
        await engine.write(annotations_of(posted, schema), posting, version)  # type: ignore[arg-type]  # JSON

    @routes.delete("/id-number/{body_id}", responses={404: {}})
    async def delete(dataset: str, kind: Kind, body_id: str, caller: NeuronsRemover) -> None:
        """Take a body's annotation away; its history stays."""
        bodies = body_ids(body_id)
        if len(bodies) != 1:
            raise BadInputError("One body at a time can be deleted")
        engine = await engines.of(kind, dataset)
        await engine.delete(bodies[0], Posting(user=caller.email, at_s=needs.clock()))


def _found(value: Found | None, what: str, dataset: str) -> Found:
    if not value:
        raise NotThereError(f"Dataset {dataset} has no {what}")
    return value
