"""A store moves, and nobody can tell: routes answer the same, in both directions, with data of older releases too."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from google.cloud.firestore_v1.types import firestore as protocol

from karst_clio.exports.folder import read_manifest
from karst_platform.stores.documents_firestore import FirestoreSettings
from karst_platform.stores.firestore import Firestore
from karst_platform.stores.firestore_messages import Moment
from karst_platform.stores.firestore_reads import read
from karst_platform.stores.firestore_values import Message
from services_src.clio.tests.exports.conftest import NewStore
from services_src.clio.tests.exports.filling import ADA, answers, fill
from services_src.clio.tests.exports.moving import command, move

pytestmark = pytest.mark.anyio
LAYOUT = (
    "clio_users/{email}",
    "clio_datasets/{id}",
    "clio_annotations/USER/annotations/{auto}",
    "clio_annotations_v2/{dataset}/{email}/{key}",
    "clio_annotations_global/{type}/{dataset}/id{bodyid}",
    "clio_savedsearches/USER/searches/{auto}",
    "clio_keyvalue/{email}/{scope}/{key}",
    "clio_pull_requests/{email}/{scope}/{key}",
    "clio_site_reports/{email}-{date}",
    "clio_subvol/{email}/submissions/{auto}",
    "clio_volumes/{id}",
)


@pytest.mark.slow
async def test_routes_answer_the_same_in_postgres_and_back_in_firestore(
    new_firestore: NewStore, new_database: NewStore, tmp_path: Path
):
    first, second, third = new_firestore(), new_database(), new_firestore()
    await fill(first, tmp_path / "buckets")
    before = await answers(first)
    assert all(status in {200, 400, 401} for status, _ in before.values())  # type: ignore[misc]
    assert sum(status == 200 for status, _ in before.values()) > 20  # type: ignore[misc]
    await move(first, second, tmp_path / "there")
    assert await answers(second) == before
    await move(second, third, tmp_path / "back")
    assert await answers(third) == before
    there, back = read_manifest(tmp_path / "there"), read_manifest(tmp_path / "back")
    assert there is not None
    assert back is not None
    assert there.collections == back.collections
    roots = set(there.collections)
    assert roots >= {path.partition("/")[0] for path in LAYOUT}, roots


async def test_what_other_programs_wrote_keeps_its_types(
    new_firestore: NewStore, new_database: NewStore, tmp_path: Path
):
    first, second, third = new_firestore(), new_firestore(), new_database()
    written = await write_old_data(first)
    before = await answers(first)
    await move(first, second, tmp_path / "one")
    moved = await messages(second, list(written))
    root, new_root = database(first).root, database(second).root
    for path, message in moved.items():
        expected = written[path].SerializePartialToString(deterministic=True)
        found = message.SerializePartialToString(deterministic=True)
        assert found.replace(new_root.encode(), root.encode()) == expected
    # A reference leads to the same document of the new database.
    assert json.loads(json.dumps(await answers(second)).replace(new_root, root)) == json.loads(json.dumps(before))
    await command("import", str(tmp_path / "one"), "--to", third)
    assert await answers(third) == before


def database(address: str) -> Firestore:
    project, _, name = address.removeprefix("firestore://").partition("/")
    host = os.environ["FIRESTORE_EMULATOR_HOST"]
    return Firestore(FirestoreSettings(project=project, database=name, emulator_host=host))


async def messages(address: str, paths: list[tuple[str, ...]]) -> dict[tuple[str, ...], Message]:
    firestore = database(address)
    found, _ = await read(firestore, paths, Moment())
    await firestore.close()
    return {path: fields_only(message) for path, message in zip(paths, found, strict=True)}


def fields_only(message: Message) -> Message:
    copy = type(message)()
    for name, value in message.fields.items():
        copy.fields[name].CopyFrom(value)
    return copy


async def write_old_data(address: str) -> dict[tuple[str, ...], Message]:
    """Data as earlier releases left it: other roles, duplicates, documents without parents, every type of value."""
    firestore = database(address)
    request = protocol.CommitRequest.pb()()
    request.database = firestore.database

    def document(*path: str) -> Message:
        update = request.writes.add().update
        update.name = firestore.name(path)
        return update.fields

    document("clio_users", ADA)["clio_global"].array_value.values.add().string_value = "clio_general"
    mb20 = document("clio_datasets", "mb20")
    mb20["description"].string_value = "d"
    mb20["made"].timestamp_value.FromJsonString("2021-03-01T17:00:00.123456Z")
    mb20["bytes"].bytes_value = b"\x00\xff"
    mb20["place"].geo_point_value.latitude = 47.5
    mb20["owner"].reference_value = firestore.name(("clio_users", ADA))
    mb20["elsewhere"].reference_value = "projects/other/databases/(default)/documents/a/b"
    mb20["nan"].double_value = float("nan")
    mb20["infinite"].double_value = float("-inf")
    mb20["zero"].double_value = -0.0
    mb20["one"].double_value = 1.0
    mb20["empty"].map_value.SetInParent()
    mb20["none"].array_value.SetInParent()
    mb20["tagged"].map_value.fields["$bytes"].map_value.fields["$map"].integer_value = -(2**63)
    inner = mb20["list"].array_value.values.add().map_value.fields["[]"].array_value.values
    inner.add().integer_value = 1
    for number, name in enumerate(("AAA", "zzz")):
        v1 = document("clio_annotations", "USER", "annotations", name)
        for key, text in (("email", ADA), ("dataset", "mb20"), ("locationkey", "1_2_3"), ("foo", name)):
            v1[key].string_value = text
        for axis in (1, 2, 3):
            v1["location"].array_value.values.add().integer_value = axis
        v1["timestamp"].double_value = 1_600_000_000.0 + number
    kv = document("clio_keyvalue", ADA, "merges-mb20", "mainToOthers")
    kv["23"].array_value.values.add().integer_value = 24
    kv["_timestamp"].double_value = 1_600_000_000.5
    document("clio_pull_requests", ADA, "merges-mb20", "mainToOthers")["_timestamp"].double_value = 1.5
    document("foreign", "x", "y", "z")["n"].null_value = 0
    await firestore.client().commit(protocol.CommitRequest.wrap(request), metadata=firestore.metadata)
    await firestore.close()
    paths = [firestore.path(write.update.name) for write in request.writes]
    return dict(zip(paths, [fields_only(write.update) for write in request.writes], strict=True))
