"""Every pattern that a model demands is put into words, with an example that fits it."""

import re
from collections.abc import Iterator

import pytest
import yaml

from karst.config.forms import OF_ONE_FIELD, form_of
from karst.config.schema import MODELS


def demanded(schema: object) -> Iterator[str]:
    """Every pattern in a JSON schema, of values and of keys."""
    if isinstance(schema, dict):
        if isinstance(pattern := schema.get("pattern"), str):
            yield pattern
        yield from schema.get("patternProperties", {})
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from demanded(inner)


PATTERNS = sorted({pattern for model, _ in MODELS.values() for pattern in demanded(model.model_json_schema())})


def test_there_are_patterns_of_all_models() -> None:
    assert len(PATTERNS) > 50


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_has_words_and_an_example_that_fits(pattern: str) -> None:
    (noun, how), example = form_of(pattern)
    assert noun
    assert how
    assert re.search(pattern, yaml.safe_load(example)), f"{example} is no {noun}"


def test_no_words_are_left_of_a_pattern_that_is_gone() -> None:
    assert OF_ONE_FIELD.keys() - set(PATTERNS) == set()
