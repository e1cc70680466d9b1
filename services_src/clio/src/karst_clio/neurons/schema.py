"""Annotations that a dataset checks: by the JSON schema in the field `neuronSchema` of its document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NoReturn

import jsonschema_rs
import orjson

from karst_clio.neurons.errors import BadInputError
from karst_platform.stores.documents import Fields, Json

FIELD = "neuronSchema"
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)


class Schema:
    """A JSON schema. Raises `BadInputError` where it is none; it never loads another from elsewhere."""

    def __init__(self, text: bytes) -> None:
        schema = orjson.loads(text)
        try:
            self._validator = jsonschema_rs.validator_for(
                schema, retriever=_refuse, pattern_options=jsonschema_rs.RegexOptions()
            )
        except (ValueError, jsonschema_rs.ValidationError) as error:
            raise BadInputError(f"The dataset's {FIELD} is no JSON schema: {error}") from None
        properties = schema.get("properties") if isinstance(schema, Mapping) else None
        self._whole = frozenset(
            name for name, each in (properties.items() if isinstance(properties, Mapping) else ()) if _is_whole(each)
        )

    def checked(self, annotation: Fields) -> Fields:
        """The annotation, with numbers in place of numeric text where the schema wants whole numbers.

        Fields that are null are about to be deleted and not checked.
        """
        converted = {name: self._converted(name, value) for name, value in annotation.items()}
        fault = next(self._validator.iter_errors({n: v for n, v in converted.items() if v is not None}), None)
        if fault is not None:
            place = ".".join(str(part) for part in fault.instance_path)
            raise BadInputError(f"Body {annotation.get('bodyid')}: {place + ': ' if place else ''}{fault.message}")
        return converted

    def _converted(self, name: str, value: Json) -> Json:
        if name in self._whole and isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
            number = int(value)
            return number if _SMALLEST <= number <= _LARGEST else value
        return value


def schema_of(dataset: Fields) -> Schema | None:
    """The schema of a dataset's document, where it has one."""
    schema = dataset.get(FIELD)
    return None if schema is None else _made(orjson.dumps(schema))


@lru_cache(maxsize=64)
def _made(text: bytes) -> Schema:
    return Schema(text)


def _is_whole(schema: Json) -> bool:
    kinds = schema.get("type") if isinstance(schema, Mapping) else None
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return "integer" in kinds and "string" not in kinds


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"it refers to {uri}; write everything into one schema")
