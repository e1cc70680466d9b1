"""Sub-volumes: which chunks are copied, what can't be cut, and what is handed in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from karst_clio.resources.cutouts import CutError, plan
from karst_platform.stores.documents import Documents, Json, Query
from services_src.clio.tests.support import NOW_S, Server, serving

pytestmark = pytest.mark.anyio
ADA = "ada@example.org"
SCALE: dict[str, Json] = {
    "chunk_sizes": [[64, 64, 64]],
    "encoding": "jpeg",
    "key": "8_8_8",
    "resolution": [8, 8, 8],
    "size": [300, 128, 64],
    "voxel_offset": [10, 0, -64],
}
INFO: dict[str, Json] = {"type": "image", "data_type": "uint8", "num_channels": 1, "scales": [SCALE, {"key": "coarse"}]}
LAYERS: list[Json] = [
    {"name": "a", "source": "precomputed://gs://images/gray"},
    {"name": "b", "source": {"url": "gs://images/{tag}/"}},
    {"name": "dvid", "source": "dvid://x"},
    {"name": "missing", "source": "gs://images/nothing"},
    {"name": "broken", "source": "gs://images/broken"},
    {"name": "deep", "source": "gs://images/deep"},
    {"name": "out", "source": "gs://../gray"},
    {"name": "up", "source": "gs://images/../gray"},
    {"name": "bare"},
    "text",
]


@pytest.fixture
async def server(documents: Documents, tmp_path: Path) -> AsyncIterator[Server]:
    gray = tmp_path / "images" / "gray"
    (gray / "8_8_8").mkdir(parents=True)
    (gray / "info").write_text(json.dumps(INFO))
    for x in ("10-74", "74-138", "138-202", "202-266", "266-310"):
        for y in ("0-64", "64-128"):
            (gray / "8_8_8" / f"{x}_{y}_-64-0").write_text(f"{x} {y}")
    (gray / "8_8_8" / "138-202_64-128_-64-0").unlink()
    (tmp_path / "images" / "broken").mkdir()
    (tmp_path / "images" / "broken" / "info").write_text("{")
    (tmp_path / "images" / "deep").mkdir()
    (tmp_path / "images" / "deep" / "info").write_text("[" * 100_000)
    settings = {"subvolume_bucket": "cuts", "subvolume_width": 100, "buckets_folder": tmp_path}
    async with serving(documents, **settings) as made:
        dataset = {"description": "d", "public": True, "tag": "gray", "neuroglancer": {"layers": LAYERS}}
        await made.store((("clio_datasets", "ds1"), dataset), (("clio_datasets", "bare"), {"public": True}))
        yield made


async def edit(server: Server, body: object, status: int = 200, dataset: str = "ds1") -> str:
    answer = await server.ask("POST", f"/v2/subvol/{dataset}/edit", user=ADA, json=body)
    assert answer.status_code == status, (body, answer.text)
    return answer.json() if status == 200 else answer.text


async def test_chunks_around_the_focus_are_copied(server: Server, tmp_path: Path) -> None:
    for layer in (0, 1):
        script = await edit(server, {"focus": [150, 20, -30], "layer": layer})
        assert f"gs://cuts/{ADA}/150_20_-30_width_100" in script
        compile(script, "script", "exec")
    folder = tmp_path / "cuts" / ADA / "150_20_-30_width_100"
    copied = {each.name: each.read_text() for each in (folder / "8_8_8").iterdir()}
    assert copied == {
        f"{x}_{y}_-64-0": f"{x} {y}"
        for x in ("74-138", "138-202")
        for y in ("0-64", "64-128")
        if (x, y) != ("138-202", "64-128")
    }
    own = SCALE | {"voxel_offset": [74, 0, -64], "size": [128, 128, 64]}
    assert json.loads((folder / "info").read_text()) == INFO | {"scales": [own]}


async def test_the_end_of_a_volume_is_the_end_of_its_chunks() -> None:
    cut = plan(INFO, [309, 127, -1], 16)
    assert cut.chunks == ["266-310_64-128_-64-0"]
    assert cut.info["scales"][0]["size"] == [44, 64, 64]


async def test_what_cannot_be_cut(server: Server) -> None:
    for layer in (*range(2, len(LAYERS)), len(LAYERS), 99):
        assert "ayer" in await edit(server, {"focus": [150, 20, -30], "layer": layer}, 400)
    for focus in ([9, 0, -1], [310, 0, -1], [10, 128, -1], [10, 0, 0]):
        assert "outside" in await edit(server, {"focus": focus}, 400)
    await edit(server, {"focus": [1, 2, 3]}, 400, "bare")
    for bad in ([1, 2], [1, 2, 3, 4], [1, 2, "x"], [1, 2, 2**63 - 1], None, "123"):
        await edit(server, {"focus": bad}, 422)
    await edit(server, {"focus": [1, 2, 3], "layer": -1}, 422)
    await edit(server, {}, 422)


def test_odd_infos() -> None:
    for change in (
        {"sharding": {"@type": "x"}},
        {"size": [1, 2]},
        {"size": "abc"},
        {"chunk_sizes": []},
        {"chunk_sizes": [[0, 0, 0]]},
        {"chunk_sizes": [[1, 1, 1]]},
        {"voxel_offset": None},
        {"key": "../8_8_8"},
        {"key": ""},
        {"key": "a\\b"},
    ):
        with pytest.raises(CutError):
            plan({"scales": [SCALE | change]}, [150, 20, -30], 100)
    for info in ({}, {"scales": []}, {"scales": 5}):
        with pytest.raises(CutError):
            plan(info, [150, 20, -30], 100)


async def test_what_was_edited_is_handed_in(server: Server) -> None:
    for _ in range(2):
        answer = await server.ask("POST", "/v2/subvol/ds1/submit", user=ADA, json={"a": [[1]], "_timestamp": "lie"})
        assert (answer.status_code, answer.content) == (200, b"null")
    collection = ("clio_subvol", ADA, "submissions")
    found = [each.fields async for each in server.documents.find(Query(collection=collection))]
    assert found == [{"a": [[1]], "_timestamp": NOW_S}] * 2
    for body in ([], None, "x", {"": 1}):
        assert (await server.ask("POST", "/v2/subvol/ds1/submit", user=ADA, json=body)).status_code == 422
