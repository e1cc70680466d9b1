"""To which datasets tables of services belong, and which of their roots are public: what every service asks."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, cast

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from karst_auth.api.needs import SUCCESS, Anyone, Needs, Superadmin, changing, json_answer, json_body
from karst_auth.changes import tables
from karst_auth.changes.values import LARGEST_ROOT, invalid
from karst_platform.cave.errors import CaveError

_MOST_TABLES, _MOST_ROOTS = 1000, 100_000
Root = Annotated[int, Path(ge=0, le=LARGEST_ROOT)]


def routes(needs: Needs) -> APIRouter:
    """All of them."""
    router = APIRouter()
    _mappings(router, needs)
    _roots(router, needs)
    return router


def _mappings(router: APIRouter, needs: Needs) -> None:
    tags: list[str | Enum] = ["Tables of services"]

    @router.get("/service/{service}/table/{table}/dataset", tags=tags)
    async def dataset_of_table(service: str, table: str, _caller: Anyone) -> Response:
        """The name of the dataset to which a table belongs."""
        found = await needs.authority.dataset_of(service, table)
        if found is None:
            raise CaveError(404, "not_found", "The table belongs to no dataset.")
        return json_answer(found)

    @router.post("/service/{service}/tables/datasets", tags=tags)
    async def datasets_of_tables(request: Request, service: str, _caller: Anyone) -> Response:
        """Names of datasets by table, for a list of tables; those that belong to none are left out."""
        asked = await json_body(request)
        if not isinstance(asked, list) or not all(isinstance(each, str) for each in asked):
            invalid("Send a JSON list of names of tables.")
        if len(asked) > _MOST_TABLES:
            raise CaveError(422, "too_many", f"More than {_MOST_TABLES} tables.")
        return json_answer(dict(await needs.authority.datasets_of(service, cast("list[str]", asked))))

    @router.post("/service/{service}/table/{table}/dataset/{dataset}", tags=tags)
    async def map_table(request: Request, service: str, table: str, dataset: str, caller: Superadmin) -> Response:
        """Let a table belong to the dataset of exactly this name."""
        async with changing(needs, request, caller) as change:
            await tables.map_table(change, namespace=service, table=table, dataset=dataset)
        return json_answer(SUCCESS)

    @router.delete("/service/{service}/table/{table}/dataset/{dataset}", tags=tags)
    async def unmap_table(request: Request, service: str, table: str, dataset: str, caller: Superadmin) -> Response:
        """Let a table belong to a dataset no longer."""
        async with changing(needs, request, caller) as change:
            await tables.unmap_table(change, namespace=service, table=table, dataset=dataset)
        return json_answer(SUCCESS)


def _roots(router: APIRouter, needs: Needs) -> None:
    tags: list[str | Enum] = ["Public roots"]

    @router.get("/table/{table}/has_public", tags=tags)
    async def has_public(table: str, _caller: Anyone) -> Response:
        """Whether any root of a table is public."""
        return json_answer(await needs.authority.has_public(table))

    @router.get("/table/{table}/root/{root_id:int}/is_public", tags=tags)
    async def is_public(table: str, root_id: Root, _caller: Anyone) -> Response:
        """Whether this root is public."""
        return json_answer(await needs.authority.is_public(table, root_id))

    @router.post("/table/{table}/root_all_public", tags=tags)
    async def all_public(request: Request, table: str, _caller: Anyone) -> Response:
        """Whether each root of a list is public."""
        asked = await json_body(request)
        if not isinstance(asked, list) or not asked:
            raise CaveError(400, "missing_root_ids", "Send a JSON list of root ids.")
        if len(asked) > _MOST_ROOTS:
            raise CaveError(422, "too_many", f"More than {_MOST_ROOTS} root ids.")
        if not all(isinstance(each, int) and not isinstance(each, bool) for each in asked):
            raise CaveError(400, "missing_root_ids", "Root ids are whole numbers.")
        return json_answer(await needs.authority.all_public(table, cast("list[int]", asked)))

    @router.get("/table/{table}/get_public_roots", tags=tags)
    async def public_roots(table: str, _caller: Anyone) -> Response:
        """List all public roots of a table."""
        return json_answer(await needs.tables.public_roots(table))
