"""Many annotations in portions, each small enough for one transaction, after a first look at all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import orjson

from karst_platform.stores.documents import Fields
from karst_platform.stores.storable import is_surely_storable

MOST_ANNOTATIONS = 400
MOST_BYTES = 3 << 20
"""What is posted in one transaction; it may become thrice as much, and a commit of Firestore has 10 MiB."""


async def portions(annotations: Sequence[Fields], check: Callable[[Fields], object]) -> list[list[Fields]]:
    """The annotations in portions. Where there are several, `check` sees each that might not be storable before."""
    result: list[list[Fields]] = []
    doubtful: list[Fields] = []
    size = MOST_BYTES
    for each in annotations:
        text = orjson.dumps(each)  # JSON of a request: neither NaN nor integers beyond 64 bit
        if size + len(text) > MOST_BYTES or len(result[-1]) == MOST_ANNOTATIONS:
            result.append([])
            size = 0
            await asyncio.sleep(0)  # others get a turn
        result[-1].append(each)
        size += len(text)
        if not is_surely_storable(text):
            doubtful.append(each)
    for each in doubtful if len(result) > 1 else ():
        check(each)
    return result
