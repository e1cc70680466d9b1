"""What is kept behind a link, and what is known of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

LARGEST_ID = (1 << 63) - 1
LARGEST_NEW_ID = (1 << 53) - 1
"""Browsers get ids as JSON numbers, which they keep exactly only up to here."""
REPEATED = timedelta(minutes=10)
"""Clients send a post again when its answer was lost; within this time it is the same one."""
_ID = re.compile(r"[1-9][0-9]{0,18}")


class Column(StrEnum):
    """What a link leads to; ids are unique over both."""

    STATE = "state"
    PROPERTIES = "properties"


class Visibility(StrEnum):
    """Who may read what stands behind a link."""

    SHARED = "shared"
    """Whoever has a token."""
    PRIVATE = "private"
    """Whoever posted it, and superadmins."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known of a state, or of properties, without the content where that stands elsewhere."""

    id: int
    column: Column
    user_id: str
    """Whoever posted it; empty where nobody knows any more."""
    created: datetime
    tag: str = ""
    """Stands for the content (`tag_of`); empty for what older services wrote."""
    size_bytes: int | None = None
    """Of the JSON text; None for what older services wrote."""
    object_key: str | None = None
    """Where the content stands among the objects."""
    inline: bytes | None = None
    """The content, zlib, where no object has it."""
    place: str = ""
    """Where the record itself stands, in the store's own words."""
    visibility: Visibility = Visibility.SHARED

    def is_repeated_by(self, other: Record) -> bool:
        """Whether another one is the same, by the same user, sent again."""
        is_same = (self.column, self.user_id, self.tag) == (other.column, other.user_id, other.tag)
        return is_same and self.visibility is other.visibility and bool(self.tag) and is_recent(self.created)


def is_recent(moment: datetime) -> bool:
    """Whether something of this time may have been sent again by now."""
    return abs(datetime.now(UTC) - moment) < REPEATED


def id_of(text: str) -> int | None:
    """Read an id; None where the text is none."""
    if not _ID.fullmatch(text):
        return None
    number = int(text)
    return number if number <= LARGEST_ID else None
