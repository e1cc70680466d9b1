"""What the document means in terms of PostgreSQL: groups, their members, and as whom each login acts."""

from __future__ import annotations

from dataclasses import dataclass

from karst_sql_roles.document import Database, Login, Wanted

EVERYWHERE = ""
"""In place of a database's name: a setting that holds in those that don't exist yet, too."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """A role that nobody logs in as."""

    name: str
    members: frozenset[str] = frozenset()
    may_make_databases: bool = False


def groups(wanted: Wanted) -> tuple[Group, ...]:
    """Every group and its members.

    Writing includes reading, owning includes writing. Who copies databases acts as one group in all of them, for
    PostgreSQL lets only a role that owns the original and may make databases itself copy it.
    """
    found: list[Group] = []
    for database in wanted.databases:
        readers, writers = _users(wanted, database, "read"), _users(wanted, database, "write")
        if database.owner is None:
            found += [Group(name=database.read, members=readers | {database.write})]
            found += [Group(name=database.write, members=writers)]
        else:
            copiers = frozenset({wanted.copies}) if wanted.copies else frozenset[str]()
            found += [Group(name=database.read, members=readers - copiers | {database.write})]
            found += [Group(name=database.write, members=writers - copiers | {database.owner})]
            found += [Group(name=database.owner, members=copiers)]
    if wanted.copies is not None:
        copiers = frozenset(login.name for login in wanted.logins if login.can_copy)
        found.append(Group(name=wanted.copies, members=copiers, may_make_databases=True))
    return tuple(found)


def acts_as(wanted: Wanted, login: Login) -> dict[str, str]:
    """Database to the group as which a login acts there, so that what it makes belongs to the group."""
    if login.can_copy and wanted.copies is not None:
        return {EVERYWHERE: wanted.copies}
    by_name = {database.name: database for database in wanted.databases}
    return {name: by_name[name].write for name, access in sorted(login.databases.items()) if access == "write"}


def makers(wanted: Wanted, database: Database) -> tuple[str, ...]:
    """Groups to which new tables of a database belong."""
    writes = wanted.copies in _users(wanted, database, "write")
    copies = (wanted.copies,) if wanted.copies and (writes or database.owner) else ()
    return (database.write, *copies)


def _users(wanted: Wanted, database: Database, access: str) -> frozenset[str]:
    """Logins with exactly this access, and the group of copiers where one of them has it."""
    logins = [login for login in wanted.logins if login.databases.get(database.name) == access]
    copiers = {wanted.copies} if wanted.copies and any(login.can_copy for login in logins) else set[str]()
    return frozenset({login.name for login in logins if not login.can_copy} | copiers)
