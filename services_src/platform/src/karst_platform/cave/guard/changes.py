"""What changed in auth, so that whoever remembers something forgets it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol, TypeVar, cast

NamedT = TypeVar("NamedT")


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What is no longer as it was; nothing says how it is now."""

    users: tuple[int, ...] = ()
    """Whose records changed: grants, roles, names, terms, being disabled."""
    tokens: tuple[str, ...] = ()
    """Hashes of tokens that were made or revoked (`authority.token_hash`)."""
    tables: tuple[tuple[str, str], ...] = ()
    """Namespace and name of tables that were mapped anew, or no longer are."""
    owners: tuple[int, ...] = ()
    """Whose tokens were made or revoked, for whoever keeps tokens by user; their records are as they were."""
    public: tuple[str, ...] = ()
    """Tables whose public roots changed."""
    is_all: bool = False
    """Whether anything else may have changed too, as after an import or a gap in the messages."""

    def to_bytes(self) -> bytes:
        """The change as a message."""
        told = {
            "users": self.users,
            "tokens": self.tokens,
            "owners": self.owners,
            "tables": self.tables,
            "public": self.public,
            "all": self.is_all,
        }
        return json.dumps({key: value for key, value in told.items() if value}).encode()

    @classmethod
    def from_bytes(cls, message: bytes) -> Change:
        """Read a message; one that can't be read may mean anything, so everything changed."""
        try:
            told = cast("dict[str, Any]", json.loads(message))
            return cls(
                users=tuple(int(each) for each in told.get("users", ())),
                tokens=tuple(str(each) for each in told.get("tokens", ())),
                owners=tuple(int(each) for each in told.get("owners", ())),
                tables=tuple((str(namespace), str(table)) for namespace, table in told.get("tables", ())),
                public=tuple(str(each) for each in told.get("public", ())),
                is_all=bool(told.get("all", False)),
            )
        except (ValueError, TypeError, AttributeError):
            return cls(is_all=True)


_MOST_NAMED = 10_000


def merged(changes: Sequence[Change]) -> Change:
    """One change for many, which names the latest of what they name; anything else may have changed too."""
    return Change(
        users=_latest(each.users for each in changes),
        tokens=_latest(each.tokens for each in changes),
        owners=_latest(each.owners for each in changes),
        tables=_latest(each.tables for each in changes),
        public=_latest(each.public for each in changes),
        is_all=True,
    )


def _latest(named: Iterable[tuple[NamedT, ...]]) -> tuple[NamedT, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(named)))[-_MOST_NAMED:]


Listener = Callable[[Change], None]


class Changes(Protocol):
    """Carries changes from auth to whoever remembers something."""

    @property
    def is_live(self) -> bool:
        """Whether a change made now would be heard within seconds; caches are short-lived where it would not."""
        ...

    def listen(self, listener: Listener) -> None:
        """Tell this listener of every change from now on."""
        ...

    async def publish(self, change: Change) -> None:
        """Tell all listeners of all processes; those that can't be reached now are told later."""
        ...
