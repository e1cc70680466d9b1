"""The calls of neuclease (Python) and malevnc (R), which no index of Python packages has: restated one by one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest

from tests.clients.up import Platform

DATASET = "scripts"


@pytest.fixture(scope="module")
def store(platform: Platform) -> Iterator[Platform]:
    """The platform, with a dataset and a user in a group whose name has spaces."""
    dataset = {"description": "What scripts read and write", "tag": "v0.2", "uuid": "abc123"}
    assert platform.ask("POST", "/v2/datasets", {DATASET: dataset}).is_success
    assert platform.ask("POST", "/v2/users", {platform.email: {"groups": ["UK Connectomics"]}}).is_success
    yield platform
    platform.ask("DELETE", "/v2/datasets", [DATASET])


def call(store: Platform, method: str, path: str, body: str | None = None, content_type: str | None = None) -> Any:  # noqa: ANN401
    """Call with a type of content, an empty one, or none at all."""
    headers = {"Authorization": f"Bearer {store.token}"}
    if content_type is not None:
        headers["Content-Type"] = content_type
    content = None if body is None else body.encode()
    answer = store.browser.request(method, store.clio + path, headers=headers, content=content)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_neuclease_fetches_annotations_of_a_user(store: Platform) -> None:
    point = {"kind": "point", "pos": [1, 2, 3]}
    call(store, "POST", f"/v2/annotations/{DATASET}", json.dumps(point), "application/json")
    for query in ("", f"?user={store.email}"):
        (found,) = call(store, "GET", f"/v2/annotations/{DATASET}{query}")
        assert (found["user"], found["key"]) == (store.email, "Pt1_2_3")


def test_neuclease_fetches_all_neurons(store: Platform) -> None:
    neurons = [{"bodyid": 10, "type": "a"}, {"bodyid": 2, "type": "b"}]
    call(store, "POST", f"/v2/json-annotations/{DATASET}/neurons", json.dumps(neurons), "application/json")
    base = f"/v2/json-annotations/{DATASET}/neurons/all"
    assert [each["bodyid"] for each in call(store, "GET", base)] == [2, 10]
    assert call(store, "GET", f"{base}?show=user")[0]["type_user"] == store.email
    assert call(store, "GET", f"{base}?show=all")[0]["type_time"].endswith("Z")


def test_neuclease_fetches_users_and_datasets(store: Platform) -> None:
    assert store.email in call(store, "GET", "/v2/users")
    assert DATASET in call(store, "GET", "/v2/datasets")


def test_neuclease_fetches_pull_requests(store: Platform) -> None:
    scope = f"merges-{DATASET}-v0.2"
    call(store, "POST", f"/v2/kv/{scope}/mainToOthers", '{"1034": [1035, 1036]}')
    call(store, "POST", "/v2/pull-request", f'{{"pull": "kv/{scope}/mainToOthers"}}')
    for asked in ("all", store.email):
        scopes = call(store, "GET", f"/v2/pull-request?user_email={asked}")[store.email]
        assert set(scopes[scope]) == {"mainToOthers"}, "it takes the only key of a scope"
        merges = scopes[scope]["mainToOthers"]
        at = datetime.fromtimestamp(merges.pop("_timestamp"), UTC)
        assert abs((datetime.now(UTC) - at).total_seconds()) < 120
        assert {int(main): others for main, others in merges.items()} == {1034: [1035, 1036]}


def test_neuclease_has_caches_forgotten_by_its_own_path(store: Platform) -> None:
    assert call(store, "POST", "/v2/refresh-caches") is None


@pytest.mark.parametrize("content_type", [None, ""])
def test_malevnc_writes_without_a_type(store: Platform, content_type: str | None) -> None:
    path = f"/v2/json-annotations/{DATASET}/neurons?app=malevnc&conditional=user&version=v0.2"
    assert call(store, "POST", path, '[{"bodyid": 5, "type": "R", "user": "r@example.org"}]', content_type) is None
    assert call(store, "POST", path, '[{"bodyid": 5, "type": "R2", "user": "other@example.org"}]', content_type) is None
    (kept,) = call(store, "GET", f"/v2/json-annotations/{DATASET}/neurons/id-number/5?changes=false&id_field=bodyid")
    assert kept == {"bodyid": 5, "type": "R2", "user": "r@example.org"}


def test_malevnc_asks_by_ids_and_by_queries(store: Platform) -> None:
    base = f"/v2/json-annotations/{DATASET}/neurons"
    call(store, "POST", base, '[{"bodyid": 71, "hemilineage": "0B"}, {"bodyid": 72, "hemilineage": "1A"}]')
    plain = "changes=false&id_field=bodyid&show=none"
    assert [each["bodyid"] for each in call(store, "GET", f"{base}/id-number/71,72,73?{plain}")] == [71, 72]
    assert call(store, "POST", f"{base}/query?{plain}", '{"hemilineage":"0B"}', "") == [
        {"bodyid": 71, "hemilineage": "0B"}
    ]


def test_malevnc_writes_points_as_r_has_numbers(store: Platform) -> None:
    base = f"/v2/annotations/{DATASET}"
    point = '{"kind":"point","pos":[30213.0,29095.9,-1.5],"tags":["x"],"title":"t","prop":{"comment":"c"}}'
    assert call(store, "POST", f"{base}?replace=false&conditional=title", point, "")["key"] == "Pt30213_29095_-1"
    again = point.replace('"t"', '"u"').replace('"x"', '"y"')
    assert call(store, "POST", f"{base}?replace=false&conditional=title", f"[{again}]", "")["keys"] == [
        "Pt30213_29095_-1"
    ]
    found = {each["key"]: each for each in call(store, "GET", f"{base}?groups=UK+Connectomics")}
    kept = found["Pt30213_29095_-1"]
    assert (kept["pos"], kept["title"], kept["tags"]) == ([30213, 29095, -1], "t", ["y"])


def test_malevnc_keeps_a_token_that_says_how_long_it_lasts(store: Platform) -> None:
    claims = jwt.decode(call(store, "POST", "/v2/server/token"), options={"verify_signature": False})
    assert claims["email"] == store.email
    assert claims["exp"] - time.time() > 4 * 3600
