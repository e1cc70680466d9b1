"""Invented neurons, so that there is something to ask for in the demo. Other deployments start empty."""

from __future__ import annotations

import random
from collections.abc import Iterator

from karst_clio.neurons.merge import Posting
from karst_clio.neurons.metadata import Versions
from karst_clio.neurons.native import NativeEngine
from karst_clio.neurons.revisions import head_path
from karst_local.deployment import Dataset, Deployment
from karst_platform.stores.documents import Documents, Fields

DEMO = "demo"
"""The only deployment that gets them."""
COUNT = 300
_FIRST_BODY = 10_001
_TYPES = ("DNp01", "DNa02", "EPG", "KCg", "L1", "L2", "MBON01", "Mi1", "PFNd", "T4a", "T5b", "Tm3")
_SIDES = ("L", "R")
_STATUSES = ("Anchor", "Roughly traced", "Traced", "Traced")
_BOX = (1024, 1024, 200)


async def invent(documents: Documents, deployment: Deployment, at_s: float) -> int:
    """Write the neurons of each dataset that has none of them yet, and return how many; what people changed stays."""
    if deployment.name != DEMO:
        return 0
    posting = Posting(user=deployment.owner, at_s=at_s)
    count = 0
    for dataset in deployment.datasets:
        if dataset.clio is None:
            continue
        key = dataset.clio.key or dataset.name
        if await documents.get(head_path(("clio_annotations_global", "neurons", key), _FIRST_BODY)) is None:
            await NativeEngine(documents, "neurons", key, Versions()).write(list(neurons(dataset)), posting, "")
            count += COUNT
    return count


def neurons(dataset: Dataset) -> Iterator[Fields]:
    """The neurons of a dataset: the same in every run."""
    chance = random.Random(dataset.name)  # noqa: S311 - nothing is secret here
    for body in range(_FIRST_BODY, _FIRST_BODY + COUNT):
        kind, side = chance.choice(_TYPES), chance.choice(_SIDES)
        yield {
            "bodyid": body,
            "type": kind,
            "instance": f"{kind}_{side}",
            "soma_side": side,
            "status": chance.choice(_STATUSES),
            "soma_position": [chance.randrange(size) for size in _BOX],
            "description": "invented",
        }
