"""Says so to the second of two people who change one thing at once, instead of overwriting what the first one did.

Each form has, in a hidden field, a short print of what its page showed. A change is made only while that is still so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.model import AuditEntry, CustomName, User
from karst_auth.records import shown_name
from karst_platform.cave.errors import CaveError

CODE = "changed_meanwhile"


def seen_values(values: Sequence[object]) -> str:
    """The print of these values."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


async def demand_same(session: AsyncSession, now: str, told: str, subject: str) -> None:
    """See that two prints are the same; without one nobody saw anything. Raises CaveError, 409."""
    if told and told != now:
        who = await _last_change(session, subject)
        raise CaveError(409, CODE, f"{who} changed this while you had it open, so nothing of yours was saved.")


async def _last_change(session: AsyncSession, subject: str) -> str:
    """The name of whoever changed it last: not everybody who may change it too may know their address."""
    query = (
        select(shown_name())
        .select_from(AuditEntry)
        .join(User, User.id == AuditEntry.actor_id)
        .outerjoin(CustomName, CustomName.user_id == User.id)
        .where(AuditEntry.subject == subject)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    return await session.scalar(query) or "Somebody"
