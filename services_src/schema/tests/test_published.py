"""Our types against those of the published library of CAVE, which runs in an environment of its own: no difference."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from karst_platform.testing_programs import missing
from karst_schema.types import Column, Kind, SqlType, Table, annotation_types, columns, document
from karst_schema.types.registry import KNOWN_ORDER

PYTHON = Path(__file__).parents[3] / ".venv-oracles" / "bin" / "python"
_PROGRAM = """
import json
from emannotationschemas import get_schema, get_types
from emannotationschemas.models import create_table_dict, split_annotation_schema
from marshmallow_jsonschema import JSONSchema
from sqlalchemy import Column

def columns(schema, **of_segmentation):
    made = create_table_dict("t", schema, table_metadata={"reference_table": "r"}, **of_segmentation)
    return {name: [str(each.type), bool(each.index or getattr(each.type, "use_N_D_index", False)),
                   [[key.target_fullname, key.ondelete] for key in each.foreign_keys]]
            for name, each in made.items() if isinstance(each, Column)}

def told(name):
    flat, beside = split_annotation_schema(get_schema(name))
    return {"document": JSONSchema().dump(get_schema(name)()), "annotation": columns(flat),
            "segmentation": columns(beside, segmentation_source="g")}

print(json.dumps({name: told(name) for name in get_types()}))
"""
_SQL = {
    SqlType.BOOLEAN: "BOOLEAN",
    SqlType.TEXT: "VARCHAR",
    SqlType.DECIMAL: "FLOAT",
    SqlType.INTEGER: "INTEGER",
    SqlType.BIG_INTEGER: "BIGINT",
    SqlType.POINT: "geometry(POINTZ,-1)",
}


@pytest.fixture(scope="session")
def published() -> dict[str, Any]:
    """What the library says of each of its types."""
    known = "emannotationschemas"
    if not PYTHON.exists():
        missing(known, f"{known} is missing: run `make oracles`")
    if subprocess.run([PYTHON, "-W", "ignore", "-c", f"import {known}"], check=False, capture_output=True).returncode:
        missing(known, f"{known} is missing: it runs with Python 3.11 and 3.12 only. Run `make oracles` with one")
    told = subprocess.run([PYTHON, "-W", "ignore", "-c", _PROGRAM], check=True, capture_output=True, text=True)
    return json.loads(told.stdout)


def without_descriptions(value: object) -> object:
    """What clients act on: descriptions are in our own words, and upstream misspelled one key."""
    if not isinstance(value, dict):
        return value
    texts = ("description", "desription")
    return {
        key: without_descriptions(each) for key, each in value.items() if key not in texts or not isinstance(each, str)
    }


def test_types_are_the_same_in_the_same_order(published: dict[str, Any]) -> None:
    assert tuple(published) == KNOWN_ORDER
    assert tuple(annotation_types())[: len(published)] == tuple(published)
    assert len(published) == 57


@pytest.mark.parametrize("name", KNOWN_ORDER)
def test_documents_are_the_same(published: dict[str, Any], name: str) -> None:
    ours = without_descriptions(document(annotation_types()[name]))
    assert ours == without_descriptions(published[name]["document"])


def shown(column: Column) -> list[object]:
    """A column as the library shows one."""
    keys = [["r.id", "CASCADE"]] if column.kind is Kind.REFERENCE else []
    return [_SQL[column.sql], column.is_indexed, keys]


@pytest.mark.parametrize("name", KNOWN_ORDER)
def test_columns_are_the_same(published: dict[str, Any], name: str) -> None:
    ours = columns(annotation_types()[name])
    for table in Table:
        expected: dict[str, Any] = published[name][table]
        expected.pop("id", None)
        assert {each.name: shown(each) for each in ours if each.table is table} == expected
    assert [each.name for each in ours if each.table is Table.ANNOTATION] == list(published[name]["annotation"])
