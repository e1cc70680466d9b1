"""What the query language means, example by example and against a plain model."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karst_clio.neurons.errors import BadInputError
from karst_clio.neurons.plan import MOST_QUERIES, plan
from karst_clio.neurons.query import MOST_EXPRESSIONS, MOST_OBJECTS, parse_query
from karst_platform.stores.documents import Fields, Json


def fits(query: Json, annotation: Fields) -> bool:
    parsed = parse_query(query)
    in_patterns = any(
        each.fits(annotation) and (each.bodies is None or annotation.get("bodyid") in each.bodies)
        for each in parsed.patterns
    )
    return in_patterns or annotation.get("bodyid") in parsed.bodies


@pytest.mark.parametrize(
    ("query", "annotation", "expected"),
    [
        ({"n": 5}, {"n": 5.0}, True),
        ({"n": 5.0}, {"n": 5}, True),
        ({"n": 5}, {"n": [4, 5]}, True),
        ({"n": 5}, {"n": "5"}, False),
        ({"n": 1}, {"n": True}, False),
        ({"n": True}, {"n": True}, True),
        ({"n": True}, {"n": 1}, False),
        ({"n": 2**53 + 1}, {"n": 2.0**53}, False),
        ({"t": "a"}, {"t": "a"}, True),
        ({"t": "a"}, {"t": ["b", "a"]}, True),
        ({"t": "a"}, {"t": "ab"}, False),
        ({"t": ["a", "b"]}, {"t": "b"}, True),
        ({"t": ["a", "b"]}, {"t": ["c", "b"]}, True),
        ({"t": ["a", "b"]}, {"t": "c"}, False),
        ({"t": []}, {"t": "c"}, False),
        ({"t": []}, {"t": []}, False),
        ({"tags": "x"}, {"tags": ["x", "y"]}, True),
        ({"t": "re/^DN"}, {"t": "DNp01"}, True),
        ({"t": "re/^DN"}, {"t": "aDN"}, False),
        ({"t": "re/p0"}, {"t": "DNp01"}, True),
        ({"t": "re/^L.*"}, {"t": ["R1", "L1"]}, True),
        ({"t": ["x", "re/^L"]}, {"t": "L1"}, True),
        ({"t": "re/1"}, {"t": 1}, False),
        ({"t": "re/^é$"}, {"t": "é"}, True),
        ({"t": "re/"}, {"t": ""}, True),
        ({"t": "exists/0"}, {}, True),
        ({"t": "exists/0"}, {"t": None}, True),
        ({"t": "exists/0"}, {"t": ""}, False),
        ({"t": "exists/1"}, {"t": ""}, True),
        ({"t": "exists/1"}, {"t": None}, False),
        ({"t": "exists/1"}, {}, False),
        ({"t": "exists/2"}, {"t": "exists/2"}, True),
        ({"t": ["exists/0", "a"]}, {"t": "a"}, True),
        ({"t": None}, {}, False),
        ({"t": None}, {"t": None}, False),
        ({"t": [None, "a"]}, {"t": "a"}, True),
        ({"t": [None]}, {"t": [None]}, False),
        ({"p": {"x": 1}}, {"p": {"x": 1.0}}, True),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, True),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, False),
        ([{"a": 2}, {"b": 2}], {"a": 1, "b": 2}, True),
        ({}, {"a": 1}, True),
        ({"bodyid": 5}, {"bodyid": 5}, True),
        ({"bodyid": [4, 5.0]}, {"bodyid": 5}, True),
        ({"bodyid": 5, "a": 1}, {"bodyid": 5, "a": 1}, True),
        ({"bodyid": 5, "a": 1}, {"bodyid": 5, "a": 2}, False),
        ({"bodyid": 6, "a": 1}, {"bodyid": 5, "a": 1}, False),
        ({"bodyid": "5"}, {"bodyid": 5}, False),
        ({"bodyid": True}, {"bodyid": 1}, False),
        ({"bodyid": 5.5}, {"bodyid": 5}, False),
        ({"bodyid": None}, {"bodyid": 5}, False),
        ({"bodyid": "exists/1", "a": 1}, {"bodyid": 5, "a": 1}, True),
    ],
)
def test_what_fits(query: Json, annotation: Fields, expected: bool) -> None:
    assert fits(query, annotation) is expected


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ([], "empty list"),
        ("a", "neither an object"),
        ([1], "neither an object"),
        (None, "neither an object"),
        ({"t": "re/("}, "Bad regular expression"),
        ({"t": ["a", "re/a{2000}"]}, "Bad regular expression"),
        ({"t": r"re/(a)\1"}, "Bad regular expression"),
        ([{"t": "a"}] * (MOST_OBJECTS + 1), "objects"),
        ({"t": ["re/a"] * (MOST_EXPRESSIONS + 1)}, "regular expressions"),
    ],
)
def test_what_is_no_query_is_refused(query: Json, text: str) -> None:
    with pytest.raises(BadInputError) as refusal:
        parse_query(query)
    assert text in refusal.value.detail
    assert refusal.value.status_code == 400


def test_bodies_alone_are_looked_up_in_any_number() -> None:
    parsed = parse_query([{"bodyid": each} for each in range(5000)] + [{"bodyid": list(range(9000))}])
    assert parsed.patterns == ()
    assert parsed.bodies == tuple(range(9000))


def test_hostile_expressions_take_linear_time() -> None:
    begin_s = time.process_time()
    assert not fits({"t": "re/^(a+)+$"}, {"t": "a" * 100_000 + "b"})
    assert time.process_time() - begin_s < 2


values = st.sampled_from(["", "a", "ab", "b", 0, 1, 1.0, 2, True, False])
fields = st.dictionaries(st.sampled_from(["t", "u"]), values | st.lists(values, max_size=3) | st.none(), max_size=2)
asked = values | st.sampled_from(["re/a", "re/^a$", "exists/0", "exists/1", None])
queries = st.dictionaries(st.sampled_from(["t", "u"]), asked | st.lists(asked, max_size=3), max_size=2)


@given(query=queries | st.lists(queries, min_size=1, max_size=3), annotation=fields)
def test_queries_mean_what_the_model_says(query: Json, annotation: Fields) -> None:
    objects = query if isinstance(query, list) else [query]
    expected = any(all(model(each.get(name), annotation.get(name)) for name in each) for each in objects)  # type: ignore[union-attr]
    assert fits(query, annotation) is expected


def model(wanted: object, value: object) -> bool:
    """The rules as they are written down."""
    if isinstance(wanted, list):
        return any(model(each, value) for each in wanted)
    if wanted in ("exists/0", "exists/1"):
        return (value is None) is (wanted == "exists/0")
    for item in [value, *(value if isinstance(value, list) else [])]:
        if isinstance(wanted, str) and wanted.startswith("re/"):
            if isinstance(item, str) and re.search(wanted[3:], item):
                return True
        elif item is not None and isinstance(item, bool) is isinstance(wanted, bool) and item == wanted:
            return True
    return False


def test_a_pattern_becomes_few_lookups() -> None:
    def queries_of(query: Json) -> int | None:
        found = plan(("c",), parse_query(query).patterns[0])
        return None if found is None else len(found)

    assert queries_of({"t": "a"}) == 2
    assert queries_of({"t": "a", "u": 1}) == 4
    assert queries_of({"t": "a", "u": list(range(100))}) == 2
    assert queries_of({"t": "a", "u": "re/x"}) == 2
    assert queries_of({"t": "re/x"}) is None
    assert queries_of({"t": "exists/1"}) is None
    assert queries_of({"t": None}) == 0
    assert queries_of({"t": [str(each) for each in range(MOST_QUERIES)]}) is None
    assert queries_of({"t": "\x00"}) is None
    both = plan(("c",), parse_query({"a": 1, "b": 2}).patterns[0]) or ()
    assert sorted((len(each.equals), len(each.contains)) for each in both) == [(0, 2), (1, 1), (1, 1), (2, 0)]
