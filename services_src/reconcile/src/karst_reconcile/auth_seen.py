"""What auth holds now, by name, and the calls that change it. Ours tells what was declared; upstream's can't."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from karst_reconcile.calls import Calls, path_of, printable
from karst_reconcile.document import Document
from karst_reconcile.faults import Exit, ReconcileError, RefusedError

_AT_ONCE = 8
_TABLES_AT_ONCE, _USERS_AT_ONCE = 1000, 200
_API = "/api/v1"
Rows = list[dict[str, Any]]


@dataclass
class AuthSeen:
    """Auth as it is. Ids of what is made meanwhile are added."""

    calls: Calls
    is_ours: bool
    """Whether it tells what was declared, and takes everything away again."""
    datasets: dict[str, int] = field(default_factory=dict[str, int])
    terms_of: dict[str, int | None] = field(default_factory=dict[str, int | None])
    """Id of the terms of service by dataset."""
    terms: dict[str, int] = field(default_factory=dict[str, int])
    groups: dict[str, int] = field(default_factory=dict[str, int])
    permissions: dict[str, int] = field(default_factory=dict[str, int])
    people: dict[str, int] = field(default_factory=dict[str, int])
    """Those that are declared, by e-mail address."""
    grants: set[tuple[int, int, int]] = field(default_factory=set[tuple[int, int, int]])
    """Ids of datasets, groups, permissions."""
    members: dict[int, set[int]] = field(default_factory=dict[int, set[int]])
    """Ids of users by that of the group, for groups that matter."""
    tables: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    accounts: dict[str, int] = field(default_factory=dict[str, int])
    """Service accounts."""
    account_groups: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    marks: frozenset[str] = frozenset()
    """What was made for this deployment's declaration."""

    def is_declared(self, thing: str) -> bool:
        """Whether this deployment's declaration made it."""
        return thing in self.marks

    async def create_dataset(self, name: str, terms: str | None) -> None:
        """Make a dataset."""
        tos_id = self.terms[terms] if terms is not None else None
        made = cast("dict[str, Any]", await self.calls.post(f"{_API}/dataset", {"name": name, "tos_id": tos_id}))
        self.datasets[name] = made["id"]

    async def change_terms(self, name: str, terms: str | None) -> None:
        """Let a dataset have these terms of service; that also marks it as declared."""
        tos_id = self.terms[terms] if terms is not None else self.terms_of.get(name)
        await self.calls.put(f"{_API}{path_of('dataset', self.datasets[name])}", {"tos_id": tos_id})

    async def create_terms(self, name: str, text: str) -> None:
        """Make terms of service."""
        made = cast("dict[str, Any]", await self.calls.post(f"{_API}/tos", {"name": name, "text": text}))
        self.terms[name] = made["id"]

    async def create_permission(self, name: str) -> None:
        """Make a permission."""
        made = cast("dict[str, Any]", await self.calls.post(f"{_API}/permission", {"name": name}))
        self.permissions[name] = made["id"]

    async def create_group(self, name: str) -> None:
        """Make a group; the answer doesn't say its id."""
        await self.calls.post(f"{_API}/group", {"name": name})
        found = cast("Rows", await self.calls.get(f"{_API}/group", {"name": name}))
        self.groups |= {each["name"]: each["id"] for each in found if each["name"] == name}

    async def create_person(self, address: str) -> None:
        """Make somebody who signs in later; their name then comes with them."""
        body = {"name": address.partition("@")[0], "email": address}
        made = cast("dict[str, Any]", await self.calls.post(f"{_API}/user", body))
        self.people[address] = made["id"]

    async def grant(self, dataset: str, group: str, permissions: Collection[str]) -> None:
        """Let a group have permissions on a dataset."""
        ids = sorted(self.permissions[each] for each in permissions)
        path = f"{_API}{path_of('dataset', self.datasets[dataset], 'group')}"
        await self.calls.post(path, {"group_id": self.groups[group], "permission_ids": ids})

    async def revoke(self, dataset_id: int, group_id: int, permission_id: int) -> None:
        """Take a permission away."""
        path = path_of("dataset", dataset_id, "group", group_id, "permission", permission_id)
        await self.calls.delete(_API + path)

    async def join(self, group: str, address: str) -> None:
        """Let a person belong to a group."""
        path = path_of("group", self.groups[group], "user")
        await self.calls.post(_API + path, {"user_id": self.people[address]})

    async def leave(self, group_id: int, user_id: int) -> None:
        """Let somebody belong to a group no longer."""
        kind = "service_account" if user_id in self.accounts.values() else "user"
        await self.calls.delete(_API + path_of("group", group_id, kind, user_id))

    async def map_table(self, service: str, table: str, dataset: str) -> None:
        """Let a table belong to a dataset."""
        await self.calls.post(_API + path_of("service", service, "table", table, "dataset", dataset))
        if self.is_ours:
            return
        # Upstream takes the first dataset that has the name somewhere in its own.
        landed = str(await self.calls.get(_API + path_of("service", service, "table", table, "dataset")))
        if landed != dataset:
            await self.unmap_table(service, table, landed)
            raise RefusedError(
                422, f"auth mapped it to {landed} instead, which was undone. Do it by hand at /sticky_auth/flask_admin/"
            )

    async def unmap_table(self, service: str, table: str, dataset: str) -> None:
        """Let a table belong to a dataset no longer."""
        await self.calls.delete(_API + path_of("service", service, "table", table, "dataset", dataset))

    async def move_table(self, service: str, table: str, before: str, after: str) -> None:
        """Let a table belong to another dataset."""
        await self.unmap_table(service, table, before)
        await self.map_table(service, table, after)

    async def remove(self, kind: str, id_: int) -> None:
        """Take a dataset, a group or a service account away."""
        await self.calls.delete(_API + path_of(kind, id_))

    async def create_account(self, name: str) -> str | None:
        """Make a service account; return its token, where the service tells it now and never again."""
        made = cast("dict[str, Any]", await self.calls.post(f"{_API}/service_account", {"name": name}))
        self.accounts[name] = made["id"]
        return cast("str | None", made.get("token"))

    async def new_token(self, name: str) -> str:
        """A token of a service account that works; ours makes a new one in place of the old."""
        path = _API + path_of("service_account", self.accounts[name], "token")
        return str(await (self.calls.post(path) if self.is_ours else self.calls.get(path)))

    async def join_account(self, group: str, name: str) -> None:
        """Let a service account belong to a group."""
        path = path_of("group", self.groups[group], "service_account")
        await self.calls.post(_API + path, {"sa_id": self.accounts[name]})


async def see_auth(calls: Calls, document: Document) -> AuthSeen:
    """Read what matters for the document. Raises ReconcileError where the caller may not, or auth is away."""
    caller = cast("dict[str, Any]", await calls.get(f"{_API}/user/cache"))
    if not caller.get("admin"):
        raise ReconcileError(
            Exit.NOT_ALLOWED,
            f"The token is that of {printable(caller.get('email'))}, who is no superadmin at {calls.url}. Give one of "
            "a superadmin",
        )
    seen = AuthSeen(calls=calls, is_ours="+karst." in await calls.text("/version"))
    seen.marks = await _marks(calls, document.deployment) if seen.is_ours else frozenset()
    kinds = ("dataset", "group", "permission", "tos")
    told = await asyncio.gather(*(calls.get(f"{_API}/{kind}") for kind in kinds))
    datasets, groups, permissions, terms = (cast("Rows", rows) for rows in told)
    seen.datasets = {each["name"]: each["id"] for each in datasets}
    seen.terms_of = {each["name"]: each["tos_id"] for each in datasets}
    seen.groups = {each["name"]: each["id"] for each in groups}
    seen.permissions = {each["name"]: each["id"] for each in permissions}
    seen.terms = {each["name"]: each["id"] for each in reversed(terms)}  # of several, the first
    await _see_accounts(seen, document)
    await _see_details(seen, document)
    return seen


async def _marks(calls: Calls, deployment: str) -> frozenset[str]:
    try:
        told = await calls.get(_API + path_of("declaration", deployment))
    except RefusedError as error:
        raise ReconcileError(
            Exit.UNAVAILABLE,
            f"auth at {calls.url} is of an older Karst, which tells no declarations ({error}). Roll it out",
        ) from None
    return frozenset(cast("list[str]", told))


async def _see_accounts(seen: AuthSeen, document: Document) -> None:
    for each in document.service_accounts:
        found = cast("Rows", await seen.calls.get(f"{_API}/service_account", {"name": each.name}))
        seen.accounts |= {row["name"]: row["id"] for row in found if row["name"] == each.name}
    marked = sorted(each.removeprefix("user/") for each in seen.marks if each.startswith("user/"))
    for begin in range(0, len(marked), _USERS_AT_ONCE):
        ids = ",".join(marked[begin : begin + _USERS_AT_ONCE])
        found = cast("Rows", await seen.calls.get(f"{_API}/service_account", {"id": ids}))
        seen.accounts |= {row["name"]: row["id"] for row in found}


async def _see_details(seen: AuthSeen, document: Document) -> None:
    turn = asyncio.Semaphore(_AT_ONCE)

    async def get(path: str, query: Mapping[str, str] | None = None) -> Rows:
        async with turn:
            return cast("Rows", await seen.calls.get(_API + path, query))

    declared = {name: group.members for each in document.datasets for name, group in each.groups.items()}
    wanted = declared.keys() | {group for each in document.service_accounts for group in each.groups}
    old = _ids(seen.marks, "group") - {seen.groups.get(name) for name in wanted}
    with_members = {seen.groups[name] for name, members in declared.items() if members and name in seen.groups}
    with_members |= _ids(seen.marks, "member")
    dataset_ids = {seen.datasets[each.auth_dataset] for each in document.datasets if each.auth_dataset in seen.datasets}
    dataset_ids |= _ids(seen.marks, "dataset") | _ids(seen.marks, "grant")
    addresses = {each for dataset in document.datasets for group in dataset.groups.values() for each in group.members}

    async def grants(dataset_id: int) -> None:
        for each in await get(path_of("dataset", dataset_id, "group")):
            seen.grants.add((dataset_id, each["id"], each["permission_id"]))

    async def members(group_id: int) -> None:
        seen.members.setdefault(group_id, set()).update(
            [each["id"] for each in await get(path_of("group", group_id, "user"))]
        )

    async def everything(group_id: int) -> None:
        """Also what hangs on a group that is declared no longer."""
        accounts, datasets = await asyncio.gather(
            *(get(path_of("group", group_id, kind)) for kind in ("service_account", "dataset"))
        )
        seen.members.setdefault(group_id, set()).update([each["id"] for each in accounts])
        seen.grants |= {(each["id"], group_id, each["permission_id"]) for each in datasets}

    async def person(address: str) -> None:
        for each in await get("/user", {"email": address}):
            if str(each.get("email", "")).lower() == address:
                seen.people[address] = each["id"]

    async def account(name: str) -> None:
        found = await get(path_of("service_account", seen.accounts[name], "group"))
        seen.account_groups[name] = {each["name"] for each in found}

    known, groups = set(seen.datasets.values()), set(seen.groups.values())
    await asyncio.gather(
        *map(grants, sorted(dataset_ids & known)),
        *map(members, sorted((with_members | old) & groups)),
        *map(everything, sorted(old & groups)),
        *map(person, sorted(addresses)),
        *(account(each.name) for each in document.service_accounts if each.name in seen.accounts),
        _see_tables(seen, document.tables().keys(), turn),
    )


async def _see_tables(seen: AuthSeen, declared: Iterable[tuple[str, str]], turn: asyncio.Semaphore) -> None:
    marked = {(each.split("/")[1], each.split("/", 2)[2]) for each in seen.marks if each.startswith("table/")}
    wanted: dict[str, list[str]] = {}
    for service, table in sorted({*declared, *marked}):
        wanted.setdefault(service, []).append(table)

    async def many(service: str, tables: list[str]) -> None:
        async with turn:
            told = await seen.calls.post(_API + path_of("service", service, "tables", "datasets"), tables)
        found = cast("dict[str, str]", told)
        seen.tables |= {(service, table): dataset for table, dataset in found.items()}

    async def one(service: str, table: str) -> None:
        async with turn:
            try:
                told = await seen.calls.get(_API + path_of("service", service, "table", table, "dataset"))
            except RefusedError as error:
                if error.status != 404:
                    raise
            else:
                seen.tables[service, table] = str(told)

    if seen.is_ours:
        await asyncio.gather(
            *(
                many(service, tables[begin : begin + _TABLES_AT_ONCE])
                for service, tables in wanted.items()
                for begin in range(0, len(tables), _TABLES_AT_ONCE)
            )
        )
    else:
        await asyncio.gather(*(one(service, table) for service, tables in wanted.items() for table in tables))


def _ids(marks: Iterable[str], kind: str) -> set[int]:
    """The first id of each mark of a kind."""
    return {int(each.split("/")[1]) for each in marks if each.startswith(f"{kind}/")}
