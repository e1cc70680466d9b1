"""Routes of `signatures`: the signature at a place, and places that look like it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from google.cloud import bigquery

from karst_clio.identity.guard import General403
from karst_clio.needs import Needs
from karst_clio.signatures.bigquery import BigQueryTables
from karst_clio.signatures.blocks import Blocks, Point, Signature, UnknownDatasetError
from karst_clio.signatures.search import DIFFERENT_BITS, SearchTables, UnsearchableError, parameters_of, spread
from karst_clio.web.routes import Routes

Coordinate = Annotated[int, Query(ge=-(2**63), le=2**63 - 1, description="In voxels.")]
Answer = dict[str, object]


def router(needs: Needs) -> APIRouter:
    """Routes of `signatures`."""
    routes = Routes(prefix="/signatures", tags=["Image search"])
    bucket = needs.settings.signature_bucket
    blocks = None if bucket is None else Blocks(needs.buckets(bucket), needs.clock)
    tables = search_tables(needs)
    if blocks is not None:
        needs.forgetting.append(blocks.forget)

    def opened() -> Blocks:
        if blocks is None:
            raise HTTPException(503, "Image search is not set up here: SIG_BUCKET is not set")
        return blocks

    @routes.get("/atlocation/{dataset}")
    async def at_location(dataset: str, x: Coordinate, y: Coordinate, z: Coordinate, _: General403) -> Answer:
        """Show the signature nearest to a place, as text: it has more digits than JavaScript's numbers."""
        found = await _nearest(opened(), dataset.lower(), (x, y, z))
        return found if isinstance(found, dict) else {"point": found.point, "signature": str(found.bits)}

    @routes.get("/likelocation/{dataset}")
    async def like_location(dataset: str, x: Coordinate, y: Coordinate, z: Coordinate, _: General403) -> Answer:
        """Show places that look like a place, those most alike first."""
        blocks, name = opened(), dataset.lower()
        found = await _nearest(blocks, name, (x, y, z))
        if isinstance(found, dict):
            return found
        try:
            alike = await tables.alike(name, parameters_of(found, await blocks.layout(name)))
        except UnsearchableError:
            return _failure("dataset not found")
        matches = [
            {"point": each.point, "dist": each.distance, "score": 1 - each.distance / DIFFERENT_BITS}
            for each in spread(alike, (x, y, z))
        ]
        return {"matches": matches} if matches else {"matches": [], "message": "no matches"}

    return routes


def search_tables(needs: Needs) -> SearchTables:
    """Where the settings keep search tables: in a file of DuckDB, else in BigQuery."""
    settings = needs.settings
    if settings.search_file is not None:
        # Images for the cloud don't hold it.
        from karst_clio.signatures.duckdb_tables import DuckDbTables  # noqa: PLC0415

        return DuckDbTables(settings.search_file)
    return BigQueryTables(lambda: bigquery.Client(project=settings.google_project))


async def _nearest(blocks: Blocks, dataset: str, point: Point) -> Signature | Answer:
    try:
        return await blocks.nearest(dataset, point) or _failure("point not found")
    except UnknownDatasetError:
        return _failure("dataset not found")


def _failure(text: str) -> Answer:
    """A failure that is a success to HTTP; clients know the key with three s."""
    return {"messsage": text, "message": text}
