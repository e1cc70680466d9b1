"""Buckets by their names, with a path behind the name or without."""

from __future__ import annotations

from pathlib import Path

import pytest

from karst_clio import buckets
from karst_clio.settings import ClioSettings
from karst_platform.stores.objects import BadKeyError

pytestmark = pytest.mark.anyio


async def test_a_folder_stands_for_a_bucket_and_its_path(tmp_path: Path) -> None:
    opened = buckets.open_buckets(ClioSettings(buckets_folder=tmp_path))
    await opened("lab/signatures").put("info.json", b"{}", content_type="application/json")
    assert (tmp_path / "lab" / "signatures" / "info.json").read_bytes() == b"{}"
    assert await opened("lab").exists("signatures/info.json")
    assert opened("lab") is opened("lab")


def test_in_the_cloud_a_path_is_no_part_of_the_buckets_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, object]] = []

    def note(bucket: str, *, prefix: str | None) -> None:
        asked.append((bucket, prefix))

    monkeypatch.setattr(buckets, "bucket_objects", note)
    opened = buckets.open_buckets(ClioSettings())
    for name in ("lab", "lab/a/b"):
        opened(name)
    assert asked == [("lab", None), ("lab", "a/b")]


def test_what_is_no_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadKeyError):
        buckets.open_buckets(ClioSettings(buckets_folder=tmp_path))("../elsewhere")
