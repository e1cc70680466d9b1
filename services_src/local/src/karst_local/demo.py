"""The first user, a token for it, and the declared datasets: what a rehearsal needs before anybody can do anything."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from karst_clio.identity.own_tokens import LIFE_S, OwnTokens
from karst_clio.identity.records import Record, Records
from karst_local.deployment import Dataset, Deployment
from karst_local.invented import invent
from karst_local.state import State, write_private
from karst_platform.stores.documents import Documents, Fields, Json, Write
from karst_platform.stores.documents_postgres import PostgresDocuments
from karst_platform.stores.postgres import Postgres

_ROLES = ("admin", "clio_general", "clio_write")
_RENEW_BEFORE_S = LIFE_S / 3


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """A database that holds what a rehearsal needs."""

    changed: int
    """How many documents were written."""
    owner: Record
    """The first user, as the store has it."""


def token(state: State, key: str, owner: Record) -> str:
    """A token of the first user. The same in every run, until it gets old or the user's tokens are ended."""
    email = owner.user.email
    tokens = OwnTokens([SecretStr(key)], time.time)
    path = state.subfolder("secrets") / "demo-token"
    if path.exists():
        text = path.read_text(encoding="utf-8")
        claims = tokens.verify(text)
        is_ours = claims is not None and claims.email == email and not owner.ends(claims.issued_s)
        if claims is not None and is_ours and claims.end_s - time.time() > _RENEW_BEFORE_S:
            return text
    text = tokens.sign(email, {"name": "Demo"})
    write_private(path, text)
    return text


async def seed_database(dsn: str, deployment: Deployment) -> Seeded:
    """`seed` the documents of a database, and `invent` neurons."""
    documents = PostgresDocuments(Postgres(dsn, connections=1))
    try:
        changed = await seed(documents, deployment) + await invent(documents, deployment, time.time())
        return Seeded(changed=changed, owner=await Records(documents, time.time).get(deployment.owner))
    finally:
        await documents.close()


async def seed(documents: Documents, deployment: Deployment) -> int:
    """Write the datasets, and the first user where it isn't there; return how many documents changed.

    What is declared wins over what is stored; fields that nobody declares stay as they are.
    """
    writes = [
        *await _changed(documents, [_dataset(one) for one in deployment.datasets if one.clio is not None]),
        *await _missing(documents, _user(deployment)),
    ]
    await documents.write(*writes)
    return len(writes)


async def _changed(documents: Documents, wanted: Sequence[Write]) -> list[Write]:
    stored = await documents.get_many([one.path for one in wanted])
    writes: list[Write] = []
    for one, before in zip(wanted, stored, strict=True):
        old: Fields = before.fields if before is not None else {}
        merged = {**old, **(one.fields or {})}
        if json.dumps(merged, sort_keys=True) != json.dumps(dict(old), sort_keys=True):
            writes.append(Write(path=one.path, fields=merged))
    return writes


async def _missing(documents: Documents, wanted: Write) -> list[Write]:
    return [wanted] if await documents.get(wanted.path) is None else []


def _user(deployment: Deployment) -> Write:
    fields: Fields = {"name": deployment.owner_name, "global_roles": list(_ROLES), "datasets": {}, "groups": []}
    return Write(path=("clio_users", deployment.owner.lower()), fields=fields)


def _dataset(dataset: Dataset) -> Write:
    clio = dataset.clio
    assert clio is not None  # noqa: S101 - only those are asked for
    layers: list[Json] = [{"name": "grayscale", "type": "image", "source": {"url": dataset.image_source}}]
    layers += [
        {"name": stack.name, "type": "segmentation", "source": {"url": stack.segmentation_source}}
        for stack in dataset.datastacks
        if stack.segmentation_source
    ]
    fields: dict[str, Json] = {
        "title": clio.title or dataset.title or dataset.name,
        "description": dataset.description or dataset.title or dataset.name,
        "public": dataset.public,
        "mainLayer": "grayscale",
        "neuroglancer": {"layers": layers},
    }
    if clio.versions:
        fields["versions"] = [{"tag": tag} for tag in clio.versions]
    if dataset.position is not None:
        fields["position"] = [float(value) for value in dataset.position]
    if clio.neuprint_server and clio.neuprint_dataset:
        fields["neuprintHTTP"] = {"server": clio.neuprint_server, "dataset": clio.neuprint_dataset}
    return Write(path=("clio_datasets", clio.key or dataset.name), fields=fields)
