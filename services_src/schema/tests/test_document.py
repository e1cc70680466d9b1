"""The API's document, operation by operation: whoever reads it knows what to send, what comes back, how it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest

from karst_platform.permissions import declared
from services_src.schema.tests.support import ROOT, application, ask

pytestmark = pytest.mark.anyio
JSON = "application/json"
DOCUMENT = application().openapi()
PAGES = {"/", "/views", "/views/type/{name}/view", "/views/type/{name}/flatview", "/static/{name}"}
FOR_MACHINES = {"/healthz", "/readyz", "/api/doc", "/api/doc/{asset}"}


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    says: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def operations() -> Iterator[Operation]:
    for path, item in DOCUMENT["paths"].items():
        yield from (Operation(method, path, says) for method, says in item.items())


every_operation = pytest.mark.parametrize("operation", list(operations()), ids=str)


def fits(value: object, schema: Mapping[str, Any]) -> None:
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def test_it_has_all_routes_that_clients_call() -> None:
    hidden = {str(each) for each in declared(application())} - {str(each) for each in operations()}
    assert hidden == {f"GET {path}" for path in PAGES | FOR_MACHINES}


@every_operation
def test_it_says_what_an_operation_does(operation: Operation) -> None:
    (tag,) = operation.says["tags"]
    assert next(each["description"] for each in DOCUMENT["tags"] if each["name"] == tag)
    assert 10 <= len(operation.says["summary"]) <= 100
    assert operation.says["description"].startswith(operation.says["summary"])
    for parameter in operation.says.get("parameters", ()):
        assert len(parameter["description"]) > 5, parameter["name"]


@every_operation
def test_answers_have_examples_that_fit(operation: Operation) -> None:
    for response in operation.says["responses"].values():
        assert response["description"]
        content = response["content"][JSON]
        assert content["schema"] != {}
        fits(content["example"], content["schema"])


@every_operation
def test_every_failure_is_documented(operation: Operation) -> None:
    responses: Mapping[str, Any] = operation.says["responses"]
    expected = {"429", "504"} | ({"404"} if operation.says.get("parameters") else set[str]())
    expected |= {"400", "413"} if "requestBody" in operation.says else set[str]()
    assert expected <= set(responses)
    for status, response in responses.items():
        if status.startswith(("4", "5")):
            assert response["content"][JSON]["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
            assert ("Retry-After" in response.get("headers", {})) == (status == "429")


@every_operation
def test_everybody_may_call(operation: Operation) -> None:
    assert not operation.says.get("security")
    assert "securitySchemes" not in DOCUMENT["components"]


async def test_the_document_and_its_page_are_there() -> None:
    document = (await ask("GET", "/api/openapi.json")).json()
    assert document["paths"] == DOCUMENT["paths"]
    assert document["servers"] == [{"url": ROOT}]
    assert f'data-schema="{ROOT}/api/openapi.json"' in (await ask("GET", "/api/doc")).text
