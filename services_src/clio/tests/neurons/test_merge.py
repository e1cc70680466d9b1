"""What a posting makes of an annotation: each rule of the API by itself, and all of them against a plain model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from karst_clio.neurons.merge import Posting, merged
from karst_clio.neurons.records import key_of
from karst_platform.stores.documents import Fields, Json

NOW = "2026-11-20T12:00:00Z"
NOW_S = 1795176000.0
OLD = "2025-01-01T00:00:00Z"
STORED: Fields = {"bodyid": 5, "type": "A", "type_user": "x@e", "type_time": OLD}


def posting(*conditional: str, replace: bool = False, user: str = "y@e") -> Posting:
    return Posting(user=user, at_s=NOW_S, is_replacing=replace, conditional=frozenset(conditional))


def test_a_new_annotation_notes_who_and_when() -> None:
    assert merged(None, {"bodyid": 5, "type": "A", "user": "u"}, posting()) == {
        "bodyid": 5,
        "type": "A",
        "type_user": "y@e",
        "type_time": NOW,
        "user": "u",
    }


def test_fields_that_are_not_sent_or_not_changed_keep_what_they_have() -> None:
    assert merged(STORED, {"bodyid": 5, "type": "A", "class": "c"}, posting()) == {
        **STORED,
        "class": "c",
        "class_user": "y@e",
        "class_time": NOW,
    }


def test_a_changed_field_gets_a_new_pair() -> None:
    assert merged(STORED, {"bodyid": 5, "type": "B"}, posting()) == {
        "bodyid": 5,
        "type": "B",
        "type_user": "y@e",
        "type_time": NOW,
    }


def test_null_deletes_and_leaves_a_note_once() -> None:
    deleted = merged(STORED, {"bodyid": 5, "type": None}, posting())
    assert deleted == {"bodyid": 5, "type_user": "y@e", "type_time": NOW}
    assert merged(deleted, {"bodyid": 5, "type": None}, posting(user="z@e")) == deleted
    assert merged({"bodyid": 5}, {"bodyid": 5, "type": None}, posting()) == deleted


def test_conditional_keeps_what_is_neither_empty_nor_zero() -> None:
    stored = {**STORED, "user": "first", "empty": "", "zero": 0, "no": False, "none": [], "list": [0]}
    sent: Fields = {"bodyid": 5} | dict.fromkeys(("type", "user", "empty", "zero", "no", "none", "list", "new"), "X")
    result = merged(stored, sent, posting(*sent))
    assert {name: result[name] for name in sent} == {
        "bodyid": 5,
        "type": "A",
        "user": "first",
        "empty": "X",
        "zero": "X",
        "no": "X",
        "none": "X",
        "list": [0],
        "new": "X",
    }
    assert (result["type_user"], result["empty_user"]) == ("x@e", "y@e")


def test_conditional_keeps_the_pair_of_a_kept_field_and_protects_from_deletion() -> None:
    sent: Fields = {"bodyid": 5, "type": None, "type_user": "z@e"}
    assert merged(STORED, sent, posting("type")) == STORED


def test_replace_drops_what_is_not_sent_and_ignores_conditional() -> None:
    stored = {**STORED, "class": "c", "class_user": "x@e", "class_time": OLD}
    assert merged(stored, {"bodyid": 5, "type": "A"}, posting("class", replace=True)) == STORED
    assert merged(stored, {"bodyid": 5, "type": "B"}, posting("type", replace=True)) == {
        "bodyid": 5,
        "type": "B",
        "type_user": "y@e",
        "type_time": NOW,
    }


def test_an_explicit_pair_wins() -> None:
    for stored in (STORED, {"bodyid": 5}):
        result = merged(stored, {"bodyid": 5, "type": "A", "type_user": "z@e", "type_time": OLD}, posting())
        assert result == {"bodyid": 5, "type": "A", "type_user": "z@e", "type_time": OLD}


def test_numbers_are_equal_by_value_and_no_truth() -> None:
    stored: Fields = {"bodyid": 5, "n": 1, "n_user": "x@e", "n_time": OLD}
    assert merged(stored, {"bodyid": 5, "n": 1.0}, posting()) == stored
    assert merged(stored, {"bodyid": 5, "n": True}, posting())["n_user"] == "y@e"
    assert merged(stored, {"bodyid": 5, "n": [1]}, posting())["n_user"] == "y@e"


NAMES = ("type", "class", "user", "tags")
values = st.sampled_from([None, 0, 1, 1.0, True, False, "", "A", [], ["A"], [1], {"x": 1}])
posts = st.fixed_dictionaries(
    {"bodyid": st.just(5)},
    optional={name + end: values for name in NAMES for end in ("", "_user", "_time")},
)
kept_posts = posts.map(lambda post: {name: value for name, value in post.items() if value is not None})


@given(
    stored=st.none() | kept_posts, post=posts, conditional=st.frozensets(st.sampled_from(NAMES)), replace=st.booleans()
)
def test_every_posting_follows_the_rules(
    stored: dict[str, Json] | None, post: dict[str, Json], conditional: frozenset[str], replace: bool
) -> None:
    how = Posting(user="y@e", at_s=NOW_S, is_replacing=replace, conditional=conditional)
    result = merged(stored, post, how)
    assert key_of(result) == key_of(model(stored or {}, post, conditional, replace=replace))
    assert key_of(merged(result, post, how)) == key_of(result), "posting again changes nothing"


def model(stored: Fields, post: Fields, conditional: frozenset[str], *, replace: bool) -> dict[str, Json]:
    """The rules field by field, as slowly as they are written down."""
    result: dict[str, Json] = {"bodyid": 5}
    for name in NAMES:
        pair = (name + "_user", name + "_time")
        is_kept = not replace and name in conditional and bool(stored.get(name))
        is_sent = name in post and not is_kept
        value = post[name] if is_sent else (None if replace else stored.get(name))
        is_same = key_of(value) == key_of(stored.get(name)) and (value is not None or pair[0] in stored)
        for end, noted in zip(pair, ("y@e", NOW), strict=True):
            if end in post and not is_kept:
                result[end] = post[end]
            elif is_sent and name != "user" and not is_same:
                result[end] = noted
            elif not replace or (is_sent and name != "user"):
                result[end] = stored.get(end)
        result[name] = value
    return {name: value for name, value in result.items() if value is not None}
