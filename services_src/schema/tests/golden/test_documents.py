"""The documents of all types to the letter.

`KARST_RENEW=golden pytest services_src/schema/tests/golden` writes them anew, for you to read before you commit.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest

from karst_schema.types import annotation_types, document

GOLDEN = Path(__file__).parent / "documents.json"
IS_RENEWED = os.environ.get("KARST_RENEW") == "golden"


def known() -> dict[str, object]:
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_documents_are_those_that_somebody_reviewed() -> None:
    documents = {name: document(each) for name, each in annotation_types().items()}
    if IS_RENEWED:
        GOLDEN.write_text(json.dumps(documents, indent=1) + "\n", encoding="utf-8")
    assert list(known()) == list(documents), "order counts: clients show it"
    for name, each in documents.items():
        assert each == known()[name], f"{name} changed. Tables of it exist; a change needs another name"


@pytest.mark.parametrize("name", annotation_types())
def test_every_document_is_a_json_schema(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(document(annotation_types()[name]))
