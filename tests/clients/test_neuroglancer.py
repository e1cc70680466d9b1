"""The calls of neuroglancer's `clio://` source: `clio://{base}/{api}/{dataset}`, where `api` may be missing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import jwt
import pytest

from tests.clients.browser import Page
from tests.clients.up import Platform

DATASET = "viewer"
JSON = "application/json"
TYPED = ["/v2", "/v3", "/test"]


@pytest.fixture(scope="module")
def page(platform: Platform) -> Iterator[Page]:
    dataset = {
        "description": "What the viewer shows",
        "tag": "v0.1",
        "uuid": "abc123",
        "mainLayer": "em-{tag}",
        "neuroglancer": {
            "layers": [{"name": "em-{tag}", "type": "image", "source": {"url": "precomputed://gs://{uuid}"}}]
        },
    }
    assert platform.ask("POST", "/v2/datasets", {DATASET: dataset}).is_success
    yield Page(platform=platform, origin="https://viewer.example.org")
    platform.ask("DELETE", "/v2/datasets", [DATASET])


@pytest.mark.parametrize("api", ["/clio_toplevel", *TYPED])
def test_the_image_of_a_dataset(page: Page, platform: Platform, api: str) -> None:
    found = page.fetch("GET", f"{api}/datasets", token=platform.token).json()[DATASET]
    layers = {layer["name"]: layer["source"] for layer in found["neuroglancer"]["layers"]}
    assert layers[found["mainLayer"]] == {"url": "precomputed://gs://abc123"}


@pytest.mark.parametrize("api", TYPED)
def test_points_are_made_moved_and_removed(page: Page, platform: Platform, api: str) -> None:
    base, token = f"{api}/annotations/{DATASET}", platform.token
    point = {
        "kind": "point",
        "pos": [18416, 16369, 26467],
        "prop": {"timestamp": "1700000000000", "comment": "脑"},
        "tags": ["a"],
        "user": platform.email,
        "title": "T",
    }
    made = page.fetch("POST", base, token=token, content_type=JSON, body=json.dumps(point))
    assert made.json() == {"key": "Pt18416_16369_26467"}
    plain = {"kind": "lineseg", "pos": [0, 0, 0, 10, 0, 5]}
    page.fetch("POST", base, token=token, content_type=JSON, body=json.dumps(plain))
    line, kept = page.fetch("GET", base, token=token).json()
    assert (line["key"], line["kind"], line["prop"]) == ("Ln0_0_0_10_0_5", "lineseg", {}), "never null: it refuses that"
    assert kept == point | {"key": "Pt18416_16369_26467", "description": None}
    for key in (line["key"], kept["key"]):
        assert page.fetch("DELETE", f"{base}/{key}", token=token).status_code == 200
    assert page.fetch("GET", base, token=token).json() == []


@pytest.mark.parametrize("api", ["/clio_toplevel", *TYPED])
def test_entries_of_the_atlas_by_their_place(page: Page, platform: Platform, api: str) -> None:
    base, token = f"{api}/atlas/{DATASET}", platform.token
    entry = {"title": "T", "description": "d", "user": platform.email, "prop": {"timestamp": "1700000000000"}}
    made = page.fetch("POST", f"{base}?x=1&y=-2&z=3", token=token, content_type=JSON, body=json.dumps(entry)).json()
    assert (made["location"], made["locationkey"]) == ([1, -2, 3], "1_-2_3")
    assert page.fetch("GET", base, token=token).json()["1_-2_3"]["prop"] == entry["prop"]
    assert page.fetch("DELETE", f"{base}?x=1&y=-2&z=3", token=token).json() is None
    assert page.fetch("GET", base, token=token).json() == {}


def test_annotations_of_the_first_form(page: Page, platform: Platform) -> None:
    base, token = f"/clio_toplevel/annotations/{DATASET}", platform.token
    body = json.dumps({"Kind": "Note", "Prop": {"comment": "c"}})
    sent = page.fetch("POST", f"{base}?x=1&y=2&z=3", token=token, content_type=JSON, body=body)
    assert (sent.status_code, sent.json()) == (200, None)
    kept = page.fetch("GET", base, token=token).json()["1_2_3"]
    assert (kept["Kind"], kept["location"], kept["email"]) == ("Note", [1, 2, 3], platform.email)
    assert page.fetch("DELETE", f"{base}?x=1&y=2&z=3", token=token).status_code == 200
    assert page.fetch("GET", base, token=token).json() == {}


def test_an_old_token_is_refused_so_that_it_gets_a_new_one(page: Page, platform: Platform) -> None:
    refused = page.fetch("GET", f"/v2/annotations/{DATASET}", token=platform.token[:-6] + "aaaaaa")
    assert refused.status_code == 401
    fresh = page.fetch("POST", "/v2/server/token", token=platform.token).json()
    claims = jwt.decode(fresh, options={"verify_signature": False})
    assert (claims.get("user") or claims["email"]) == platform.email
    assert page.fetch("GET", f"/v2/annotations/{DATASET}", token=fresh).status_code == 200


def test_it_asks_before_it_writes(page: Page, platform: Platform) -> None:
    page.fetch("DELETE", f"/v2/annotations/{DATASET}/Pt1_2_3", token=platform.token)
    assert f"DELETE /v2/annotations/{DATASET}/Pt1_2_3" in page.asked_first
