"""Which compression a client can read, by what it says."""

from __future__ import annotations

import pytest

from karst_platform.encodings import first_accepted


@pytest.mark.parametrize(
    ("header", "may"),
    [
        ("", False),
        ("identity", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("x-gzip;q=0, *", False),
        ("gzip, deflate", True),
        ("deflate;q=1, gzip;q=0.1", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*", True),
        ("*;q=0", False),
        ("*;q=0, gzip", True),
        ("br", False),
        ("gzip;q=", False),
        ("gzip;;q=0;", False),
        (",,;", False),
    ],
)
def test_compression_is_for_those_who_can_read_it(header: str, may: bool) -> None:
    assert first_accepted(header, ("gzip",)) == ("gzip" if may else None)


def test_the_order_of_what_is_offered_counts() -> None:
    assert first_accepted("gzip, deflate", ("deflate", "gzip")) == "deflate"
    assert first_accepted("gzip, deflate;q=0", ("deflate", "gzip")) == "gzip"
    assert first_accepted("br", ("deflate", "gzip")) is None
