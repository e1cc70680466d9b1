"""What was made because a deployment declares it, and what people made by hand: marks, written with the change itself.

A thing is marked by whoever makes or changes it in the name of a declaration, and is unmarked by whoever takes it away:
what comes back by hand is somebody's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.model import AuditEntry, Declaration

_MADE = frozenset(
    {
        "dataset.create", "dataset.update", "group.create", "permission.create", "service_account.create", "table.map",
        "tos.create", "user.create", "user.update",
    }
)  # fmt: skip
_GONE = frozenset({"dataset.remove", "group.remove", "permission.remove", "table.unmap", "tos.remove", "user.remove"})


async def mark(session: AsyncSession, entries: Iterable[AuditEntry], declaration: str | None) -> None:
    """Mark what these entries made, if a declaration asked for it, and unmark what they took away."""
    things: dict[str, bool] = {}
    for entry in entries:
        thing, is_made = _thing(entry)
        if thing is not None and (declaration is not None or not is_made):
            things[thing] = is_made
    gone = [thing for thing, is_made in things.items() if not is_made]
    if gone:
        await session.execute(delete(Declaration).where(Declaration.thing.in_(gone)))
    made = sorted(thing for thing, is_made in things.items() if is_made)
    if made:
        values = [{"thing": thing, "deployment": declaration} for thing in made]
        statement = insert(Declaration)
        taken = statement.on_conflict_do_update(
            index_elements=[Declaration.thing], set_={"deployment": statement.excluded.deployment}
        )
        await session.execute(taken, values)


def _thing(entry: AuditEntry) -> tuple[str | None, bool]:
    """What an entry is about, as marks name it, and whether it is there now."""
    told = cast("Mapping[str, object]", entry.after or entry.before or {})
    match entry.action:
        case action if action in _MADE:
            return entry.subject, True
        case action if action in _GONE:
            return entry.subject, False
        case "grant.add" | "grant.remove":
            dataset_id = entry.subject.removeprefix("dataset/")
            return f"grant/{dataset_id}/{told['group_id']}/{told['permission_id']}", entry.action == "grant.add"
        case "group.add_member" | "group.remove_member":
            group_id = entry.subject.removeprefix("group/")
            return f"member/{group_id}/{told['user_id']}", entry.action == "group.add_member"
        case _:
            return None, False
