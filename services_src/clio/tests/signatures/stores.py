"""Image search for tests: a layout, and blocks in a folder."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from pathlib import Path

from karst_clio.signatures.blocks import Layout, Signature

LAYOUT = Layout(block_size=128, masks=(0xFFFF, 0xFFFF << 16, 0xFFFF << 32, 0xFFFF << 48))


def write_blocks(folder: Path, dataset: str, layout: Layout, signatures: Iterable[Signature]) -> None:
    """Write signatures as the bucket has them: little-endian records of 20 bytes, a file a block."""
    files: dict[str, bytes] = {}
    for each in signatures:
        name = "_".join(str(at // layout.block_size) for at in each.point)
        files[name] = files.get(name, b"") + struct.pack("<IIIq", *each.point, each.bits)
    (folder / dataset / "blocks").mkdir(parents=True)
    for name, content in files.items():
        (folder / dataset / "blocks" / name).write_bytes(content)
    masks = {f"ham_{number}": mask if number % 2 else str(mask) for number, mask in enumerate(layout.masks)}
    (folder / dataset / "info.json").write_text(json.dumps({"block_size": layout.block_size} | masks))
