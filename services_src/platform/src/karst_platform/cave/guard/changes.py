"""What changed in auth, so that whoever remembers something forgets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What is no longer as it was; nothing says how it is now."""

    users: tuple[int, ...] = ()
    """Whose records changed: grants, roles, names, terms, being disabled."""
    tokens: tuple[str, ...] = ()
    """Hashes of tokens that were made or revoked (`authority.token_hash`)."""
    tables: tuple[tuple[str, str], ...] = ()
    """Namespace and name of tables that were mapped anew, or no longer are."""
    public: tuple[str, ...] = ()
    """Tables whose public roots changed."""
    is_all: bool = False
    """Whether anything may have changed, as after an import or a gap in the messages."""

    def to_bytes(self) -> bytes:
        """The change as a message."""
        told = {
            "users": self.users,
            "tokens": self.tokens,
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
                tables=tuple((str(namespace), str(table)) for namespace, table in told.get("tables", ())),
                public=tuple(str(each) for each in told.get("public", ())),
                is_all=bool(told.get("all", False)),
            )
        except (ValueError, TypeError, AttributeError):
            return cls(is_all=True)


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
