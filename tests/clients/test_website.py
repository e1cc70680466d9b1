"""The calls of the website, as its pages make them: from another origin, with bodies that no type calls JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from tests.clients.browser import BlockedError, Page
from tests.clients.up import Platform

DATASET = "website"
JSON = "application/json"
PLACE = "x=18416&y=16369&z=26467"


@pytest.fixture(scope="module")
def page(platform: Platform) -> Iterator[Page]:
    dataset = {
        "description": "What pages show",
        "location": "gs://website",
        "tag": "v0.1",
        "uuid": "abc123",
        "transfer": ["m:1"],
        "versions": [{"tag": "v0.0", "uuid": "def456"}],
    }
    assert platform.ask("POST", "/v2/datasets", {DATASET: dataset}).is_success
    yield Page(platform=platform, origin="https://website.example.org")
    platform.ask("DELETE", "/v2/datasets", [DATASET])


@pytest.fixture
def token(platform: Platform) -> str:
    return platform.token


def answer(page: Page, method: str, path: str, token: str, body: object = None, content_type: str | None = None) -> Any:  # noqa: ANN401
    """What a page gets: it reads every answer as JSON."""
    sent = "" if body is None else json.dumps(body)
    got = page.fetch(method, path, token=token, body=sent, content_type=content_type)
    assert (got.status_code, got.headers["content-type"]) == (200, JSON), got.text
    return got.json()


def test_login_exchanges_the_token_once(page: Page, token: str, platform: Platform) -> None:
    made = answer(page, "POST", "/v2/server/token", token)
    claims = jwt.decode(made, options={"verify_signature": False})
    assert (claims["email"], claims["iss"]) == (platform.email, "flyem-clio-store")
    assert claims["exp"] - claims["iat"] == 1_814_400
    roles = answer(page, "GET", "/v2/roles", made)
    assert roles["email"] == platform.email
    assert isinstance(roles["global_roles"], list)
    assert isinstance(roles["datasets"], dict)
    assert "GET /v2/roles" in page.asked_first


def test_datasets_with_their_versions(page: Page, token: str) -> None:
    datasets = answer(page, "GET", "/v2/datasets", token)
    assert datasets[DATASET]["versions"] == [{"tag": "v0.0", "uuid": "def456"}]
    assert all("description" in each for each in datasets.values())


def test_the_atlas_is_a_list_to_sort_and_its_entries_are_verified_by_posting_them_again(
    page: Page, token: str, platform: Platform
) -> None:
    entry = {"title": "weird point", "description": "strange", "user": platform.email, "prop": {"a": 1}}
    made = answer(page, "POST", f"/v2/atlas/{DATASET}?{PLACE}", token, entry)
    assert (made["location"], made["locationkey"], made["verified"]) == (
        [18416, 16369, 26467],
        "18416_16369_26467",
        False,
    )
    again = answer(page, "POST", f"/v2/atlas/{DATASET}?{PLACE}", token, {**made, "verified": True})
    assert (again["id"], again["verified"], again["prop"]) == (made["id"], True, {"a": 1})
    every = answer(page, "GET", "/v2/atlas/all", token)
    assert [each["id"] for each in sorted(every, key=lambda each: each["timestamp"])] == [made["id"]]
    assert answer(page, "GET", f"/v2/atlas/{DATASET}", token)["18416_16369_26467"]["id"] == made["id"]
    assert answer(page, "DELETE", f"/v2/atlas/{DATASET}?{PLACE}", token) is None
    assert answer(page, "GET", "/v2/atlas/all", token) == []


def test_saved_searches(page: Page, token: str) -> None:
    search = {"note": "soma", "type": "search", "foo": [1, 2]}
    assert answer(page, "POST", f"/v2/savedsearches/{DATASET}?{PLACE}", token, search) is None
    saved = answer(page, "GET", f"/v2/savedsearches/{DATASET}", token)["18416_16369_26467"]
    assert search.items() <= saved.items()
    assert answer(page, "DELETE", f"/v2/savedsearches/{DATASET}?{PLACE}", token) is None
    assert answer(page, "GET", f"/v2/savedsearches/{DATASET}", token) == {}


def test_places_that_look_alike(page: Page, token: str) -> None:
    found = answer(page, "GET", f"/v2/signatures/likelocation/mb20?{PLACE}", token)
    assert found == {"matches": [{"point": [500, 500, 500], "dist": 3, "score": 0.625}]}
    nothing = answer(page, "GET", "/v2/signatures/likelocation/mb20?x=1&y=1&z=1", token)
    assert nothing["messsage"] == "point not found"


def test_transfer(page: Page, token: str) -> None:
    cutout = {"dataset": DATASET, "model_name": "m:1", "center": [20135, 27130, 40622]}
    assert answer(page, "POST", "/v2/transfer/", token, cutout)["addr"].startswith("https://")


def test_merges_are_kept_and_handed_in(page: Page, token: str, platform: Platform) -> None:
    scope = f"/v2/kv/merges-{DATASET}-v0.1"
    absent = page.fetch("GET", f"{scope}/mainToOthers", token=token)
    assert (absent.status_code, set(absent.json())) == (404, {"detail"})
    merges = {"1034": [1035, 1036]}
    for key, value in (("mainToOthers", merges), ("otherToMain", {"1035": 1034}), ("mainOrdered", {"array": [1034]})):
        assert answer(page, "POST", f"{scope}/{key}", token, value) is None
    assert answer(page, "GET", f"{scope}/mainToOthers", token) == merges
    assert answer(page, "GET", f"{scope}/mainOrdered", token) == {"array": [1034]}
    assert answer(page, "POST", "/v2/pull-request", token, {"pull": f"kv/merges-{DATASET}-v0.1/mainToOthers"}) is None
    handed_in = answer(page, "GET", "/v2/pull-request?user_email=", token)[platform.email][f"merges-{DATASET}-v0.1"]
    assert (handed_in["mainToOthers"].pop("_timestamp") > 0, handed_in) == (True, {"mainToOthers": merges})


def test_neurons(page: Page, token: str) -> None:
    base = f"/v2/json-annotations/{DATASET}/neurons"
    neuron = {"bodyid": 9007199254740993, "type": "DNa01", "status": "Anchor"}
    assert answer(page, "POST", base, token, neuron) is None
    assert answer(page, "POST", f"{base}/query?version=v0.1", token, {"type": "re/^DN"}) == [neuron]
    shown = answer(page, "GET", f"{base}/id-number/9007199254740993?show=all", token)[0]
    assert {"type_user", "type_time"} <= shown.keys()
    assert {"bodyid", "type", "status"} <= set(answer(page, "GET", f"{base}/fields", token))
    assert answer(page, "GET", f"{base}/versions", token) == {"v0.0": "def456", "v0.1": "abc123"}
    assert answer(page, "DELETE", f"{base}/id-number/9007199254740993", token) is None


def test_users_are_managed_by_forms(page: Page, token: str) -> None:
    settings = {"new@example.org": {"global_roles": ["clio_general"], "datasets": {DATASET: ["clio_write"]}}}
    assert answer(page, "POST", "/v2/users", token, settings) is None
    user = answer(page, "GET", "/v2/users", token)["new@example.org"]
    assert (user["global_roles"], user["datasets"]) == (["clio_general"], {DATASET: ["clio_write"]})
    assert answer(page, "DELETE", "/v2/users", token, ["new@example.org"]) is None
    assert "new@example.org" not in answer(page, "GET", "/v2/users", token)


def test_reports(page: Page, token: str) -> None:
    assert answer(page, "POST", "/v2/site-reports", token, {"browser": "Firefox 140"}) is None


def test_errors_say_why_in_detail(page: Page, token: str) -> None:
    refused = page.fetch("GET", "/v2/roles", token="nonsense")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.json() == {"detail": "Could not validate credentials"}
    without = page.fetch("POST", f"/v2/neuprint/{DATASET}", token=token, body='{"cypher": "MATCH", "dataset": "x"}')
    assert (without.status_code, type(without.json()["detail"])) == (400, str)
    bad = page.fetch("POST", f"/v2/annotations/{DATASET}", token=token, body="{")
    assert bad.status_code == 422
    assert {"loc", "msg", "type"} <= bad.json()["detail"][0].keys()
    assert page.fetch("GET", "/v2/nothing", token=token).status_code == 404


def test_a_method_that_is_not_allowed_never_leaves_the_browser(page: Page, token: str) -> None:
    with pytest.raises(BlockedError, match="PATCH"):
        page.fetch("PATCH", "/v2/datasets", token=token)


def test_a_page_of_nobody_sends_no_cookies(page: Page) -> None:
    headers = page.fetch("GET", "/v2/roles").headers
    assert "access-control-allow-credentials" not in headers
    assert "origin" in headers["vary"].lower()
