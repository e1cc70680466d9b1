"""The API's document: what all routes have in common, said once, and what every document of OpenAPI should say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

_SCHEME = "token"
_METHODS = frozenset({"get", "post", "put", "delete"})

TAGS: Mapping[str, str] = {
    "Datasets": "What there is to annotate, and how viewers show it.",
    "Annotations": "Points, lines and spheres in a dataset, each of them a user's own.",
    "Annotations, first form": "Any JSON object, one for each user and place of a dataset.",
    "Saved searches": "Places that users search from, one for each user and place of a dataset.",
    "Atlas": "Places worth a visit, with a title; readers of a dataset see those that were verified.",
    "Key-value": "What pages keep for their user between two visits.",
    "Pull requests": "Values that their users hand in, for administrators to take over.",
    "Site reports": "How pages fare on their users' machines.",
    "Volumes": "Folders of buckets with images, and what they hold.",
    "neuPrint": "Questions to neuPrint, asked in the name of whoever may read a dataset.",
    "Image search": "Places that look alike, and images made to look like another modality.",
    "Sub-volumes": "Cut-outs of images for editing.",
    "Users": "Who may do what.",
    "Server": "Tokens that the server makes, and what it remembers.",
    "Sessions": "Logging in and out by a browser.",
    "Neurons": "What is known of each body, field by field, with who said it and when.",
}
"""Groups of operations, in the order in which pages show them."""

PARAMETERS: Mapping[str, tuple[str, object]] = {
    "dataset": ("Id of a dataset.", "mb20"),
    "annotation_type": ("What is annotated: `neurons`, or another type of your own.", "neurons"),
    "key": ("Name of a thing in its scope, or key of an annotation.", "Pt1_2_3"),
    "scope": ("What the keys belong to; any text.", "merges-mb20"),
    "entry_id": ("Id of an entry of the atlas.", "5f3c0a9be21d4c7788aa01b2c3d4e5f6"),
    "volume": ("Name of a volume, which is that of its dataset.", "mb20"),
    "path": ("Path of an object in the volume.", "8.0x8.0x8.0/0-64_0-64_0-64"),
    "ids": ("Body ids, by commas.", "23,101"),
    "body_id": ("Id of a body.", "23"),
    "tag": ("Name of a version.", "v0.3.33"),
    "uuid": ("A version's uuid, or its beginning.", "a1b2c3"),
    "node": ("`:master` for the newest version, or a uuid.", ":master"),
    "show": ("`user` adds the fields `*_user`, `time` those `*_time`, `all` both.", "all"),
}
"""Names that parameters have everywhere: what they mean and an example, where a route says nothing else."""


class Fault(BaseModel):
    """What can't be read, and where it stands."""

    loc: list[str | int] = Field(description="`body`, `path` or `query`, then names of fields and places in lists.")
    msg: str
    type: str


class ErrorBody(BaseModel):
    """What errors look like."""

    detail: str | list[Fault] = Field(description="What is wrong; for what can't be read, each place.")


def describe_document(app: FastAPI) -> None:
    """Say in the document how calls carry their token, what tags, parameters and errors mean."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        components = document.setdefault("components", {})
        schemes = components.setdefault("securitySchemes", {})
        schemes[_SCHEME] = {"type": "http", "scheme": "bearer", "description": "A token of this store, or of Google."}
        errors = ErrorBody.model_json_schema(ref_template="#/components/schemas/{model}")
        components.setdefault("schemas", {}).update(**errors.pop("$defs"), ErrorBody=errors)
        document["security"] = [{_SCHEME: []}]
        document["tags"] = [{"name": name, "description": says} for name, says in TAGS.items()]
        for operation in _operations(document):
            for parameter in operation.get("parameters", ()):
                _explain(parameter)
            _show_nothing(operation["responses"])
        return document

    app.openapi = openapi


def _operations(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for path in document["paths"].values():
        yield from (operation for method, operation in path.items() if method in _METHODS)


def _explain(parameter: dict[str, Any]) -> None:
    says, example = PARAMETERS.get(parameter["name"], (None, None))
    if says is not None:
        parameter.setdefault("description", says)
    if example is not None and "examples" not in parameter["schema"]:
        parameter.setdefault("example", example)


def _show_nothing(responses: Mapping[str, Any]) -> None:
    """Give answers that are null their example: FastAPI takes nulls out of the documents it makes."""
    for response in responses.values():
        for content in response.get("content", {}).values():
            if content.get("schema") == {"type": "null"}:
                content["example"] = None
