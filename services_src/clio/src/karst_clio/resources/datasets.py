"""Datasets: what there is to annotate, and how viewers show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, HTTPException, Query
from starlette.responses import Response

from karst_clio.catalog import DATASETS, Catalog
from karst_clio.identity.guard import Admin, Anyone
from karst_clio.identity.user import Caller
from karst_clio.needs import Needs
from karst_clio.resources.dataset_model import Dataset, is_older
from karst_clio.resources.ids import can_exist
from karst_clio.resources.templates import filled
from karst_clio.web.answers import JSON, json_answer
from karst_clio.web.methods import post_or_put
from karst_clio.web.operations import answers
from karst_clio.web.routes import Routes
from karst_platform.stores.documents import Documents, Fields, Transaction, Write

Templates = Annotated[bool, Query(description="Leave the placeholders `{tag}` and `{uuid}` as they are.")]
_EXAMPLE: Any = {"mb20": {"description": "A mushroom body", "tag": "v0.3.33", "public": True}}


def router(needs: Needs) -> APIRouter:
    """Routes of `datasets`."""
    routes = Routes(tags=["Datasets"])
    texts = _Texts(needs.catalog)

    @routes.get("/datasets", response_model=dict[str, Dataset], responses=answers(_EXAMPLE))
    async def datasets(caller: Anyone, *, templates: Templates = False) -> Response:
        """Show the datasets that the caller may know of, by id."""
        every = await texts.all(templates=templates)
        shown = [text for dataset, text in every.items() if caller.can_list(dataset)]
        return Response(b"{" + b",".join(shown) + b"}", media_type=JSON)

    @routes.get(
        "/datasets/{dataset}",
        response_model=Dataset | None,
        response_model_exclude_unset=True,
        responses=answers(_EXAMPLE["mb20"]),
    )
    async def one_dataset(dataset: str, caller: Anyone, *, templates: Templates = False) -> Response:
        """Show a dataset, or null to whoever may not read it."""
        if not may_see(caller, dataset):
            return json_answer(None)
        fields = await needs.catalog.get(dataset)
        if fields is None:
            raise HTTPException(400, f"There is no dataset {dataset!r}.")
        return json_answer(fields if templates else filled(fields))

    @post_or_put(routes, "/datasets")
    async def write_datasets(caller: Admin, new: Annotated[dict[str, Dataset], Body(examples=[_EXAMPLE])]) -> None:
        """Add datasets, and replace those that exist as wholes: all of them or, with a wrong one, none."""
        del caller
        await _write(needs.documents, {name: each.model_dump(exclude_unset=True) for name, each in new.items()})
        needs.catalog.forget()

    @routes.delete("/datasets")
    async def remove_datasets(caller: Admin, ids: Annotated[list[str], Body(examples=[["mb20"]])]) -> None:
        """Remove datasets; unknown ones are no mistake. What was annotated in them stays."""
        del caller
        paths = [(*DATASETS, each) for each in ids]
        await needs.documents.write(*(Write(path=path, fields=None) for path in paths if can_exist(path)))
        needs.catalog.forget()

    return routes


def may_see(caller: Caller, dataset: str) -> bool:
    """Whether a caller sees a dataset's or a volume's own document. Administrators do, though they read no data."""
    return caller.is_admin or caller.can_read(dataset)


class _Texts:
    """Each dataset as it stands in the listing, made once for each state of the catalog: it is what most ask for."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._made_of: Mapping[str, Fields] | None = None
        self._plain: dict[str, bytes] = {}
        self._filled: dict[str, bytes] = {}

    async def all(self, *, templates: bool) -> Mapping[str, bytes]:
        """Name and document of each dataset, as JSON, by id."""
        fields = await self._catalog.all()
        if fields is not self._made_of:
            self._plain = {dataset: _text(dataset, each) for dataset, each in fields.items()}
            self._filled = {dataset: _text(dataset, filled(each)) for dataset, each in fields.items()}
            self._made_of = fields
        return self._plain if templates else self._filled


def _text(dataset: str, fields: Fields) -> bytes:
    return orjson.dumps(dataset) + b":" + orjson.dumps(fields)


async def _write(documents: Documents, new: Mapping[str, Fields]) -> None:
    async def work(transaction: Transaction) -> None:
        stored = await transaction.get_many([(*DATASETS, dataset) for dataset in new])
        for (dataset, fields), before in zip(new.items(), stored, strict=True):
            if before is not None and is_older(fields.get("tag"), before.fields.get("tag")):
                raise HTTPException(
                    400,
                    f"Dataset {dataset!r} has the tag {before.fields['tag']}, which is newer than {fields['tag']}: "
                    "post a newer one, or none.",
                )
        transaction.write(*(Write(path=(*DATASETS, dataset), fields=fields) for dataset, fields in new.items()))

    if new:
        await documents.in_transaction(work)
