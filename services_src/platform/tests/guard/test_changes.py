"""Messages about what changed."""

from __future__ import annotations

import pytest

from karst_platform.cave.guard.changes import Change


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
        Change(users=(1, 2), tokens=("a",), tables=(("datastack", "ä\n"),), public=("t",)),
    ],
)
def test_changes_arrive_as_they_were_sent(change: Change) -> None:
    assert Change.from_bytes(change.to_bytes()) == change
