"""caveclient from the package index: its client of schemas, pointed at our server by HTTPS, and told nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from karst_schema.types import annotation_types, document
from tests.clients.python import Python, PythonError
from tests.clients.up import Platform

TYPES = annotation_types()


@pytest.fixture(scope="module", params=["", "/"], ids=["plain", "slash"])
def schema(platform: Platform, python: Python, request: pytest.FixtureRequest) -> Iterator[Python]:
    """A session with a client, whose user wrote the address with a slash at its end or without."""
    server = platform.server + request.param
    python("from caveclient.emannotationschemas import SchemaClient")
    python("from caveclient.auth import AuthClient")
    python(f"auth = AuthClient(server_address={server!r}, token='0' * 32)")
    python(f"schema = SchemaClient({server!r}, auth_client=auth)")
    yield python
    python("del schema")


def test_it_finds_the_version_of_the_api(schema: Python) -> None:
    assert schema("schema.api_version") == 2
    schema("from caveclient.base import _api_versions; from caveclient.endpoints import schema_endpoints_common")
    asked = "_api_versions('emas_server_address', schema.server_address, schema_endpoints_common, auth.request_header)"
    assert schema(asked) == [2], "not the version that it falls back to"


def test_it_lists_all_types(schema: Python) -> None:
    assert schema("schema.get_schemas()") == list(TYPES)


def test_it_reads_documents_one_by_one_some_or_all(schema: Python) -> None:
    assert schema("schema.schema_definition('synapse')") == document(TYPES["synapse"])
    some = schema("schema.schema_definition_multi(['bound_tag', 'cell_match'])")
    assert some == {name: document(TYPES[name]) for name in ("bound_tag", "cell_match")}
    assert schema("schema.schema_definition_multi([])") == {}
    assert schema("schema.schema_definition_all()") == {name: document(each) for name, each in TYPES.items()}


def test_an_unknown_type_is_an_error_that_names_it(schema: Python) -> None:
    with pytest.raises(PythonError, match=r"404 Client Error.*There is no type .{1,3}nothing"):
        schema("schema.schema_definition('nothing')")
    assert schema("schema.schema_definition_multi(['synapse', 'nothing'])") is None


def test_it_makes_tables_to_fill_in_from_our_documents(schema: Python) -> None:
    """Its staging of annotations reads the class, the points, the fields and what is required."""
    schema("from caveclient.tools.stage import StagedAnnotations")
    schema("staged = StagedAnnotations(schema.schema_definition('synapse'), name='synapse')")
    assert set(schema("staged.fields")) >= {"pre_pt_position", "post_pt_position", "ctr_pt_position", "size"}
    assert set(schema("staged.fields_required")) == {"pre_pt_position", "post_pt_position", "ctr_pt_position"}
    schema(
        "made = staged.add(pre_pt_position=[1, 2, 3], post_pt_position=[1, 2, 4], ctr_pt_position=[1, 2, 3], size=2.5)"
    )
    (made,) = schema("staged.annotation_list")
    assert (made["size"], made["pre_pt"]["position"]) == (2.5, [1, 2, 3])
    with pytest.raises(PythonError, match="Validation"):
        schema("made = staged.add(pre_pt_position=[1, 2, 3], post_pt_position='x', ctr_pt_position=[1, 2, 3])")


@pytest.mark.parametrize(
    ("name", "bound", "unbound", "columns", "numbers"),
    [
        ("synapse", ["post_pt", "pre_pt"], ["ctr_pt"], [], ["size"]),
        ("nucleus_detection", ["pt"], ["bb_end", "bb_start"], [], ["volume"]),
        ("fly_cell_type", ["pt"], [], ["cell_type", "hemisphere"], []),
        ("proofread_status", ["pt"], [], ["status"], ["valid_id"]),
        ("reference_integer", [], [], [], ["target_id", "value"]),
    ],
)
def test_it_sorts_fields_into_points_and_columns(
    schema: Python, name: str, bound: list[str], unbound: list[str], columns: list[str], numbers: list[str]
) -> None:
    """What its queries of tables are made from."""
    schema("from caveclient.tools.table_manager import get_col_info")
    found = schema(f"get_col_info({name!r}, None, schema_definition=schema.schema_definition({name!r}))")
    assert found == [bound, ["id", *columns], numbers, unbound]
