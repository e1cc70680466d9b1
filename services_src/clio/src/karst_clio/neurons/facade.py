"""The few routes of a DVID server that clients call directly, so that they need none: for public datasets, read only.

A dataset whose `dvid` is `https://<store>/dvid/<dataset>` has to say `"neuronEngine": "native"` too.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
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

Node = Annotated[str, Path(description="`:master` for the newest version, or a uuid.", examples=[":master"])]
_MASTER = ":master"


def router(needs: Needs) -> APIRouter:
    """Routes of `dvid`."""
    base = f"/dvid/{{dataset}}/api/node/{{node}}/{INSTANCE}"
    routes = Routes(prefix=base, tags=["Neurons"], dependencies=[Depends(anybody)])
    metadata = Metadata(needs.documents, needs.catalog, needs.clock)
    needs.forgetting.append(metadata.forget)
    engines = Engines(needs.documents, needs.catalog, metadata, needs.http)

    async def opened(dataset: str, node: str) -> tuple[NativeEngine, str]:
        if dataset not in await needs.catalog.public():
            raise NotThereError(f"No public dataset {dataset}")
        return await engines.native(NEURONS, dataset), _version(await engines.versions(NEURONS, dataset), node)

    @routes.get(
        "/all",
        responses=answers(
            [{"bodyid": 23, "type": "DNp01"}], 404, schema={"type": "array", "items": {"type": "object"}}
        ),
    )
    async def everything(dataset: str, node: Node, show: str = "") -> StreamingResponse:
        """Stream all annotations of a public dataset."""
        engine, version = await opened(dataset, node)
        return await streamed(engine.all(Asked(version=version, show=Show.of(show)), after=None, size=ALL))

    @routes.get("/keys", responses=answers(["23"], 404, schema={"type": "array", "items": {"type": "string"}}))
    async def keys(dataset: str, node: Node) -> StreamingResponse:
        """List the body ids, as text."""
        engine, version = await opened(dataset, node)
        return await streamed(engine.keys(Asked(version=version)))

    @routes.get("/json_schema", responses=answers({"type": "object"}, 404))
    async def json_schema(dataset: str, node: Node) -> dict[str, object]:
        """Show the schema that annotations are checked against; an empty one where there is none."""
        await opened(dataset, node)
        schema: Json = (await engines.dataset(dataset)).get(FIELD)
        return dict(schema) if isinstance(schema, dict) else {}

    return routes


def _version(versions: Versions, node: str) -> str:
    """The tag that a node of DVID stands for; nothing for the newest."""
    uuid = node.removesuffix(_MASTER)
    if not uuid or uuid == versions.head_uuid:
        return ""
    return versions.tag(uuid)
