"""Who calls in tests of the guard, what they may, and an authority that knows it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from karst_platform.cave.guard.authority import AuthorityUnavailableError, Freshness
from karst_platform.cave.guard.places import Places
from karst_platform.cave.guard.record import MissingTos, UserRecord

PLACES = Places(sticky_auth_url="g.example.org/sticky_auth", origins=frozenset({"https://viewer.example.org"}))
TOS = MissingTos(dataset_id=2, dataset_name="gated", tos_id=7, tos_name="Terms of the gated")
VIEW = ("view",)


def token(number: int) -> str:
    """The token of a user."""
    return f"{number:032x}"


def person(number: int, name: str, **more: object) -> UserRecord:
    """A user."""
    return UserRecord(id=number, name=name, email=f"{name}@example.org", groups=("default",), **more)  # type: ignore[arg-type]


STRANGER = person(1, "stranger")
READER = person(2, "reader", permissions={"h01": VIEW}, permissions_ignoring_tos={"h01": VIEW})
EDITOR = person(3, "editor", permissions={"h01": ("view", "edit")}, permissions_ignoring_tos={"h01": ("view", "edit")})
WRITER = person(4, "writer", permissions={"h01": ("edit",)}, permissions_ignoring_tos={"h01": ("edit",)})
UNDECIDED = person(5, "undecided", permissions_ignoring_tos={"gated": VIEW}, missing_tos=(TOS,))
SUPERADMIN = person(6, "superadmin", admin=True)
DATASET_ADMIN = person(7, "keeper", datasets_admin=("h01",))
MEMBER = UserRecord(id=8, name="member", email="member@example.org", groups=("default", "G1"))
SERVICE = UserRecord(id=9, name="service", email="s@example.org", service_account=True, parent_id=6)
EVERYONE = (STRANGER, READER, EDITOR, WRITER, UNDECIDED, SUPERADMIN, DATASET_ADMIN, MEMBER, SERVICE)

TABLES = {("datastack", "stack"): "h01", ("datastack", "gated_stack"): "gated", ("aligned_volume", "volume"): "h01"}
PUBLIC = {"stack": frozenset({864, 865})}


@dataclass
class Known:
    """An authority whose knowledge a test changes, and that counts what it is asked."""

    records: dict[str, UserRecord] = field(default_factory=lambda: {token(one.id): one for one in EVERYONE})
    tables: dict[tuple[str, str], str] = field(default_factory=lambda: dict(TABLES))
    public: dict[str, frozenset[int]] = field(default_factory=lambda: dict(PUBLIC))
    asked: list[str] = field(default_factory=list[str])
    is_gone: bool = False

    async def record(self, token: str, freshness: Freshness = Freshness.CACHED) -> UserRecord | None:
        self._ask(f"record {freshness.value}")
        return self.records.get(token)

    async def record_of_user(self, user_id: int) -> UserRecord | None:
        self._ask(f"user {user_id}")
        return next((one for one in self.records.values() if one.id == user_id), None)

    async def dataset_of(self, namespace: str, table: str, freshness: Freshness = Freshness.CACHED) -> str | None:
        self._ask(f"dataset {namespace} {table}")
        return self.tables.get((namespace, table))

    async def datasets_of(self, namespace: str, tables: Collection[str]) -> Mapping[str, str]:
        self._ask(f"datasets {namespace} {' '.join(tables)}")
        return {table: self.tables[namespace, table] for table in tables if (namespace, table) in self.tables}

    async def has_public(self, table: str) -> bool:
        self._ask(f"has_public {table}")
        return bool(self.public.get(table))

    async def is_public(self, table: str, root_id: int) -> bool:
        self._ask(f"is_public {table} {root_id}")
        return root_id in self.public.get(table, ())

    async def all_public(self, table: str, root_ids: Collection[int]) -> bool:
        self._ask(f"all_public {table} {len(root_ids)}")
        return bool(root_ids) and set(root_ids) <= self.public.get(table, frozenset())

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        if self.is_gone:
            raise AuthorityUnavailableError("gone")
