"""Addresses of data: what clients and viewers read, and what people are told about those that they don't."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karst_info import sources

GOOD: dict[sources.Check, list[str]] = {
    sources.image: [
        "precomputed://gs://bucket/em",
        "precomputed://https://host.example.org/em/v1",
        "precomputed://middleauth+https://host.example.org/em",
        "precomputed://s3://bucket/em/",
        "zarr://gs://bucket/em.zarr",
        "n5://https://host.example.org:8443/em",
    ],
    sources.segmentation: [
        "graphene://https://local.example.org/segmentation/table/fish_v2",
        "graphene://middleauth+https://local.example.org/segmentation/table/fish_v2",
        "precomputed://gs://bucket/seg",
    ],
    sources.skeletons: ["precomputed://https://local.example.org/skeletoncache/api/v1/fish/precomputed/skeleton"],
    sources.server: ["https://local.example.org", "https://localhost:8443", "http://127.0.0.1:8080"],
    sources.site: ["https://viewer.example.org", "https://viewer.example.org/v/2/"],
}
BAD = [
    (sources.image, "gs://bucket/em", "begins with none of precomputed://"),
    (sources.image, "graphene://https://host.example.org/table/x", "begins with none of"),
    (sources.image, "precomputed://bucket/em", "names no place behind precomputed://"),
    (sources.image, "precomputed://gs://bucket/e m", "names no place"),
    (sources.image, "precomputed://https:///em", "names no place"),
    (sources.image, "precomputed://gs://bucket/" + "x" * 2000, "is longer than 2000"),
    (sources.image, "precomputed://javascript:alert(1)", "names no place"),
    (sources.segmentation, "graphene://https://local.example.org/segmentation/table/fish/", "ends with '/'"),
    (sources.segmentation, "zarr://gs://bucket/seg", "begins with none of graphene://"),
    (sources.skeletons, "https://local.example.org/skeletons", "begins with none of precomputed://"),
    (sources.server, "https://local.example.org/", "write https://local.example.org"),
    (sources.server, "https://local.example.org/annotation", "without a path"),
    (sources.server, "local.example.org", "is no address of a server"),
    (sources.server, "https://user@local.example.org", "is no address of a server"),
    (sources.site, "javascript:alert(1)", "is no address of a viewer"),
    (sources.site, "https://viewer.example.org/#!x", "is no address of a viewer"),
    (sources.site, 'https://viewer.example.org/"onclick=', "is no address of a viewer"),
]


@pytest.mark.parametrize("check", GOOD)
def test_what_clients_read_is_taken(check: sources.Check) -> None:
    assert [text for text in GOOD[check] if check(text) is not None] == []


@pytest.mark.parametrize(("check", "text", "told"), BAD)
def test_what_they_dont_is_explained(check: sources.Check, text: str, told: str) -> None:
    assert told in (check(text) or "")


def test_a_slash_at_the_end_is_advised_against() -> None:
    assert sources.advice("precomputed://gs://bucket/em/")
    assert sources.advice("precomputed://gs://bucket/em") is None


@given(st.sampled_from(list(GOOD)), st.text())
def test_no_text_fails(check: sources.Check, text: str) -> None:
    told = check(text)
    assert told is None or told
