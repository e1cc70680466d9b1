"""The few routes of a DVID server that clients call directly, so that they need none: for public datasets, read only.

A dataset whose `dvid` is `https://<store>/dvid/<dataset>` has to say `"neuronEngine": "native"` too.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path
from pydantic import Field
from starlette.responses import StreamingResponse

from karst_clio.identity.guard import anybody
from karst_clio.needs import Needs
from karst_clio.neurons.dvid import INSTANCE
from karst_clio.neurons.engine import ALL, Asked
from karst_clio.neurons.engines import NEURONS, Engines
from karst_clio.neurons.errors import NotThereError
from karst_clio.neurons.metadata import Metadata, Versions
from karst_clio.neurons.native import NativeEngine
from karst_clio.neurons.records import Show
from karst_clio.neurons.schema import FIELD
from karst_clio.neurons.streams import streamed
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes
from karst_platform.stores.documents import Json

_LARGEST, _SMALLEST, _MOST_BODIES = 2**63 - 1, -(2**63), 100_000
Node = Annotated[str, Path(description="`:master` for the newest version, or a uuid.", examples=[":master"])]
Bodies = Annotated[
    list[Annotated[int, Field(ge=_SMALLEST, le=_LARGEST)]],
    Body(max_length=_MOST_BODIES, description="Ids, in the body of a GET, as DVID has it.", examples=[[23, 1034]]),
]
_MASTER = ":master"
_SEGMENTATION = "segmentation"
_ANY_SCHEMA: dict[str, object] = {
    "type": "object",
    "required": ["bodyid"],
    "properties": {"bodyid": {"type": "integer"}},
}
"""What holds of every annotation, whatever its dataset says."""


def router(needs: Needs) -> APIRouter:
    """Routes of `dvid`."""
    routes = Routes(prefix="/dvid/{dataset}/api/node/{node}", tags=["Neurons"], dependencies=[Depends(anybody)])
    metadata = Metadata(needs.documents, needs.catalog, needs.clock)
    needs.forgetting.append(metadata.forget)
    engines = Engines(needs.documents, needs.catalog, metadata, needs.http)

    async def opened(dataset: str, node: str) -> tuple[NativeEngine, str]:
        if dataset not in await needs.catalog.public():
            raise NotThereError(f"No public dataset {dataset}")
        return await engines.native(NEURONS, dataset), _version(await engines.versions(NEURONS, dataset), node)

    @routes.get(
        f"/{INSTANCE}/all",
        responses=answers(
            [{"bodyid": 23, "type": "DNp01"}], 404, schema={"type": "array", "items": {"type": "object"}}
        ),
    )
    async def everything(dataset: str, node: Node, show: str = "") -> StreamingResponse:
        """Stream all annotations of a public dataset."""
        engine, version = await opened(dataset, node)
        return await streamed(engine.all(Asked(version=version, show=Show.of(show)), after=None, size=ALL))

    @routes.get(
        f"/{INSTANCE}/keys", responses=answers(["23"], 404, schema={"type": "array", "items": {"type": "string"}})
    )
    async def keys(dataset: str, node: Node) -> StreamingResponse:
        """List the body ids, as text."""
        engine, version = await opened(dataset, node)
        return await streamed(engine.keys(Asked(version=version)))

    @routes.get(f"/{INSTANCE}/json_schema", responses=answers(_ANY_SCHEMA, 404))
    async def json_schema(dataset: str, node: Node) -> dict[str, object]:
        """Show the schema that annotations are checked against; where there is none, what holds of all of them."""
        await opened(dataset, node)
        schema: Json = (await engines.dataset(dataset)).get(FIELD)
        return _ANY_SCHEMA | dict(schema) if isinstance(schema, dict) else _ANY_SCHEMA

    @routes.get(f"/{_SEGMENTATION}/sizes", responses=answers([1, 1], 404))
    async def sizes(dataset: str, node: Node, bodies: Bodies) -> list[int]:
        """Say of each body that it may be there: 1, and 0 of what is no id. There is no segmentation to ask.

        Clients ask this before they annotate a body for the first time, and take 0 for a body that isn't there.
        """
        await opened(dataset, node)
        return [int(body > 0) for body in bodies]

    return routes


def _version(versions: Versions, node: str) -> str:
    """The tag that a node of DVID stands for; nothing for the newest."""
    uuid = node.removesuffix(_MASTER)
    if not uuid or uuid == versions.head_uuid:
        return ""
    return versions.tag(uuid)
