"""The API's document, operation by operation: whoever reads it knows what to send, what comes back, how it fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import jsonschema
import pytest

from karst_clio.main import create_app
from karst_clio.needs import make_needs
from karst_clio.settings import ClioSettings
from karst_clio.web.operations import FAILURES
from services_src.clio.tests.memory import MemoryDocuments
from services_src.clio.tests.routes import Found, all_routes
from services_src.clio.tests.support import Clock

JSON = "application/json"
SAFE = frozenset({"get"})


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    says: Mapping[str, Any]

    @property
    def responses(self) -> Mapping[str, Any]:
        return self.says["responses"]

    @property
    def is_public(self) -> bool:
        return {} in self.says.get("security", []) or self.says.get("security") == []

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


@cache
def document() -> dict[str, Any]:
    settings = ClioSettings()
    needs = make_needs(settings, documents=MemoryDocuments(), http=httpx.AsyncClient(), clock=Clock())
    return create_app(settings, needs).openapi()


def operations() -> Iterator[Operation]:
    for path, item in document()["paths"].items():
        for method, says in item.items():
            yield Operation(method, path, says)


OPERATIONS = list(operations())
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=str)


def fits(value: object, schema: Mapping[str, Any]) -> None:
    jsonschema.Draft202012Validator({**schema, "components": document()["components"]}).validate(value)


def examples_of(content: Mapping[str, Any]) -> list[Any]:
    """The examples of a body, or those of its model."""
    if "example" in content:
        return [content["example"]]
    named = [each["value"] for each in content.get("examples", {}).values()]
    schema = content["schema"]
    while "$ref" in schema and "examples" not in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    composed = [example for each in schema.get("oneOf", ()) for example in examples_of({"schema": each})]
    parts = {name: each.get("examples", [None])[0] for name, each in schema.get("properties", {}).items()}
    of_parts = [{name: parts[name] for name in schema["required"]}] if schema.get("required") else []
    return named or schema.get("examples", []) or composed or of_parts


def test_it_has_all_routes_that_people_call() -> None:
    hidden = {f"{each.method} {each.path}" for each in all_routes()} - {
        f"{each.method.upper()} {each.path.replace('{path}', '{path:path}')}" for each in OPERATIONS
    }
    pages = {"/", "/docs", "/docs/{asset}", "/redoc", "/healthz", "/readyz", "/metrics", "/v2/refresh-caches"}
    unexplained = {each for each in hidden if each.split()[0] != "PUT" and each.split()[1] not in pages}
    assert unexplained == {"POST /logout"}
    assert not any(path.startswith(("/v3", "/test")) for path in document()["paths"])


@every_operation
def test_it_says_what_an_operation_does_and_for_whom(operation: Operation) -> None:
    (tag,) = operation.says["tags"]
    assert next(each["description"] for each in document()["tags"] if each["name"] == tag)
    assert 10 <= len(operation.says["summary"]) <= 100
    assert not operation.says["summary"].endswith(".")
    assert re.search(r"\n\nFor (whoever|everybody|administrators)", operation.says["description"])


def test_operations_are_told_apart() -> None:
    names = [each.says["operationId"] for each in OPERATIONS]
    assert len(names) == len(set(names))
    current = [(each.says["tags"][0], each.says["summary"]) for each in OPERATIONS if each.path.startswith("/v2/")]
    assert len(current) == len(set(current))


@every_operation
def test_every_parameter_is_explained(operation: Operation) -> None:
    for parameter in operation.says.get("parameters", ()):
        assert len(parameter["description"]) > 5, parameter["name"]
        has_example = "example" in parameter or "examples" in parameter or "examples" in parameter["schema"]
        assert has_example or parameter["in"] == "query", parameter["name"]


@every_operation
def test_bodies_have_examples_that_fit(operation: Operation) -> None:
    if "requestBody" not in operation.says:
        return
    content = operation.says["requestBody"]["content"][JSON]
    examples = examples_of(content)
    assert examples
    for example in examples:
        fits(example, content["schema"])


@every_operation
def test_answers_have_examples_that_fit(operation: Operation) -> None:
    for status, response in operation.responses.items():
        assert response["description"]
        content = response.get("content", {})
        if JSON not in content:
            assert status in ("302", "304") or (status in ("200", "206") and "*/*" in content)
            continue
        (example,) = examples_of(content[JSON])
        assert content[JSON]["schema"] != {} or operation.path.endswith(("server/token", "{dataset}"))
        fits(example, content[JSON]["schema"])


def expected_failures(operation: Operation) -> set[str]:
    if operation.is_public:
        return {"503", "504"} | ({"422"} if "parameters" in operation.says else set())
    unsafe = {"403"} if operation.method not in SAFE else set[str]()
    body = {"413", "422"} if "requestBody" in operation.says else set[str]()
    named = {"422"} if "parameters" in operation.says else set[str]()
    return {"400", "401", "502", "503", "504"} | unsafe | body | named


@every_operation
def test_every_failure_is_documented(operation: Operation) -> None:
    assert expected_failures(operation) <= set(operation.responses)
    for status, response in operation.responses.items():
        if not status.startswith(("4", "5")):
            continue
        assert int(status) in FAILURES
        assert response["content"][JSON]["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
        assert set(response["content"][JSON]["example"]) == {"detail"}
        assert ("Retry-After" in response.get("headers", {})) == (status in ("429", "503"))


def test_the_document_agrees_with_the_guards() -> None:
    needs = {f"{each.method} {each.path.replace(':path}', '}')}": each for each in all_routes()}
    for operation in OPERATIONS:
        route: Found = needs[str(operation)]
        assert operation.is_public == (route.needs[0].name == "public"), str(operation)
        if route.needs[0].refusal == 403:
            assert "403" in operation.responses
