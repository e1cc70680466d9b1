"""The routes for clients: which types there are, and the documents of one, of some or of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from karst_platform.cave.errors import CaveError
from karst_platform.cave.operations import answers
from karst_platform.permissions import PUBLIC
from karst_schema.prepared import Prepared, prepared_json
from karst_schema.types import AnnotationType, document

API_VERSIONS = (2,)
TAGS = {"Types": "What annotations hold.", "Service": "What clients ask before they begin."}
_EXAMPLE = "representative_point"
_SHOWN_CHARACTERS = 100


class TypeDocument(BaseModel):
    """JSON Schema of annotations of one type; `$ref` names the class among the definitions."""

    model_config = ConfigDict(extra="forbid")

    draft: str = Field(alias="$schema")
    definitions: dict[str, dict[str, Any]] = Field(description="The class, and the points that it has.")
    reference: str = Field(alias="$ref", description="`#/definitions/<class>`")


class NamedTypes(BaseModel):
    """Names of types."""

    schema_names: str | list[str] = Field(
        description="Names of types, by commas or as a list.", examples=["synapse,bound_tag"]
    )

    @property
    def names(self) -> list[str]:
        """Each name once, in the order in which they are asked."""
        listed = self.schema_names.split(",") if isinstance(self.schema_names, str) else self.schema_names
        return list(dict.fromkeys(name for each in listed if (name := each.strip())))


class Documents:
    """The documents of all types, ready to be sent."""

    def __init__(self, types: Mapping[str, AnnotationType]) -> None:
        documents = {name: document(each) for name, each in types.items()}
        self.names = prepared_json(list(documents))
        self.all = prepared_json(documents)
        self._each = {name: prepared_json(each) for name, each in documents.items()}

    def of(self, name: str) -> Prepared:
        """The document of one type. Raises `CaveError`, 404."""
        found = self._each.get(name)
        if found is None:
            shown = name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}..."
            raise CaveError(404, "unknown_type", f"There is no type '{shown}'. Ask for /api/v2/type, which lists all.")
        return found

    def some(self, names: list[str]) -> bytes:
        """The documents of some types, as one JSON object. Raises `CaveError`, 404."""
        # Names that are found hold nothing that JSON would escape.
        return b"{%b}" % b",".join(b'"%b":%b' % (name.encode(), self.of(name).content) for name in names)


def api(types: Mapping[str, AnnotationType], version: str) -> APIRouter:
    """All routes for clients."""
    router = APIRouter(dependencies=[PUBLIC])
    router.include_router(_types(Documents(types), document(types[_EXAMPLE])), tags=["Types"])
    router.include_router(_service(version), tags=["Service"])
    return router


def _types(documents: Documents, example: object) -> APIRouter:
    router = APIRouter(prefix="/api/v2")

    @router.get("/type", response_model=list[str], responses=answers(["synapse", "nocleft_synapse"]))
    async def names_of_types(request: Request) -> Response:
        """List the names of all types, the oldest first."""
        return documents.names.answer(request)

    @router.get("/type/{name}", response_model=TypeDocument, responses=answers(example, 404))
    async def one_type(
        request: Request, name: Annotated[str, Path(description="Name of a type.", examples=["synapse"])]
    ) -> Response:
        """Describe one type."""
        return documents.of(name).answer(request)

    @router.get("/types_all", response_model=dict[str, TypeDocument], responses=answers({_EXAMPLE: example}))
    async def all_types(request: Request) -> Response:
        """Describe all types at once; compressed, that is a few kilobytes."""
        return documents.all.answer(request)

    body = {"required": False, "content": {"application/json": {"schema": NamedTypes.model_json_schema()}}}

    @router.post(
        "/types",
        response_model=dict[str, TypeDocument],
        responses=answers({_EXAMPLE: example}, 400, 404, 413),
        openapi_extra={"requestBody": body},
    )
    async def some_types(
        request: Request,
        schema_names: Annotated[
            str | None, Query(description="Names of types, by commas; they may stand in the body instead.")
        ] = None,
    ) -> Response:
        """Describe some types at once."""
        named = NamedTypes(schema_names=schema_names) if schema_names is not None else _named(await request.body())
        return Response(documents.some(named.names), media_type="application/json")

    return router


def _named(body: bytes) -> NamedTypes:
    """Read a body, whatever its Content-Type says. Raises `CaveError`, 400."""
    try:
        return NamedTypes.model_validate_json(body)
    except ValidationError as error:
        message = (
            'Name the types, by commas: as ?schema_names=synapse,bound_tag or as JSON, {"schema_names": "synapse"}.'
        )
        raise CaveError(400, "missing_schema_names", message) from error


def _service(version: str) -> APIRouter:
    router = APIRouter()
    versions, shown = prepared_json(API_VERSIONS), prepared_json(version)

    @router.get("/versions", response_model=list[int], responses=answers(list(API_VERSIONS)))
    async def versions_of_the_api(request: Request) -> Response:
        """List the versions of this API; clients choose the newest that they know."""
        return versions.answer(request)

    @router.get("/views/version", response_model=str, responses=answers(version))
    async def version_of_the_service(request: Request) -> Response:
        """Say which version runs, and with which one of CAVE it agrees."""
        return shown.answer(request)

    return router
