"""What a deployment declares: there from the start on, again after a change of the file, and never in the way."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from karst_info.declared import DeclaredError, Declaring, apply_declared, read_declared
from services_src.info.tests.support import Told, served, settings

pytestmark = pytest.mark.anyio
STACK: dict[str, Any] = {
    "name": "tiny",
    "display_name": "Tiny, proofread",
    "description": "People edit it.",
    "layer": "seg",
    "graph": "tiny_seg_v1",
    "segmentation_source": "graphene://https://demo.example.org/segmentation/table/tiny_seg_v1",
    "skeleton_source": None,
    "local_server": "https://demo.example.org",
    "viewer_site": "https://viewer.example.org/",
    "viewer_resolution": [8, 8, 40],
    "base_link": None,
    "synapse_table": "synapses_tiny",
    "soma_table": None,
    "proofreading_status_table": None,
    "proofreading_review_table": None,
    "cell_identification_table": None,
}
DATASET: dict[str, Any] = {
    "name": "tiny",
    "aligned_volume": "tiny_v1",
    "aligned_volume_display_name": "Tiny (synthetic)",
    "aligned_volume_description": "",
    "image_source": "precomputed://gs://karst-demo/tiny/em",
    "image_mirrors": [{"name": "gcp", "source": "precomputed://gs://karst-mirror/em", "layer": None}],
    "database": "tiny_db",
    "datastacks": [STACK],
    "groups": {"others": "business"},
}


def write(path: Path, *datasets: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"version": 1, "deployment": "demo", "datasets": datasets}))
    return path


def other(name: str, **changed: object) -> dict[str, Any]:
    stack = {**STACK, "name": name, **changed.pop("stack", {})}  # type: ignore[dict-item]
    return {**DATASET, "name": name, "aligned_volume": f"{name}_v1", "datastacks": [stack], **changed}


async def test_what_is_declared_is_there(writable: FastAPI, tmp_path: Path) -> None:
    info = writable.state.info
    declaring = Declaring(write(tmp_path / "datasets.json", DATASET), info.database, info.current)
    assert declaring.missing()
    await declaring.look()
    assert declaring.missing() is None
    stack = info.current.get().datastacks["tiny"]
    assert json.loads(stack.full) == {
        "aligned_volume": {
            "id": stack.volume.row.id,
            "name": "tiny_v1",
            "display_name": "Tiny (synthetic)",
            "description": None,
            "image_source": "precomputed://gs://karst-demo/tiny/em",
        },
        "segmentation_source": "graphene://https://demo.example.org/segmentation/table/tiny_seg_v1",
        "skeleton_source": None,
        "analysis_database": "tiny_db",
        "viewer_site": "https://viewer.example.org",
        "synapse_table": "synapses_tiny",
        "soma_table": None,
        "local_server": "https://demo.example.org",
        "description": "People edit it.",
        "viewer_resolution_x": 8.0,
        "viewer_resolution_y": 8.0,
        "viewer_resolution_z": 40.0,
        "proofreading_status_table": None,
        "cell_identification_table": None,
        "proofreading_review_table": None,
    }
    assert stack.full_with_mirror.keys() == {"gcp"}
    assert set(info.current.get().datastacks) == {"fish", "fish_flat", "mouse", "unmapped", "tiny"}


async def test_a_change_of_the_file_is_a_change_of_the_row_and_nothing_else(writable: FastAPI, tmp_path: Path) -> None:
    info, path = writable.state.info, tmp_path / "datasets.json"
    await apply_declared(info.database, read_declared(write(path, DATASET)))
    before = (await info.current.refresh()).datastacks["tiny"].row.id
    assert await apply_declared(info.database, read_declared(path)) == 0, "nothing is written twice"
    write(path, {**DATASET, "datastacks": [{**STACK, "description": "New.", "synapse_table": None}]})
    assert await apply_declared(info.database, read_declared(path)) == 1
    row = (await info.current.refresh()).datastacks["tiny"].row
    assert (row.id, row.description, row.synapse_table) == (before, "New.", "synapses_tiny"), "what none declares stays"
    write(path)
    assert await apply_declared(info.database, read_declared(path)) == 0
    assert "tiny" in (await info.current.refresh()).datastacks, "nothing is deleted by leaving it out"


async def test_what_is_declared_counts_against_what_was_written_by_hand(writable: FastAPI, tmp_path: Path) -> None:
    info = writable.state.info
    declared = {**DATASET, "datastacks": [{**STACK, "name": "fish"}]}
    await apply_declared(info.database, read_declared(write(tmp_path / "datasets.json", declared)))
    row = (await info.current.refresh()).datastacks["fish"].row
    assert (row.id, row.display_name, row.base_link_id) == (1, "Tiny, proofread", 5381423674163200)


async def test_two_datasets_may_have_mirrors_of_one_name(writable: FastAPI, tmp_path: Path) -> None:
    info = writable.state.info
    path = write(tmp_path / "datasets.json", other("a"), other("b"))
    await apply_declared(info.database, read_declared(path))
    known = await info.current.refresh()
    assert [known.datastacks[name].full_with_mirror.keys() for name in ("a", "b")] == [{"gcp"}, {"gcp"}]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"image_source": "gs://bucket/em"}, "aligned volume bad_v1: Images begins with none of precomputed://"),
        ({"stack": {"local_server": "https://demo.example.org/"}}, "datastack bad: Local server ends with '/'"),
        ({"stack": {"name": "a b"}}, "datastack a b: Name may hold letters"),
        ({"aligned_volume": "x" * 101}, f"aligned volume {'x' * 101}: Name is longer than 100 characters"),
    ],
)
async def test_a_dataset_that_is_wrong_is_left_out_whole(
    writable: FastAPI, tmp_path: Path, caplog: pytest.LogCaptureFixture, changed: dict[str, Any], told: str
) -> None:
    info = writable.state.info
    declaring = Declaring(
        write(tmp_path / "datasets.json", other("bad", **changed), other("good")), info.database, info.current
    )
    await declaring.look()
    assert declaring.missing() is None, "one mistake keeps nobody from their data"
    known = info.current.get()
    assert "good" in known.datastacks
    assert not [name for name in (*known.datastacks, *known.volumes) if name.startswith(("bad", "a b", "xxx"))]
    assert f"dataset bad, {told}" in caplog.text


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2, "datasets": []}', '{"version": 1, "datasets": [{}]}'])
def test_a_broken_file_says_where(tmp_path: Path, text: str) -> None:
    path = tmp_path / "datasets.json"
    path.write_text(text)
    with pytest.raises(DeclaredError, match=r"datasets\.json: "):
        read_declared(path)


async def test_a_broken_or_missing_file_changes_nothing(writable: FastAPI, tmp_path: Path) -> None:
    info, path = writable.state.info, tmp_path / "datasets.json"
    declaring = Declaring(path, info.database, info.current)
    await declaring.look()
    assert declaring.missing() is None, "no file, nothing declared"
    write(path, DATASET)
    await declaring.look()
    path.write_text("{")
    await declaring.look()
    assert declaring.missing() is None
    assert "tiny" in info.current.get().datastacks


async def test_several_processes_declare_at_once(writable: FastAPI, tmp_path: Path) -> None:
    info = writable.state.info
    declared = read_declared(write(tmp_path / "datasets.json", *(other(f"d{number}") for number in range(20))))
    written = await asyncio.gather(*(apply_declared(info.database, declared) for _ in range(4)))
    assert sorted(written) == [0, 0, 0, 60]


async def test_the_service_declares_by_itself_and_is_ready_then(
    write_dsn: str, authority: Told, tmp_path: Path
) -> None:
    made = settings(write_dsn, datasets_path=write(tmp_path / "datasets.json", DATASET))
    async with served(made, authority) as app, app.router.lifespan_context(app):
        info = app.state.info
        async with asyncio.timeout(30):
            while info.declaring.missing() or "tiny" not in info.current.get().datastacks:
                await asyncio.sleep(0.01)
        assert await info.missing() is None
