"""Where tokens go: files that only their owner reads, and Secret Manager."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import httpx
import pytest

from karst_reconcile.faults import RefusedError
from karst_reconcile.secret_store import Folder, SecretManager

pytestmark = pytest.mark.anyio


async def test_files_are_as_clients_read_them_and_nobody_elses(tmp_path: Path) -> None:
    store = Folder(tmp_path / "tokens")
    assert not await store.has("uploads")
    for token in ("a" * 32, "b" * 32):
        await store.put("uploads", token)
        path = tmp_path / "tokens" / "uploads.json"
        assert json.loads(path.read_text()) == {"token": token}
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert await store.has("uploads")
    assert [each.name for each in path.parent.iterdir()] == ["uploads.json"]


async def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Folder(tmp_path / "file")
    for call in (store.has("uploads"), store.put("uploads", "secret-token")):
        with pytest.raises(RefusedError, match="nothing can be written") as caught:
            await call
        assert "secret-token" not in str(caught.value)


def manager(answer: httpx.Response, seen: list[httpx.Request]) -> SecretManager:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host == "metadata.google.internal":
            assert request.headers["Metadata-Flavor"] == "Google"
            return httpx.Response(200, json={"access_token": "of the job"})
        seen.append(request)
        return answer

    return SecretManager(httpx.AsyncClient(transport=httpx.MockTransport(handle)), "a-lab")


async def test_a_version_is_added_and_never_read() -> None:
    seen: list[httpx.Request] = []
    store = manager(httpx.Response(200, json={"state": "ENABLED"}), seen)
    assert await store.has("demo-account-uploads")
    await store.put("demo-account-uploads", "a" * 32)
    secret = "https://secretmanager.googleapis.com/v1/projects/a-lab/secrets/demo-account-uploads"
    assert [str(each.url) for each in seen] == [f"{secret}/versions/latest", f"{secret}:addVersion"]
    assert seen[1].headers["Authorization"] == "Bearer of the job"
    assert base64.b64decode(json.loads(seen[1].content)["payload"]["data"]).decode() == "a" * 32


@pytest.mark.parametrize(
    ("answer", "is_there"),
    [
        (httpx.Response(404), False),
        (httpx.Response(400), False),
        (httpx.Response(200, json={"state": "DISABLED"}), False),
        (httpx.Response(200, json={"state": "ENABLED"}), True),
    ],
)
async def test_what_counts_is_a_version_that_is_in_force(answer: httpx.Response, is_there: bool) -> None:
    assert await manager(answer, []).has("uploads") is is_there


@pytest.mark.parametrize(
    ("answer", "said"),
    [(httpx.Response(403), "roles/secretmanager.secretVersionAdder"), (httpx.Response(404), "make it")],
)
async def test_a_refusal_says_what_is_missing_and_holds_no_token(answer: httpx.Response, said: str) -> None:
    with pytest.raises(RefusedError, match=said) as caught:
        await manager(answer, []).put("uploads", "secret-token")
    assert "secret-token" not in str(caught.value)


async def test_where_there_is_no_metadata_server_it_says_so() -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    store = SecretManager(httpx.AsyncClient(transport=httpx.MockTransport(away)), "a-lab")
    with pytest.raises(RefusedError, match="doesn't answer"):
        await store.has("uploads")
