"""Sub-volumes: what users hand in after they have edited a cut-out. Only where a bucket for them is named."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException

from karst_clio.identity.guard import Writer
from karst_clio.needs import Needs
from karst_clio.web.routes import Routes
from karst_platform.stores.documents import Write

ROOT = "clio_subvol"
SUBMISSIONS = "submissions"


def router(needs: Needs) -> APIRouter:
    """Routes of `subvol`."""
    routes = Routes(tags=["Sub-volumes"])

    @routes.post("/subvol/{dataset}/submit")
    async def submit(dataset: str, sent: Annotated[dict[str, Any], Body()], caller: Writer) -> None:
        """Hand in what was edited."""
        del dataset
        if needs.settings.subvolume_bucket is None:
            raise HTTPException(503, "This server has no sub-volumes (CLIO_SUBVOL_BUCKET).")
        path = (ROOT, caller.email, SUBMISSIONS, uuid.uuid4().hex)
        await needs.documents.write(Write(path=path, fields={**sent, "_timestamp": needs.clock()}))

    return routes
