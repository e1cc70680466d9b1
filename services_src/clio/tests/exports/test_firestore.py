"""What only Firestore can answer: refusals, and limits that only it knows."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from karst_clio.exports.addresses import FirestoreAddress
from karst_clio.exports.command import run
from karst_clio.exports.firestore_store import FirestoreStore
from karst_clio.exports.store import Putting, Record
from karst_platform.exits import CommandError, Exit
from karst_platform.stores.documents import Json, Write

pytestmark = pytest.mark.anyio
ADDRESS = "firestore://my-project/clio"


class Refusing(grpc.GenericRpcHandler):
    """A server that refuses every call."""

    def __init__(self, code: grpc.StatusCode, words: str) -> None:
        self._code, self._words = code, words

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        def refuse(_: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            context.abort(self._code, self._words)

        del handler_call_details
        return grpc.unary_stream_rpc_method_handler(refuse)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "Missing or insufficient permissions."),
        (grpc.StatusCode.UNAUTHENTICATED, "Request had invalid authentication credentials."),
        (grpc.StatusCode.NOT_FOUND, "The database clio does not exist for project my-project"),
        (grpc.StatusCode.FAILED_PRECONDITION, "The Cloud Firestore API is not available for Datastore Mode databases"),
    ],
)
@pytest.mark.parametrize("command", ["export", "import"])
def test_a_refusal_is_told_with_what_to_do(
    command: str,
    code: grpc.StatusCode,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    server = grpc.server(ThreadPoolExecutor(max_workers=1), handlers=[Refusing(code, words)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{port}")
    option = "--from" if command == "export" else "--to"
    assert run([command, str(tmp_path / "e"), option, ADDRESS]) is Exit.STORE
    said = capsys.readouterr().err
    assert f"{ADDRESS} can't be used" in said
    assert words in said
    assert "Check project and database" in said
    assert not (tmp_path / "e").exists()
    server.stop(None)


def test_without_credentials(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    assert run(["export", str(tmp_path / "e"), "--from", ADDRESS]) is Exit.STORE
    assert "none.json was not found" in capsys.readouterr().err


@pytest.fixture
async def store(firestore_emulator: str) -> AsyncIterator[FirestoreStore]:
    address = FirestoreAddress(project=f"test-{uuid.uuid4().hex[:20]}", database="clio")
    store = FirestoreStore(address, emulator_host=firestore_emulator)
    await store.open(is_writing=True)
    yield store
    await store.close()


def record(name: str, value: Json) -> Record:
    return Record(path=("things", name), fields={"value": value})


async def paths(store: FirestoreStore) -> list[str]:
    return [each.path[-1] async for each in store.records(None)]


async def test_batches_above_the_limit_of_a_commit_are_split(store: FirestoreStore):
    records = [record(f"id{n}", "ä" * 450_000) for n in range(8)]
    assert (await store.put(records, Putting())).created == 8
    assert await paths(store) == [each.path[-1] for each in records]
    assert (await store.put(records, Putting())).same == 8


async def test_counting_by_names_agrees_with_counting(store: FirestoreStore):
    await store.documents.write(*(Write(path=("a", f"x{n}", f"b{n % 3}", "y"), fields={"n": n}) for n in range(25)))
    await store.documents.write(Write(path=("karst_imports", "one"), fields={}))
    assert await store.count() == 25
    assert await store._count_names() == 26  # pyright: ignore[reportPrivateUsage]
    assert len(await paths(store)) == 25


async def test_what_others_write_meanwhile_is_never_overwritten(store: FirestoreStore, monkeypatch: pytest.MonkeyPatch):
    """Somebody writes between the look and the commit: the batch is looked at again."""
    commit = FirestoreStore._commit  # pyright: ignore[reportPrivateUsage]
    await store.documents.write(Write(path=("things", "old"), fields={"value": 1}))

    async def commit_late(self: FirestoreStore, writes: list[object]) -> None:
        monkeypatch.setattr(FirestoreStore, "_commit", commit)
        for name in ("new", "old"):
            await store.documents.write(Write(path=("things", name), fields={"value": "theirs"}))
        await commit(self, writes)

    batch = [record("new", "ours"), record("other", "ours")]
    monkeypatch.setattr(FirestoreStore, "_commit", commit_late)
    outcome = await store.put(batch, Putting())
    assert (outcome.created, outcome.examples) == (1, (("things", "new"),))
    assert await paths(store) == ["new", "old"]
    monkeypatch.setattr(FirestoreStore, "_commit", commit_late)
    outcome = await store.put([*batch, record("old", "ours")], Putting(is_replacing=True))
    assert (outcome.created, outcome.replaced) == (1, 2)


async def test_a_document_that_firestore_refuses_is_named(store: FirestoreStore):
    with pytest.raises(CommandError, match="can't keep things/large"):
        await store.put([record("fine", 1), record("large", "x" * 1_200_000)], Putting())
