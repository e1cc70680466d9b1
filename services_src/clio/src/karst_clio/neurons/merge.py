"""What becomes of an annotation when somebody posts to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from karst_clio.neurons.records import (
    BODY_ID,
    TIME_SUFFIX,
    USER_SUFFIX,
    WITHOUT_PAIR,
    base_of,
    is_of_pair,
    is_same,
)
from karst_platform.stores.documents import Fields, Json


@dataclass(frozen=True, kw_only=True)
class Posting:
    """Who posts, when, and how it meets what is stored."""

    user: str
    at_s: float
    """Seconds since 1970."""
    is_replacing: bool = False
    """Whether fields that are not sent disappear."""
    conditional: frozenset[str] = frozenset()
    """Fields that keep a stored value unless it is empty, zero or false; without meaning where fields are replaced."""

    @cached_property
    def time(self) -> str:
        """When, as the fields `*_time` say it."""
        return datetime.fromtimestamp(self.at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def merged(stored: Fields | None, posted: Fields, posting: Posting) -> dict[str, Json]:
    """The annotation after `posted` has met `stored`.

    A null deletes its field. New, changed and deleted fields note who and when, unless the request says so itself;
    unchanged ones keep what they had. Posting the same again changes nothing.
    """
    old = stored or {}
    kept = _kept(old, posting)
    result: dict[str, Json] = {} if posting.is_replacing else dict(old)
    result[BODY_ID] = posted[BODY_ID]
    pairs: list[str] = []
    for name, value in posted.items():
        if is_of_pair(name):
            pairs.append(name)
        elif name != BODY_ID and name not in kept:
            is_changed = _is_changed(old, name, value)
            _set(result, name, value if is_changed else old.get(name))
            if name not in WITHOUT_PAIR:
                _note(result, name, old, posting if is_changed else None)
    for name in pairs:
        if name not in kept and base_of(name) not in kept:
            _set(result, name, posted[name])
    return result


def _kept(old: Fields, posting: Posting) -> frozenset[str]:
    if posting.is_replacing:
        return frozenset()
    return frozenset(name for name in posting.conditional if old.get(name))


def _is_changed(old: Fields, name: str, value: Json) -> bool:
    if name not in old:
        # Deleting what somebody has deleted before changes nothing; deleting what never was leaves a note.
        return value is not None or name + USER_SUFFIX not in old
    return not is_same(old[name], value)


def _set(result: dict[str, Json], name: str, value: Json) -> None:
    if value is None:
        result.pop(name, None)
    else:
        result[name] = value


def _note(result: dict[str, Json], name: str, old: Fields, posting: Posting | None) -> None:
    """Note who and when, or, without a posting, what was noted before."""
    user, time = name + USER_SUFFIX, name + TIME_SUFFIX
    if posting is not None:
        result[user], result[time] = posting.user, posting.time
        return
    for each in (user, time):
        if old.get(each) is not None:
            result[each] = old[each]
