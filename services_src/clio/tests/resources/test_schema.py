"""What the OpenAPI document says of answers: their fields, not just that they are objects."""

from __future__ import annotations

from typing import Any

import pytest

from services_src.clio.tests.support import serving

pytestmark = pytest.mark.anyio


def answer_of(schema: dict[str, Any], method: str, path: str) -> str:
    content = schema["paths"][path][method]["responses"]["200"]["content"]["application/json"]
    return str(content["schema"])


@pytest.mark.parametrize(
    ("method", "path", "model"),
    [
        ("get", "/v2/datasets", "Dataset"),
        ("get", "/v2/datasets/{dataset}", "Dataset"),
        ("get", "/v2/annotations/{dataset}", "Shown"),
        ("get", "/annotations/{dataset}", "Kept"),
        ("get", "/v2/savedsearches/{dataset}", "Kept"),
        ("get", "/v2/atlas/all", "AtlasEntry"),
        ("get", "/v2/atlas/{dataset}", "AtlasEntry"),
        ("post", "/v2/atlas/{dataset}", "AtlasEntry"),
        ("post", "/v2/atlas-verify/{entry_id}", "AtlasEntry"),
        ("get", "/v2/volumes", "Volume"),
        ("get", "/v2/volumes/{volume}", "Volume"),
        ("post", "/v2/transfer", "Link"),
    ],
)
async def test_answers_are_described(method: str, path: str, model: str) -> None:
    async with serving() as server:
        schema = (await server.ask("GET", "/openapi.json")).json()
    assert f"#/components/schemas/{model}'" in answer_of(schema, method, path)
    assert schema["components"]["schemas"][model]["properties"]
    assert "put" not in schema["paths"][path]
