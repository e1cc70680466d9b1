"""Changes terms of service, and who accepted them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from karst_auth.changes.datasets import concerns_dataset
from karst_auth.changes.ledger import Changing
from karst_auth.changes.rows import locked
from karst_auth.changes.values import only, text
from karst_auth.model import Dataset, Tos, TosAcceptance, User
from karst_platform.cave.errors import CaveError

NAME, TEXT = 80, 200_000
MISSING = "There are no such terms of service."


async def create(change: Changing, *, name: object, markdown: object) -> Tos:
    """Make terms of service."""
    tos = Tos(name=text(name, "name", NAME), text=text(markdown, "text", TEXT, has_lines=True))
    change.session.add(tos)
    await change.session.flush()
    change.note("tos.create", f"tos/{tos.id}", after={"name": tos.name, "text": tos.text})
    return tos


async def update(change: Changing, *, tos_id: int, values: Mapping[str, object]) -> None:
    """Change name or text; whoever accepted them has accepted them still. Raises CaveError, 404."""
    tos = await locked(change.session, Tos, tos_id, MISSING)
    told = only(values, frozenset({"name", "text"}))
    before = {"name": tos.name, "text": tos.text}
    if "name" in told:
        tos.name = text(told["name"], "name", NAME)
    if "text" in told:
        tos.text = text(told["text"], "text", TEXT, has_lines=True)
    after = {"name": tos.name, "text": tos.text}
    tos.updated = func.now()
    await change.session.flush()
    change.note("tos.update", f"tos/{tos_id}", before=before, after=after)
    if after["name"] != before["name"]:
        for dataset_id in (await change.session.scalars(select(Dataset.id).where(Dataset.tos_id == tos_id))).all():
            await concerns_dataset(change, dataset_id)


async def remove(change: Changing, *, tos_id: int) -> None:
    """Take terms away, and who accepted them. Raises CaveError: 404, and 422 while a dataset has them."""
    tos = await locked(change.session, Tos, tos_id, MISSING)
    await change.session.execute(delete(TosAcceptance).where(TosAcceptance.tos_id == tos_id))
    await change.session.delete(tos)
    await change.session.flush()
    change.note("tos.remove", f"tos/{tos_id}", before={"name": tos.name, "text": tos.text})


async def accept(change: Changing, *, tos_id: int, user_id: int) -> None:
    """Note that somebody accepts terms, for their service accounts too; again is no mistake. Raises CaveError, 404."""
    if await change.session.scalar(select(Tos.id).where(Tos.id == tos_id)) is None:
        raise CaveError(404, "not_found", MISSING)
    statement = insert(TosAcceptance).values(user_id=user_id, tos_id=tos_id).on_conflict_do_nothing()
    accepted = await change.session.scalar(statement.returning(TosAcceptance.id))
    if accepted is None:
        return
    change.note("tos.accept", f"tos/{tos_id}", after={"user_id": user_id})
    children = await change.session.scalars(select(User.id).where(User.parent_id == user_id))
    change.concerns_users(user_id, *children.all())
