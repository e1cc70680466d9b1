"""Tags of versions are compared as numbers."""

from __future__ import annotations

import pytest

from karst_clio.neurons.errors import BadInputError
from karst_clio.neurons.versions import version_number


@pytest.mark.parametrize(
    ("tag", "number"),
    [
        ("v0.3.33", 3033),
        ("0.3.33", 3033),
        ("v1", 1_000_000),
        ("1.2", 1_002_000),
        ("v0.10", 10_000),
        ("v0.0.0", 0),
        ("v2.0.7", 2_000_007),
    ],
)
def test_a_tag_is_a_number(tag: str, number: int) -> None:
    assert version_number(tag) == number


@pytest.mark.parametrize(
    "tag", ["", "v", "v1.2.3.4", "1..2", "v1.x", "vv1", " v1", "v-1", "v1.", "٣", "v1\n", "1" * 99]
)
def test_what_is_no_tag_is_refused(tag: str) -> None:
    with pytest.raises(BadInputError, match="Bad version"):
        version_number(tag)


def test_ten_comes_after_nine() -> None:
    assert version_number("v0.10") > version_number("v0.9")
