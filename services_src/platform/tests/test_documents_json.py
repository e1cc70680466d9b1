"""What the look at a document's text lets pass, the look at each of its values does too; numbers stay what they are."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from karst_platform.stores.documents import Json, UnstorableError, Write
from karst_platform.stores.documents_json import text_of_fields
from karst_platform.stores.storable import check_write

PATH = ("things", "one")
NAMES = some.sampled_from(
    ["a", "type", "", "__x__", "_x", "[]", "x\x00y", "é", "\ud800", 'a"b', "n" * 1500, "n" * 1501]
)
SCALARS = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-(1 << 65), 1 << 65),
    some.floats(),
    some.text(max_size=20),
    NAMES,
    some.sampled_from(["x" * 70_000, 1e16, -1e300, 2**53 + 1, 2**63 - 1, 2**63, "1e16", "null"]),
)
VALUES = some.recursive(
    SCALARS, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(NAMES, inner, max_size=3), max_leaves=30
)


def refused(write: Write) -> bool:
    try:
        check_write(write)
    except UnstorableError:
        return True
    return False


@given(some.dictionaries(NAMES, VALUES, max_size=4))
def test_both_looks_refuse_the_same(fields: dict[str, Json]) -> None:
    write = Write(path=PATH, fields=fields)
    if refused(write):
        with pytest.raises(UnstorableError):
            text_of_fields(write)
    else:
        text = text_of_fields(write)
        assert text is not None
        assert repr(orjson.loads(text)) == repr(fields)  # 1 and 1.0 differ here


@pytest.mark.parametrize("levels", [5, 10, 11, 19, 20, 21, 22])
@pytest.mark.parametrize("kind", ["maps", "lists"])
def test_depth_counts_alike(levels: int, kind: str) -> None:
    value: Json = 1
    for _ in range(levels):
        value = {"a": value} if kind == "maps" else [value]
    write = Write(path=PATH, fields={"a": value})
    if refused(write):
        with pytest.raises(UnstorableError, match="levels"):
            text_of_fields(write)
    else:
        assert text_of_fields(write) == orjson.dumps({"a": value}).decode()


@pytest.mark.parametrize("value", [math.nan, datetime(2026, 1, 2, tzinfo=UTC), 1 << 63, b"x", {1: 2}, {"a"}], ids=repr)
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(UnstorableError):
        text_of_fields(Write(path=PATH, fields={"a": value}))  # type: ignore[dict-item]


def test_the_path_is_looked_at_too() -> None:
    for fields in ({"a": 1}, {"a": None}, None):
        with pytest.raises(UnstorableError, match="can't be an id"):
            text_of_fields(Write(path=("things", "a\nb"), fields=fields))


@pytest.mark.parametrize("number", [1e16, -1.5e300, 12345678901234567890.0, 1e15, 0.1, 1e-7])
def test_floats_stay_floats(number: float) -> None:
    text = text_of_fields(Write(path=PATH, fields={"a": number, "title": "Type1e5"}))
    assert text is not None
    assert repr(orjson.loads(text)["a"]) == repr(number)
    assert abs(number) < 1 or f":{number:.1f}," in text  # PostgreSQL would make an integer of 1e16
