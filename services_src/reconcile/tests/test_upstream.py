"""Against upstream's services: what their API allows is made, and the rest is said plainly."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from karst_reconcile.calls import Calls
from karst_reconcile.document import Document
from karst_reconcile.faults import Exit
from karst_reconcile.run import Order, Outcome, reconcile
from karst_reconcile.secret_store import Folder
from karst_reconcile.steps import Verb
from services_src.reconcile.tests.conftest import HOST, dataset, document, doing, steps
from services_src.reconcile.tests.upstream import Upstream

pytestmark = pytest.mark.anyio


async def run(upstream: Upstream, wanted: Document, folder: Path, *, is_pruning: bool = False) -> Outcome:
    async with httpx.AsyncClient(transport=upstream) as client:
        auth, info = (Calls(client, name, f"{HOST}/{name}", "token", wanted.deployment, 0) for name in ("auth", "info"))
        order = Order(document=wanted, auth=auth, info=info, store=Folder(folder), is_pruning=is_pruning)
        return await reconcile(order, lambda _: None, lambda _: None)


async def test_what_is_missing_is_made_once_and_nothing_is_pruned(tmp_path: Path) -> None:
    upstream = Upstream()
    first = await run(upstream, document(dataset()), tmp_path)
    assert (first.code, first.failed) == (Exit.DONE, [])
    assert [each["name"] for each in upstream.datasets] == ["tiny"]
    assert len(upstream.grants) == 4
    assert upstream.tables == {("aligned_volume", "tiny_v1"): "tiny", ("datastack", "tiny"): "tiny"}
    assert "0000000a" in (tmp_path / "uploads-token.json").read_text()
    upstream.changes.clear()
    again = await run(upstream, document(dataset()), tmp_path)
    assert again.failed == []
    assert [each for each in upstream.changes if "service_account" not in each] == []
    assert doing(await run(upstream, document(accounts=False), tmp_path, is_pruning=True)) == []


async def test_what_info_can_only_be_told_by_hand_is_spelled_out(tmp_path: Path) -> None:
    upstream = Upstream()
    told = await run(upstream, document(dataset()), tmp_path)
    by_hand = {step.title: step.detail for step in steps(told, Verb.BY_HAND)}
    assert by_hand.keys() == {"aligned volume tiny_v1", "image mirror tiny_v1/mirror", "datastack tiny"}
    assert by_hand["aligned volume tiny_v1"].startswith(f"at {HOST}/info/admin/alignedvolume/new/ enter name=tiny_v1")
    assert "local_server=https://local.example.org" in by_hand["datastack tiny"]
    upstream.volumes["tiny_v1"] = {
        "name": "tiny_v1",
        "display_name": "Tiny",
        "description": None,
        "image_source": "precomputed://gs://tiny-bucket/em",
    }
    assert "aligned volume tiny_v1" in doing(await run(upstream, document(dataset()), tmp_path), Verb.LEAVE)
    upstream.volumes["tiny_v1"]["image_source"] = "precomputed://gs://other-bucket/em"
    told = await run(upstream, document(dataset()), tmp_path)
    (step,) = (one for one in steps(told, Verb.BY_HAND) if one.kind == "aligned volume")
    assert step.detail.endswith("alignedvolume/ enter image_source=precomputed://gs://tiny-bucket/em")


async def test_a_table_that_lands_at_another_dataset_is_undone_and_told(tmp_path: Path) -> None:
    upstream = Upstream(datasets=[{"id": 3, "name": "tiny_private", "tos_id": None}])
    told = await run(upstream, document(dataset(), accounts=False), tmp_path)
    assert told.code is Exit.FAILED
    assert {step.title for step, _ in told.failed} == {"table aligned_volume/tiny_v1", "table datastack/tiny"}
    assert all("mapped it to tiny_private instead, which was undone" in why for _, why in told.failed)
    assert upstream.tables == {}


async def test_what_is_otherwise_is_a_conflict(tmp_path: Path) -> None:
    upstream = Upstream(
        datasets=[{"id": 3, "name": "tiny", "tos_id": None}, {"id": 4, "name": "other", "tos_id": None}],
        tables={("datastack", "tiny"): "other"},
    )
    told = await run(upstream, document(dataset(terms_of_service=None), accounts=False), tmp_path)
    assert (told.code, doing(told, Verb.CONFLICT)) == (Exit.CONFLICT, ["table datastack/tiny"])
    assert upstream.tables["datastack", "tiny"] == "other"
