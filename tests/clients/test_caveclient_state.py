"""caveclient from the package index: its client of states, pointed at our server by HTTPS, and told nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.clients.python import Python, PythonError
from tests.clients.up import Platform

STATE = {"layers": [{"source": "precomputed://gs://a/b", "type": "image"}], "crossSectionScale": 0.1}
PROPERTIES = {"@type": "neuroglancer_segment_properties", "inline": {"ids": ["864691135336055529"], "properties": []}}


@pytest.fixture(scope="module", params=["", "/"], ids=["plain", "slash"])
def state(platform: Platform, python: Python, request: pytest.FixtureRequest) -> Iterator[Python]:
    """A session with a client, whose user wrote the address with a slash at its end or without."""
    server, token = platform.server, platform.key
    python("from caveclient.jsonservice import JSONService, neuroglancer_json_encoder")
    python("from caveclient.auth import AuthClient")
    written = server + request.param
    python(f"auth = AuthClient(server_address={written!r}, token={token!r})")
    python(f"server, written = {server!r}, {written!r}")
    python("state = JSONService(written, auth_client=auth)")
    yield python
    python("del state")


def test_it_knows_the_version_and_may_post_properties(state: Python) -> None:
    assert state("state._api_version") == 1
    assert state("str(state.server_version)").startswith("0.7.2+karst.")


def test_it_posts_and_reads_states(state: Python) -> None:
    state(f"first = state.upload_state_json({STATE!r})")
    assert state("type(first).__name__") == "int"
    assert state("state.get_state_json(first)") == STATE
    assert state(f"state.upload_state_json({STATE!r}) == first"), "posted again, it is the same state"
    assert state("state.get_state_json(server + '/nglstate/api/v1/' + str(first))") == STATE


def test_integers_of_numpy_come_back_as_it_wrote_them(state: Python) -> None:
    state("import numpy")
    state("posted = state.upload_state_json({'root': numpy.uint64(2**63), 'n': 2**53 + 1})")
    assert state("state.get_state_json(posted)") == {"root": str(2**63), "n": 2**53 + 1}


def test_it_chooses_ids_as_superadmin(state: Python) -> None:
    state("import random; chosen = random.randrange(10**6, 10**9)")
    state(f"kept = state.upload_state_json({STATE!r}, state_id=chosen, timestamp=1600000000)")
    assert state("int(kept) == chosen")
    assert state("state.get_state_json(chosen)") == STATE
    with pytest.raises(PythonError, match="409 Client Error"):
        state("state.upload_state_json({'other': 1}, state_id=chosen)")


def test_it_posts_and_reads_properties(state: Python) -> None:
    state(f"properties = state.upload_property_json({PROPERTIES!r})")
    assert state("state.get_property_json(properties)") == PROPERTIES
    with pytest.raises(PythonError, match="404 Client Error"):
        state("state.get_state_json(properties)")
    state("import random; chosen = random.randrange(10**6, 10**9)")
    assert state(f"int(state.upload_property_json({PROPERTIES!r}, state_id=chosen)) == chosen")


def test_it_builds_links_that_viewers_open(state: Python) -> None:
    state(f"posted = state.upload_state_json({STATE!r})")
    made = state("state.build_neuroglancer_url(posted, ngl_url='https://viewer.example.org', target_site='spelunker')")
    assert made == state("f'https://viewer.example.org/#!middleauth+{written}/nglstate/api/v1/{posted}'")
    assert state("state.build_neuroglancer_url(posted, target_site='seunglab', ngl_url='https://viewer.example.org')")
    assert json.loads(state("__import__('json').dumps(state.get_neuroglancer_info(server))")) == {}


def test_what_is_wrong_is_an_error_that_says_so(state: Python) -> None:
    with pytest.raises(PythonError, match="404 Client Error"):
        state("state.get_state_json(4)")
    state("nobody = AuthClient(server_address=written, token='0' * 32)")
    with pytest.raises(PythonError, match="401"):
        state("JSONService(written, auth_client=nobody).get_state_json(4)")
