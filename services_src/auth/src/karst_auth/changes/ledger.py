"""The one way to change anything: in a transaction that also writes the audit log, and with word to all who remember.

    async with ledger.change(actor) as change:
        await groups.add_member(change, group_id=3, user_id=7)

The API, the pages of administration and the command line all come this way.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg import errors
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from karst_auth.changes.declarations import mark
from karst_auth.model import AuditEntry, Membership, Version
from karst_platform.cave.errors import CaveError
from karst_platform.cave.guard.changes import Change, Changes
from karst_platform.relational import Relational

EACH_BY_NAME = 500
"""Where a change concerns more users, all that is remembered is doubted too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Whoever changes something."""

    id: int | None
    """None for the deployment itself."""
    name: str
    """An e-mail address."""
    ip: str | None = None


DEPLOYMENT = Actor(id=None, name="deployment")
"""What is declared in files, and not done by anybody."""


class Changing:
    """A change under way: its transaction, and what is to be told of it at the end."""

    def __init__(self, session: AsyncSession, actor: Actor, declaration: str | None = None) -> None:
        """`declaration` names the deployment that declares what is made now, where one does."""
        self.session, self.actor, self.declaration = session, actor, declaration
        self._entries: list[AuditEntry] = []
        self._users: set[int] = set()
        self._tokens: set[str] = set()
        self._owners: set[int] = set()
        self.made: list[tuple[int, str]] = []
        """Tokens that were made, and whose they are. They stand nowhere but in this process."""
        self._tables: set[tuple[str, str]] = set()
        self._public: set[str] = set()
        self._is_all = False

    def note(
        self,
        action: str,
        subject: str,
        *,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> None:
        """Write into the audit log what was done, and to what. Never a token."""
        actor = self.actor
        self._entries.append(
            AuditEntry(
                actor_id=actor.id,
                actor=actor.name,
                ip=actor.ip,
                action=action,
                subject=subject,
                before=before,
                after=after,
            )
        )

    def concerns_users(self, *user_ids: int) -> None:
        """Say whose records are no longer what they were."""
        self._users.update(user_ids)

    async def concerns_members(self, group_ids: Collection[int]) -> None:
        """Say that the records of all members of these groups are no longer what they were."""
        query = select(Membership.user_id).where(Membership.group_id.in_(group_ids)).distinct().limit(EACH_BY_NAME + 1)
        members = (await self.session.scalars(query)).all()
        self._is_all |= len(members) > EACH_BY_NAME
        self._users.update(members)

    def concerns_tokens(self, owner_id: int, *hashes: str) -> None:
        """Say which tokens of somebody were made or revoked."""
        self._owners.add(owner_id)
        self._tokens.update(hashes)

    def concerns_table(self, namespace: str, table: str) -> None:
        """Say that a table belongs to another dataset now, or to none."""
        self._tables.add((namespace, table))

    def concerns_public(self, table: str) -> None:
        """Say that other roots of a table are public now."""
        self._public.add(table)

    def concerns_everybody(self) -> None:
        """Say that anything may have changed."""
        self._is_all = True

    async def finish(self) -> Change:
        """Write the log and count the versions; return what is to be told once all is committed."""
        self.session.add_all(self._entries)
        await mark(self.session, self._entries, self.declaration)
        self._is_all |= len(self._users) > EACH_BY_NAME
        versions = {("table", "/".join(each)) for each in self._tables} | {("public", each) for each in self._public}
        versions |= {("all", "")} if self._is_all else {("user", str(each)) for each in self._users}
        if versions:
            await self.session.execute(_COUNT, [{"scope": s, "subject": n, "version": 1} for s, n in sorted(versions)])
        return Change(
            users=tuple(sorted(self._users)[:EACH_BY_NAME]),
            tokens=tuple(sorted(self._tokens)),
            owners=tuple(sorted(self._owners)),
            tables=tuple(sorted(self._tables)),
            public=tuple(sorted(self._public)),
            is_all=self._is_all,
        )


_insert = insert(Version)
_COUNT = _insert.on_conflict_do_update(
    index_elements=[Version.scope, Version.subject], set_={"version": Version.version + 1}
)


class Ledger:
    """Makes changes, and tells `changes` of each that was committed."""

    def __init__(self, database: Relational, changes: Changes, saw: Callable[[int, str], None] | None = None) -> None:
        """`saw` is told of each token that was made, and whose it is."""
        self._database, self.changes, self._saw = database, changes, saw

    @asynccontextmanager
    async def change(self, actor: Actor, declaration: str | None = None) -> AsyncGenerator[Changing]:
        """Begin a change in somebody's name; where anything is raised, nothing was done and nobody is told.

        `declaration` is the deployment whose declaration it follows, where it does. Raises CaveError, 422, where it is
        there already or names what isn't there.
        """
        try:
            async with self._database.begin() as session:
                changing = Changing(session, actor, declaration)
                yield changing
                told = await changing.finish()
        except IntegrityError as error:
            if isinstance(error.orig, errors.ForeignKeyViolation):
                raise CaveError(422, "unknown_id", "One of these ids is nobody's, or still needed elsewhere.") from None
            if isinstance(error.orig, errors.UniqueViolation):
                raise CaveError(422, "already_exists", "It is there already.") from None
            raise
        if self._saw is not None:
            for user_id, token in changing.made:
                self._saw(user_id, token)
        if told != Change():
            await self.changes.publish(told)
