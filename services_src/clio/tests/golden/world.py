"""The server that recordings are made of: its users, its datasets, its buckets, and the servers that it asks."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from karst_clio.signatures.blocks import Signature
from karst_clio.signatures.duckdb_tables import fill_tables
from karst_platform.stores.documents import Documents, Fields
from services_src.clio.tests.signatures.stores import LAYOUT, write_blocks
from services_src.clio.tests.support import Server, serving

ADA, BEN, EVE = "ada@example.org", "ben@example.org", "eve@example.org"
"""The owner, who reads and writes mb20; a general user of it; somebody without roles."""
PAGE = "https://page.example.org"
GATEWAY = "https://auth.example.org"
WORKER = "https://worker.example.org/run"

USERS: dict[str, Fields] = {
    ADA: {"name": "Ada", "datasets": {"mb20": ["clio_general", "clio_write"]}, "groups": ["lab"]},
    BEN: {"name": "Ben", "datasets": {"mb20": ["clio_general"]}, "groups": ["lab"]},
    "root@example.org": {"global_roles": ["clio_general", "clio_write"]},
    "idle@example.org": {"disabled": True},
}
DATASETS: dict[str, Fields] = {
    "mb20": {
        "description": "A mushroom body at 4 nm",
        "tag": "v0.2",
        "uuid": "abc123",
        "location": "gs://images/mb20",
        "mainLayer": "grayscale",
        "neuroglancer": {
            "layers": [
                {"name": "grayscale", "type": "image", "source": {"url": "precomputed://gs://images/mb20"}},
                {"name": "seg-{tag}", "type": "segmentation", "source": "dvid://example.org/{uuid}/segmentation"},
            ],
        },
        "versions": [{"tag": "v0.1", "uuid": "def456"}],
        "neuprintHTTP": {"dataset": "mushroom", "server": "neuprint.example.org"},
        "transfer": ["mb2hemi:synfocal_3000"],
    },
    "open": {
        "description": "For everybody",
        "public": True,
        "tag": "v1.0",
        "uuid": "fff000",
        "dvid": "https://clio.example.org/dvid/open",
        "neuronEngine": "native",
        "neuronSchema": {
            "type": "object",
            "required": ["bodyid"],
            "properties": {"bodyid": {"type": "integer"}, "type": {"type": ["string", "null"]}},
        },
    },
    "closed": {"description": "For nobody here"},
}
SCALE = {
    "chunk_sizes": [[64, 64, 64]],
    "encoding": "raw",
    "key": "8_8_8",
    "resolution": [8, 8, 8],
    "size": [64, 64, 64],
    "voxel_offset": [0, 0, 0],
}
INFO = {"type": "image", "data_type": "uint8", "num_channels": 1, "scales": [SCALE]}
PLACES = [
    Signature(point=(18410, 16370, 26460), bits=-123456789),
    Signature(point=(500, 500, 500), bits=-123456789 ^ 0b111),
    Signature(point=(90000, 5, 5), bits=42),
]


@asynccontextmanager
async def world(documents: Documents, folder: Path, *, is_with_gateway: bool) -> AsyncGenerator[Server]:
    """Serve this world from an empty store; with a gateway, users and roles are the gateway's."""
    _fill_buckets(folder)
    serving_it = serving(
        documents,
        owner=ADA,
        gateway_url=GATEWAY if is_with_gateway else None,
        allowed_origins=f"{PAGE},*",
        buckets_folder=folder,
        search_file=folder / "search.duckdb",
        signature_bucket="signatures",
        subvolume_bucket="cutouts",
        subvolume_width=64,
        transfer_function=WORKER,
        transfer_bucket="transferred",
        neuprint_token="a token of neuPrint",
    )
    async with serving_it as server:
        server.calls.answer = _outside
        await server.store(
            *((("clio_users", email), fields) for email, fields in USERS.items()),
            *((("clio_datasets", dataset), fields) for dataset, fields in DATASETS.items()),
        )
        yield server


def _fill_buckets(folder: Path) -> None:
    image = folder / "images" / "mb20"
    (image / "8_8_8").mkdir(parents=True)
    (image / "info").write_text(json.dumps(INFO))
    (image / "8_8_8" / "0-64_0-64_0-64").write_text("a chunk of the image")
    write_blocks(folder / "signatures", "mb20", LAYOUT, PLACES)
    fill_tables(folder / "search.duckdb", "mb20", LAYOUT, PLACES)


def _outside(request: httpx.Request) -> httpx.Response:
    match request.url.host:
        case "auth.example.org":
            return _gateway(request)
        case "neuprint.example.org":
            return httpx.Response(200, json={"columns": ["n.bodyId", "n.type"], "data": [[1034, "PAM01"]]})
        case "metadata":
            return httpx.Response(200, text="an identity")
        case host:
            return httpx.Response(200 if host == "worker.example.org" else 404, json={})


def _gateway(request: httpx.Request) -> httpx.Response:
    if request.headers.get("authorization") != "Bearer token-of-the-gateway":
        return httpx.Response(401)
    user = {
        "email": BEN,
        "name": "Ben",
        "picture_url": "https://pictures.example.org/ben",
        "permissions_v2": {"mb20": ["view"], "open": ["view", "edit"]},
        "datasets_admin": ["open"],
        "missing_tos": [{"dataset_id": 4, "tos_name": "terms"}],
        "groups": ["lab"],
    }
    return httpx.Response(200, json=user)
