"""Users as the store has them, `clio_users/{email}`, older spellings included, kept for ten minutes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from karst_clio.caching import Clock, TimedCache
from karst_clio.identity.own_tokens import is_address
from karst_clio.identity.user import User
from karst_platform.stores.documents import Documents, Fields, Path, Query, Transaction, Write

USERS = ("clio_users",)
KEEP_S = 600
_MOST_KEPT = 20_000
_BATCH = 100


class UserChange(BaseModel):
    """What to change of a user; what is not sent keeps its value."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    name: str | None = None
    org: str | None = None
    disabled: bool = Field(default=False, description="Whether every call of this user is refused.")
    global_roles: list[str] = Field(default_factory=list, description="Roles that hold in every dataset.")
    datasets: dict[str, list[str]] = Field(default_factory=dict, description="Roles by dataset.")
    groups: list[str] = Field(default_factory=list, description="Groups whose members share annotations.")
    token_epoch: float | None = Field(default=None, description="Tokens issued before this time (Unix) are refused.")


@dataclass(frozen=True, kw_only=True)
class Record:
    """A user and since when its tokens count."""

    user: User
    token_epoch_s: float | None = None

    def ends(self, issued_s: float | None) -> bool:
        """Whether a token of this time is over before its time."""
        return self.token_epoch_s is not None and (issued_s is None or issued_s < self.token_epoch_s)


class Records:
    """Users by e-mail: lower-cased, else spelled exactly as asked for."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._cache: TimedCache[str, Record] = TimedCache(keep_s=KEEP_S, size=_MOST_KEPT, clock=clock)
        self._groups: TimedCache[str, frozenset[str]] = TimedCache(keep_s=KEEP_S, size=_MOST_KEPT, clock=clock)

    async def get(self, email: str) -> Record:
        """What is known of a user; one that the store doesn't know has no roles."""
        return await self._cache.get(email, lambda: self._load(email))

    async def members(self, group: str) -> frozenset[str]:
        """E-mails of a group's members."""
        return await self._groups.get(group, lambda: self._load_members(group))

    async def all(self) -> AsyncIterator[tuple[str, User]]:
        """Every user as it is stored, in order of e-mails."""
        async for found in self._documents.find(Query(collection=USERS)):
            yield found.id, _record(found.id, found.fields).user

    async def change(self, changes: Mapping[str, UserChange]) -> None:
        """Change users and add those that don't exist, a batch of them at a time."""
        emails = list(changes)
        for start in range(0, len(emails), _BATCH):
            batch = {email: changes[email] for email in emails[start : start + _BATCH]}

            async def work(transaction: Transaction, batch: Mapping[str, UserChange] = batch) -> None:
                await _change(transaction, batch)

            await self._documents.in_transaction(work)
        self.forget()

    async def remove(self, emails: Iterable[str]) -> None:
        """Remove users, however they are spelled; unknown ones are no mistake."""
        paths = {path for email in emails if is_address(email) for path in _paths(email)}
        await self._documents.write(*(Write(path=path, fields=None) for path in sorted(paths)))
        self.forget()

    def forget(self) -> None:
        """Read users and groups again the next time."""
        self._cache.clear()
        self._groups.clear()

    async def _load(self, email: str) -> Record:
        found = await self._documents.get_many(_paths(email))
        document = next((each for each in found if each is not None), None)
        return _record(email, document.fields if document is not None else {})

    async def _load_members(self, group: str) -> frozenset[str]:
        query = Query(collection=USERS, contains=(("groups", group),))
        return frozenset([found.id async for found in self._documents.find(query)])


async def _change(transaction: Transaction, changes: Mapping[str, UserChange]) -> None:
    paths = {email: _paths(email) for email in changes}
    wanted = list(dict.fromkeys(path for each in paths.values() for path in each))
    found = dict(zip(wanted, await transaction.get_many(wanted), strict=True))
    fields: dict[Path, dict[str, object]] = {}
    for email, change in changes.items():
        path = next((each for each in paths[email] if found[each] is not None), paths[email][0])
        stored = found[path]
        merged = fields.setdefault(path, dict(stored.fields) if stored is not None else {})
        if "clio_global" in merged:
            merged.setdefault("global_roles", _texts(merged.pop("clio_global")))
        merged |= {"global_roles": merged.get("global_roles", []), "datasets": merged.get("datasets", {})}
        merged |= change.model_dump(exclude_unset=True)
    transaction.write(*(Write(path=path, fields=each) for path, each in fields.items()))  # type: ignore[arg-type]


def _paths(email: str) -> list[Path]:
    return [(*USERS, spelling) for spelling in dict.fromkeys((email.lower(), email))]


def _record(email: str, fields: Fields) -> Record:
    """Read generously: one odd document must not lock anybody out, nor give anybody a role."""
    user = User(
        email=email,
        name=_text(fields.get("name")),
        org=_text(fields.get("org")),
        picture=_text(fields.get("picture")),
        disabled=fields.get("disabled") is True,
        global_roles=_texts(fields.get("global_roles", fields.get("clio_global"))),
        datasets=roles_by_dataset(fields.get("datasets")),
        datasets_ignore_tos=roles_by_dataset(fields.get("datasets_ignore_tos")),
        groups=_texts(fields.get("groups")),
    )
    return Record(user=user, token_epoch_s=_number(fields.get("token_epoch")))


def roles_by_dataset(value: object) -> dict[str, list[str]]:
    """Lists of texts by name; whatever is none is left out."""
    return {name: _texts(each) for name, each in value.items()} if isinstance(value, Mapping) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return []
    return [each for each in value if isinstance(each, str)]
