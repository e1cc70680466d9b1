"""caveclient from the package index: its client of auth, every method, against the running platform."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.python import Python, PythonError
from tests.clients.up import Platform


@pytest.fixture(scope="module", params=["", "/"], ids=["plain", "slash"])
def auth(platform: Platform, python: Python, request: pytest.FixtureRequest) -> Iterator[Python]:
    """A session with a client, whose user wrote the address with a slash at its end or without."""
    python("import json, os, requests; from caveclient.auth import AuthClient, server_token_filename")
    python(f"server, written = {platform.server!r}, {platform.server + request.param!r}")
    python(f"auth = AuthClient(server_address=written, token={platform.key!r})")
    yield python
    python("del auth")


def test_it_shows_keys_and_never_a_login(auth: Python, platform: Platform) -> None:
    auth("keys = server + '/auth/api/v1/user/token'")
    made = auth("requests.post(keys, headers=auth.request_header, json={'description': 'x'}).json()")
    assert len(made) == 32
    (shown,) = [key for key in auth("auth.get_tokens()") if key["token"].startswith(made[:4])]
    assert shown["description"] == "x"
    assert shown["token"] != made
    assert auth(f"AuthClient(server_address=server, token={made!r}).get_tokens()")
    assert auth(f"requests.delete(keys + '/{shown['id']}', headers=auth.request_header).status_code") == 200
    with pytest.raises(PythonError, match="401 Client Error"):
        auth(f"AuthClient(server_address=server, token={made!r}).get_tokens()")
    assert platform.key not in str(auth("auth.get_tokens()"))


def test_it_names_people_and_members(auth: Python, platform: Platform) -> None:
    me = auth("requests.get(server + '/auth/api/v1/user/me', headers=auth.request_header).json()")
    assert me["email"] == platform.email
    (told,) = auth(f"auth.get_user_information([{me['id']}, 999999999])")
    assert (told["id"], told["name"]) == (me["id"], me["name"])
    groups = auth("requests.get(server + '/auth/api/v1/group', headers=auth.request_header).json()")
    (default,) = [group["id"] for group in groups if group["name"] == "default"]
    assert me["id"] in [member["id"] for member in auth(f"auth.get_group_users({default})")]
    assert auth("auth.get_group_users(999999999)") == []


def test_it_leads_to_pages_that_are_there(auth: Python, platform: Platform) -> None:
    page = auth("auth.get_token_page(open=False)")
    assert page.startswith(platform.server)
    assert "/sticky_auth/settings/tokens" in page
    answer = auth(f"(lambda got: [got.status_code, got.text])(requests.get({page!r}))")
    assert answer[0] == 200
    assert "Sign in" in answer[1] or "Choose" in answer[1]
    assert auth("auth.get_new_token(no_text=True)") is None
    assert auth("auth.setup_token(make_new=False, open=False)") is None


def test_it_keeps_a_key_where_the_next_session_finds_it(auth: Python, platform: Platform) -> None:
    auth("auth.save_token(overwrite=True)")
    auth("found = AuthClient(server_address=written)")
    assert auth("found.token") == platform.key
    assert isinstance(auth("found.get_tokens()"), list)
    auth("os.remove(server_token_filename(written))")


@pytest.mark.parametrize("token", ["0" * 32, "no token"])
def test_a_token_of_nobody_is_refused_without_a_redirect(auth: Python, token: str) -> None:
    for method in ("get_tokens()", "get_user_information([1])", "get_group_users(1)"):
        with pytest.raises(PythonError, match="401 Client Error"):
            auth(f"AuthClient(server_address=written, token={token!r}).{method}")
