"""What the store is filled with: datasets, annotations of points, and neurons as proofreaders describe them."""

from __future__ import annotations

from bench.clio_server import USER
from karst_platform.stores.documents import Documents, Fields, Write

DATASET = "mb20"
NEURONS_OF_A_TYPE = 20
ANNOTATIONS_OF_A_USER = 10
OTHER_DATASETS = tuple(f"dataset-{number:02}" for number in range(1, 20))
_PART = 5000
_STATUSES = ("Anchor", "Traced", "Roughly traced", "Prelim Roughly traced", "0.5assign")
_CLASSES = ("sensory", "ascending", "descending", "intrinsic", "motor", "endocrine")


async def prepare(documents: Documents) -> None:
    """Put in twenty public datasets and the user, who may do everything."""
    layers = [
        {"name": name, "source": {"url": f"precomputed://gs://bench-{name}/{{uuid}}"}}
        for name in ("em", "seg", "nuclei")
    ]
    fields: Fields = {
        "description": "A mushroom body",
        "public": True,
        "tag": "v0.3.33",
        "uuid": "a89eb3af216a46cdba81204d8f954786",
        "mainLayer": "seg",
        "neuroglancer": {"layers": layers, "dimensions": {axis: [8e-9, "m"] for axis in "xyz"}},
    }
    names = [DATASET, *OTHER_DATASETS]
    await documents.write(
        Write(path=("clio_users", USER), fields={"global_roles": ["admin", "clio_general", "clio_write"]}),
        *(Write(path=("clio_datasets", name), fields=fields) for name in names),
    )


def points(count: int) -> list[Fields]:
    """Annotations as viewers post them."""
    return [
        {
            "kind": "point",
            "pos": [18_000 + number, 16_369, 26_467],
            "prop": {"timestamp": str(1_795_166_400_000 + number)},
            "tags": ["soma"],
            "title": f"Soma {number}",
            "description": "Seen from the cortex",
        }
        for number in range(count)
    ]


def neurons(count: int) -> list[Fields]:
    """Neurons with ten fields each, of which the store makes thirty: who and when for each but the body id."""
    return [_neuron(number) for number in range(count)]


def _neuron(number: int) -> Fields:
    kind = number // NEURONS_OF_A_TYPE
    return {
        "bodyid": body_id(number),
        "type": f"T{kind:05}",
        "instance": f"T{kind:05}_{'LR'[number % 2]}",
        "status": _STATUSES[number % len(_STATUSES)],
        "class": _CLASSES[kind % len(_CLASSES)],
        "hemilineage": f"{kind % 40:02}{'AB'[number % 2]}",
        "soma_side": "LR"[number % 2],
        "group": body_id(number - number % 2),
        "description": f"Axon leaves by nerve {kind % 12}",
        "synonyms": [f"Alt {kind}", f"Old {kind}"],
    }


def body_id(number: int) -> int:
    """A body's id."""
    return 10_000_000_000 + 7 * number


async def add_annotations(documents: Documents, first: int, end: int) -> None:
    """Put in annotations of other users, ten each, from one number to the one before another."""
    for start in range(first, end, _PART):
        await documents.write(*map(_annotation, range(start, min(start + _PART, end))))


def other_user(number: int) -> str:
    """The user of an annotation of `add_annotations`."""
    return f"user-{number // ANNOTATIONS_OF_A_USER:06}@example.org"


def _annotation(number: int) -> Write:
    user = other_user(number)
    fields: Fields = {"kind": "point", "pos": [number, 16_369, 26_467], "title": f"Soma {number}", "user": user}
    return Write(path=("clio_annotations_v2", DATASET, user, f"Pt{number}_16369_26467"), fields=fields)
