"""An authority of some people, and rows that they may see or not, for tests of the service in this process."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import psycopg
from fastapi import FastAPI
from pydantic import SecretStr

from karst_info.main import create_app
from karst_info.settings import InfoSettings
from karst_platform.cave.guard.authority import AuthorityUnavailableError, Freshness
from karst_platform.cave.guard.record import MissingTos, UserRecord

HOST = "https://info.example.org"
ROOT = "/info"
API = f"{ROOT}/api/v2"


def _person(number: int, name: str, **known: object) -> UserRecord:
    return UserRecord(id=number, name=name, email=f"{name}@example.org", **known)  # type: ignore[arg-type]


_FISH = {"fish": ("view",)}
PEOPLE = {
    "stranger": _person(1, "stranger"),
    "viewer": _person(2, "viewer", permissions=_FISH, permissions_ignoring_tos=_FISH),
    "editor": _person(3, "editor", permissions={"fish": ("edit",)}, permissions_ignoring_tos={"fish": ("edit",)}),
    "waiting": _person(
        4,
        "waiting",
        permissions_ignoring_tos=_FISH,
        missing_tos=(MissingTos(dataset_id=1, dataset_name="fish", tos_id=7, tos_name="Terms"),),
    ),
    "admin": _person(5, "admin", admin=True),
    "group_admin": _person(7, "group_admin", groups_admin=("lab",)),
    "dataset_admin": _person(8, "dataset_admin", datasets_admin=("fish",)),
    "robot": _person(9, "robot", service_account=True, parent_id=5, permissions=_FISH, permissions_ignoring_tos=_FISH),
    "both": _person(
        6,
        "both",
        admin=True,
        permissions={"fish": ("view",), "mouse": ("view",)},
        permissions_ignoring_tos={"fish": ("view",), "mouse": ("view",)},
    ),
}
TOKENS = {f"{number:032x}": person for number, person in enumerate(PEOPLE.values(), start=1)}
TOKEN_OF = {person.name: token for token, person in TOKENS.items()}
TOKEN_OF["disabled"] = "d" * 32
MAPPED = {
    ("aligned_volume", "fish_v1"): "fish",
    ("aligned_volume", "mouse_v1"): "mouse",
    ("datastack", "fish"): "fish",
    ("datastack", "fish_flat"): "fish",
    ("datastack", "mouse"): "mouse",
    ("datastack", "ghost"): "fish",
}
"""Auth knows `ghost`, which is no datastack, and not `unmapped`, which is one."""


@dataclass
class Told:
    """An authority of these people and tables; counts how often it is asked about tables."""

    mapped: Mapping[tuple[str, str], str] = field(default_factory=lambda: MAPPED)
    is_away: bool = False
    questions: int = 0

    async def record(self, token: str, freshness: Freshness = Freshness.CACHED) -> UserRecord | None:
        del freshness
        self._ask()
        return TOKENS.get(token)

    async def record_of_user(self, user_id: int) -> UserRecord | None:
        return next((each for each in TOKENS.values() if each.id == user_id), None)

    async def dataset_of(self, namespace: str, table: str, freshness: Freshness = Freshness.CACHED) -> str | None:
        del freshness
        return (await self.datasets_of(namespace, [table])).get(table)

    async def datasets_of(self, namespace: str, tables: Collection[str]) -> Mapping[str, str]:
        self._ask()
        self.questions += 1
        return {table: self.mapped[namespace, table] for table in tables if (namespace, table) in self.mapped}

    async def has_public(self, table: str) -> bool:
        return table == "mouse"

    async def is_public(self, table: str, root_id: int) -> bool:
        del root_id
        return await self.has_public(table)

    async def all_public(self, table: str, root_ids: Collection[int]) -> bool:
        return bool(root_ids) and await self.has_public(table)

    def _ask(self) -> None:
        if self.is_away:
            raise AuthorityUnavailableError("auth is away")


ROWS = (
    """INSERT INTO aligned_volume (name, display_name, description, image_source) VALUES
       ('fish_v1', 'Fish', 'A larva.', 'precomputed://gs://fish/em'),
       ('mouse_v1', NULL, NULL, 'precomputed://https://images.example.org/mouse')""",
    """INSERT INTO image_source (name, viewer_layer_name, image_source, description, aligned_volume_id) VALUES
       ('fish_gcp', 'gcp', 'precomputed://gs://fish-mirror/em', NULL, 1),
       ('fish_aws', NULL, 'precomputed://https://mirror.example.org/fish', 'Near Oregon.', 1)""",
    """INSERT INTO datastack (name, display_name, viewer_layer_name, aligned_volume_id, segmentation_source,
         skeleton_source, analysis_database, viewer_site, synapse_table, soma_table, local_server, description,
         viewer_resolution_x, viewer_resolution_y, viewer_resolution_z, base_link_id) VALUES
       ('fish', 'Fish, proofread', 'seg', 1, 'graphene://https://local.example.org/segmentation/table/fish_v2',
         'precomputed://https://local.example.org/skeletons/fish', 'fish_db', 'https://viewer.example.org', 'synapses',
         'somas', 'https://local.example.org', 'People edit it.', 8, 8, 40, 5381423674163200),
       ('fish_flat', NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, 'https://local.example.org', NULL, NULL, NULL,
         NULL, NULL),
       ('mouse', NULL, NULL, 2, 'precomputed://gs://mouse/seg', NULL, NULL, NULL, NULL, NULL,
         'https://local.example.org', NULL, 4, 4, 40, NULL),
       ('unmapped', NULL, NULL, 2, NULL, NULL, NULL, NULL, NULL, NULL, 'https://local.example.org', NULL, NULL, NULL,
         NULL, NULL)""",
)


def fill(dsn: str) -> None:
    """Write the rows."""
    with psycopg.connect(dsn) as connection:
        for statement in ROWS:
            connection.execute(statement)


def settings(dsn: str, **told: object) -> InfoSettings:
    """Settings of a test's service: auth is in this process, and nobody comes too often."""
    known = {"rate_per_user": 0, "rate_per_address": 0, "sticky_auth_url": "auth.example.org/sticky_auth", **told}
    return InfoSettings(postgres_dsn=SecretStr(dsn), **known)  # type: ignore[arg-type]


@asynccontextmanager
async def served(made: InfoSettings, authority: Told) -> AsyncGenerator[FastAPI]:
    """The service with what its database holds now."""
    app = create_app(made, authority)
    await app.state.info.current.refresh()
    yield app
    await app.state.info.database.close()


def caller(app: FastAPI, name: str | None) -> httpx.AsyncClient:
    """A client with somebody's token, or none."""
    headers = {"Accept-Encoding": "identity", "X-Requested-With": "test"}
    if name is not None:
        headers["Authorization"] = f"Bearer {TOKEN_OF[name]}"
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST, headers=headers)
