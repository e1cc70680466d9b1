"""What clients post about bodies: found right as a whole before anything is written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from karst_clio.neurons.errors import BadInputError
from karst_clio.neurons.records import BODY_ID
from karst_clio.neurons.schema import Schema
from karst_platform.stores.documents import Fields, Json

_LARGEST = 2**63 - 1
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,20}")
_WITHOUT_NOTES = ("bodyid_user", "bodyid_time")


def annotations_of(body: Json, schema: Schema | None = None) -> list[Fields]:
    """The annotations of a request, one or a list. Raises `BadInputError` for the first that is none."""
    posted: Sequence[Json] = body if isinstance(body, list) else [body]
    found = [_annotation(each, place) for place, each in enumerate(posted, start=1)]
    return found if schema is None else [schema.checked(each) for each in found]


def _annotation(posted: Json, place: int) -> Fields:
    if not isinstance(posted, Mapping):
        raise BadInputError(f"Annotation {place} is no object")
    body = posted.get(BODY_ID)
    if isinstance(body, bool) or not isinstance(body, int):
        raise BadInputError(f"Annotation {place} has no whole number as its {BODY_ID}")
    if body <= 0:
        raise BadInputError(f"Annotation {place} has {BODY_ID} {body}: they begin with 1, and 0 is reserved")
    for name in posted:
        if name.startswith("_") or not name:
            raise BadInputError(f"Body {body}: a field can't be called {name!r}: names that begin with _ are reserved")
        if name in _WITHOUT_NOTES:
            raise BadInputError(f"Body {body}: {name} can't be set: a body id is not anybody's")
    return posted


def body_ids(text: str) -> list[int]:
    """The bodies of a path: `23` or `23,101`; each once. Raises `BadInputError` where one is no whole number."""
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        if _WHOLE_NUMBER.fullmatch(part) is None or abs(int(part)) > _LARGEST:
            raise BadInputError(f"Bad body id {part[:40]!r}: write whole numbers of 64 bits, by commas")
    return list(dict.fromkeys(int(part) for part in parts))
