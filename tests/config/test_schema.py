"""The JSON schemas in the docs are those of the models and describe every key; every YAML file names its own."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from karst.config.schema import MODELS, SCHEMAS_FOLDER, file_name, first_line, render_schemas
from karst.config.yaml_source import read_source

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / SCHEMAS_FOLDER
FILES = {
    "deployment": sorted(REPOSITORY.glob("environments/*/deployment.yaml")),
    "dataset": sorted(REPOSITORY.glob("environments/*/datasets/*.yaml")),
    "service": sorted(REPOSITORY.glob("services_src/*/service.yaml")),
    "approvals": sorted(REPOSITORY.glob("environments/*/approvals.yaml")),
}
YAML_FILES = [(kind, path) for kind, paths in FILES.items() for path in paths]


@pytest.mark.parametrize("name", sorted(map(file_name, MODELS)))
def test_current(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == render_schemas()[name], "run `karst schemas`"


def test_nothing_else_lies_there() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(render_schemas())


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_every_key_is_described_and_no_other_is_allowed(kind: str) -> None:
    schema = json.loads(render_schemas()[file_name(kind)])
    Draft202012Validator.check_schema(schema)
    for model in [schema, *(part for part in schema["$defs"].values() if "properties" in part)]:
        assert model["additionalProperties"] is False
        described = {key: _description(schema, field) for key, field in model["properties"].items()}
        assert [key for key, text in described.items() if not text] == []


def _description(schema: dict[str, dict[str, dict[str, str]]], field: dict[str, str]) -> str | None:
    """A key's own description, or that of its model where both are the same words."""
    name = field.get("$ref", "").removeprefix("#/$defs/")
    return field.get("description") or schema["$defs"].get(name, {}).get("description")


@pytest.mark.parametrize(
    ("kind", "path"), YAML_FILES, ids=[f"{path.parent.name}-{path.stem}" for _, path in YAML_FILES]
)
def test_each_file_names_its_schema_and_fits_it(kind: str, path: Path) -> None:
    assert path.read_text(encoding="utf-8").splitlines()[0] == first_line(kind, path, REPOSITORY)
    schema = json.loads(render_schemas()[file_name(kind)])
    errors = Draft202012Validator(schema).iter_errors(dict(read_source(path).data))
    assert [error.message for error in errors] == []
