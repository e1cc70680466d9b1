"""caveclient from the package index against the whole platform: the line with which everybody begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.python import Python, PythonError
from tests.clients.up import Platform


@pytest.fixture(scope="module")
def token(platform: Platform) -> str:
    """A token of the demo's owner, as `karst token` prints it."""
    return platform.token_of(platform.email)


@pytest.fixture(scope="module", params=["", "/"], ids=["plain", "slash"])
def client(platform: Platform, python: Python, token: str, request: pytest.FixtureRequest) -> Iterator[Python]:
    """A session with the whole client, whose user wrote the address with a slash at its end or without."""
    server = platform.server + request.param
    python("from caveclient import CAVEclient")
    python(f"client = CAVEclient('demo', server_address={server!r}, auth_token={token!r})")
    yield python
    python("del client")


def test_it_begins_with_a_datastack(client: Python, platform: Platform) -> None:
    assert client("client.datastack_name") == "demo"
    assert client("client.info.get_datastacks()") == ["demo", "tiny", "tiny_flat"]
    assert client("client.info.get_aligned_volumes()") == ["tiny_v1"]
    local = platform.server
    assert client("client.info.local_server()") == local
    assert client("client.info.segmentation_source()") == f"graphene://{local}/segmentation/table/tiny_seg_v1"


def test_its_parts_share_what_it_knows(client: Python) -> None:
    assert "synapse" in client("client.schema.get_schemas()")
    assert client("client.auth.get_user_information([1])") is not None
    state = client("client.state.upload_state_json({'layers': [], 'showSlices': False})")
    assert client(f"client.state.get_state_json({state})") == {"layers": [], "showSlices": False}


def test_a_token_of_nobody_is_refused(client: Python, platform: Platform) -> None:
    server = platform.server
    with pytest.raises(PythonError, match="401 Client Error"):
        client(f"CAVEclient('demo', server_address={server!r}, auth_token={'0' * 32!r})")
