"""Routes of `signatures`: the signature at a place, and places that look like it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from karst_clio.identity.guard import General403
from karst_clio.needs import Needs
from karst_clio.settings import ClioSettings
from karst_clio.signatures.blocks import Blocks, Point, Signature, UnknownDatasetError
from karst_clio.signatures.search import DIFFERENT_BITS, UnsearchableError, alike, spread
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes
from karst_platform.stores.analytics import Analytics

Coordinate = Annotated[int, Query(ge=-(2**63), le=2**63 - 1, description="In voxels.")]
Answer = dict[str, object]
_AT = answers({"point": [18410, 16370, 26460], "signature": "-123456789"})
_LIKE = answers({"matches": [{"point": [18410, 16370, 26460], "dist": 3, "score": 0.625}]})


def router(needs: Needs) -> APIRouter:
    """Routes of `signatures`."""
    routes = Routes(prefix="/signatures", tags=["Image search"])
    bucket = needs.settings.signature_bucket
    blocks = None if bucket is None else Blocks(needs.buckets(bucket), needs.clock)
    tables = search_tables(needs.settings)
    if blocks is not None:
        needs.forgetting.append(blocks.forget)

    def opened() -> Blocks:
        if blocks is None:
            raise HTTPException(503, "Image search is not set up here: SIG_BUCKET is not set")
        return blocks

    @routes.get("/atlocation/{dataset}", responses=_AT)
    async def at_location(dataset: str, x: Coordinate, y: Coordinate, z: Coordinate, _: General403) -> Answer:
        """Show the signature nearest to a place, as text: it has more digits than JavaScript's numbers."""
        found = await _nearest(opened(), dataset.lower(), (x, y, z))
        return found if isinstance(found, dict) else {"point": found.point, "signature": str(found.bits)}

    @routes.get("/likelocation/{dataset}", responses=_LIKE)
    async def like_location(dataset: str, x: Coordinate, y: Coordinate, z: Coordinate, _: General403) -> Answer:
        """Show places that look like a place, those most alike first."""
        blocks, name = opened(), dataset.lower()
        found = await _nearest(blocks, name, (x, y, z))
        if isinstance(found, dict):
            return found
        try:
            similar = await alike(tables, name, found, await blocks.layout(name))
        except UnsearchableError:
            return _failure("dataset not found")
        matches = [
            {"point": each.point, "dist": each.distance, "score": 1 - each.distance / DIFFERENT_BITS}
            for each in spread(similar, (x, y, z))
        ]
        return {"matches": matches} if matches else {"matches": [], "message": "no matches"}

    return routes


def search_tables(settings: ClioSettings) -> Analytics:
    """Where the settings keep search tables: in a file of DuckDB, else in BigQuery; only its library is loaded."""
    if settings.search_file is not None:
        from karst_platform.stores.analytics_duckdb import DuckDbAnalytics  # noqa: PLC0415 - see above

        return DuckDbAnalytics(settings.search_file)
    from karst_platform.stores.analytics_bigquery import project_tables  # noqa: PLC0415 - see above

    return project_tables(settings.google_project)


async def _nearest(blocks: Blocks, dataset: str, point: Point) -> Signature | Answer:
    try:
        return await blocks.nearest(dataset, point) or _failure("point not found")
    except UnknownDatasetError:
        return _failure("dataset not found")


def _failure(text: str) -> Answer:
    """A failure that is a success to HTTP; clients know the key with three s."""
    return {"messsage": text, "message": text}
