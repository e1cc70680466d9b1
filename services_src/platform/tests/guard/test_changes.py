"""Messages about what changed."""

from __future__ import annotations

import pytest

from karst_platform.cave.guard.authority import AuthorityUnavailableError, token_hash
from karst_platform.cave.guard.changes import Change, merged
from karst_platform.cave.guard.push import LocalChanges
from karst_platform.cave.guard.remember import Remembering
from services_src.platform.tests.guard.people import EDITOR, READER, Known, token


@pytest.mark.parametrize(
    "message", [b"", b"x", b"[]", b'{"users": [[]]}', b'{"users": 3}', b'{"tables": ["x"]}', b"\xff"]
)
def test_messages_that_nobody_can_read_mean_anything_changed(message: bytes) -> None:
    assert Change.from_bytes(message) == Change(is_all=True)


@pytest.mark.parametrize(
    "change",
    [
        Change(),
        Change(is_all=True),
        Change(is_all=True, users=(3,), tokens=("b",), owners=(4,)),
        Change(users=(1, 2), tokens=("a",), tables=(("datastack", "ä\n"),), public=("t",)),
    ],
)
def test_changes_arrive_as_they_were_sent(change: Change) -> None:
    assert Change.from_bytes(change.to_bytes()) == change


def test_many_changes_become_one_that_still_names_what_they_name() -> None:
    many = [Change(tokens=("a",), owners=(1,)), Change(users=(2,), tokens=("a", "b")), Change(public=("t",))]
    assert merged(many) == Change(users=(2,), tokens=("a", "b"), owners=(1,), public=("t",), is_all=True)


async def test_a_revoked_token_is_never_served_again_though_anything_may_have_changed() -> None:
    known = Known()
    memory = Remembering(known, LocalChanges())
    for user in (READER, EDITOR):
        assert await memory.record(token(user.id)) == user
    memory.heard(Change(is_all=True, tokens=(token_hash(token(READER.id)),)))
    known.is_gone = True
    assert await memory.record(token(EDITOR.id)) == EDITOR  # what was known, while auth is gone
    with pytest.raises(AuthorityUnavailableError):
        await memory.record(token(READER.id))
