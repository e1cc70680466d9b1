"""`python -m karst_clio.signatures DATASET`: make a dataset's search tables on one machine, from its blocks.

The variables are those of the service: `KARST_BUCKETS`, `SIG_BUCKET`, `KARST_SEARCH_FILE`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

from karst_clio.buckets import open_buckets
from karst_clio.settings import ClioSettings
from karst_clio.signatures.blocks import Blocks, Layout, Signature, UnknownDatasetError
from karst_clio.signatures.duckdb_tables import fill_tables
from karst_clio.signatures.search import UnsearchableError
from karst_platform import SettingsError, load_settings


def main() -> None:
    """Make the tables of the dataset that is named; end with a message where that can't be."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    try:
        print(_made(load_settings(ClioSettings, os.environ), sys.argv[1].lower()))  # noqa: T201 - what it is asked for
    except (SettingsError, UnsearchableError) as error:
        sys.exit(str(error))


def _made(settings: ClioSettings, dataset: str) -> str:
    if settings.search_file is None or settings.signature_bucket is None:
        sys.exit("Set SIG_BUCKET to the bucket of the signatures, and KARST_SEARCH_FILE to the file to write.")
    blocks = Blocks(open_buckets(settings)(settings.signature_bucket), time.time)
    try:
        layout, signatures = asyncio.run(_read(blocks, dataset))
    except UnknownDatasetError:
        sys.exit(
            f"The bucket {settings.signature_bucket} has no {dataset}/info.json that says how it is laid out. Copy the "
            "dataset's signatures there, or correct its name"
        )
    count = fill_tables(settings.search_file, dataset, layout, signatures)
    return f"{count} signatures of {dataset} can be searched."


async def _read(blocks: Blocks, dataset: str) -> tuple[Layout, list[Signature]]:
    return await blocks.layout(dataset), [each async for each in blocks.all(dataset)]


if __name__ == "__main__":
    main()
