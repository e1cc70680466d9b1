"""Answers that pass on what the store holds, as it holds it: what others wrote may fit no model of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from starlette.responses import Response

from karst_platform.stores.documents import Json

JSON = "application/json"


def json_answer(value: Json | Mapping[str, Mapping[str, Json]] | Sequence[Mapping[str, Json]]) -> Response:
    """The value as JSON, which isn't checked against the route's model: that one is for the reader of the schema."""
    return Response(orjson.dumps(value), media_type=JSON)
