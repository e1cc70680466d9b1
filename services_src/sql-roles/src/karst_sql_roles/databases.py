"""Who may open a database, who owns it, and what its groups may do inside."""

from __future__ import annotations

from typing import LiteralString

from psycopg import sql

from karst_sql_roles.document import Database, Wanted
from karst_sql_roles.errors import SqlRolesError
from karst_sql_roles.plan import makers
from karst_sql_roles.session import Session, quoted

_OPENED_BY = """
SELECT CASE grantee WHEN 0 THEN '' ELSE pg_get_userbyid(grantee)::text END, privilege_type
FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datname = %(name)s
"""
_SCHEMA_ACL = """
SELECT CASE grantee WHEN 0 THEN '' ELSE pg_get_userbyid(grantee)::text END, privilege_type
FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) WHERE nspname = 'public'
"""
_DEFAULTS = """
SELECT pg_get_userbyid(defaclrole)::text, defaclobjtype::text, pg_get_userbyid(grantee)::text, privilege_type
FROM pg_default_acl, aclexplode(defaclacl) WHERE defaclnamespace = 'public'::regnamespace
"""
_TABLES = """
SELECT c.relname::text, c.relkind = 'S', pg_get_userbyid(c.relowner)::text,
  pg_has_role(current_user, c.relowner, 'USAGE')
FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
AND NOT EXISTS (
  SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
)
AND NOT CASE WHEN c.relkind = 'S' THEN
  has_sequence_privilege(%(read)s, c.oid, 'SELECT')
  AND has_sequence_privilege(%(write)s, c.oid, 'USAGE') AND has_sequence_privilege(%(write)s, c.oid, 'UPDATE')
ELSE has_table_privilege(%(read)s, c.oid, 'SELECT') AND (SELECT bool_and(has_table_privilege(%(write)s, c.oid, one))
  FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS one) END
ORDER BY 1
"""
_KINDS: tuple[tuple[str, LiteralString, LiteralString, LiteralString], ...] = (
    ("r", "TABLES", "SELECT", "INSERT"),
    ("S", "SEQUENCES", "SELECT", "USAGE"),
)


def open_to_groups(session: Session, database: Database) -> None:
    """Let exactly the database's groups connect to it, and hand it to its owner where it has one."""
    name, base = database.name, quoted(database.name)
    opened = {(str(who), str(what)) for who, what in session.rows(_OPENED_BY, {"name": name})}
    if any(who == "" for who, _ in opened):
        session.change(f"closed {name} to the public", "REVOKE ALL ON DATABASE {base} FROM PUBLIC", base=base)
    grants: list[tuple[str, LiteralString]] = [(database.read, "CONNECT"), (database.write, "TEMPORARY")]
    for group, privilege in grants:
        if (group, privilege) not in opened:
            session.change(
                f"opened {name} to {group}",
                "GRANT {privilege} ON DATABASE {base} TO {group}",
                privilege=sql.SQL(privilege),
                base=base,
                group=quoted(group),
            )
    held = session.names("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %(name)s", {"name": name})
    if database.owner is not None and database.owner not in held:
        session.change(
            f"made {database.owner} the owner of {name}",
            "ALTER DATABASE {base} OWNER TO {owner}",
            base=base,
            owner=quoted(database.owner),
        )


def furnish(session: Session, wanted: Wanted, database: Database) -> None:
    """Inside a database: its extensions, and what its groups may do with tables that exist and that will."""
    _add_extensions(session, database)
    _open_schema(session, wanted, database)
    _set_defaults(session, wanted, database)
    _open_tables(session, database)


def _add_extensions(session: Session, database: Database) -> None:
    installed = session.names("SELECT extname FROM pg_extension")
    available = session.names("SELECT name FROM pg_available_extensions")
    for extension in database.extensions:
        if extension in installed:
            continue
        if extension not in available:
            raise SqlRolesError(
                f"{database.name!r} needs the extension {extension!r}, which the server does not have. Install it "
                "there, or use a server that has it, as Cloud SQL does."
            )
        session.change(
            f"added {extension} to {database.name}",
            "CREATE EXTENSION {extension} SCHEMA public",
            extension=quoted(extension),
        )


def _open_schema(session: Session, wanted: Wanted, database: Database) -> None:
    held = {(str(who), str(what)) for who, what in session.rows(_SCHEMA_ACL)}
    if ("", "CREATE") in held:
        session.change(
            f"closed the schema of {database.name} to makers of tables", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
        )
    grants: list[tuple[str, LiteralString]] = [(database.read, "USAGE")]
    grants.extend((maker, "CREATE") for maker in makers(wanted, database))
    for group, privilege in grants:
        if (group, privilege) not in held:
            session.change(
                f"opened the schema of {database.name} to {group}",
                "GRANT {privilege} ON SCHEMA public TO {group}",
                privilege=sql.SQL(privilege),
                group=quoted(group),
            )


def _set_defaults(session: Session, wanted: Wanted, database: Database) -> None:
    """Tables of one maker are there for all others from their first moment."""
    held = {tuple(map(str, row)) for row in session.rows(_DEFAULTS)}
    for maker in makers(wanted, database):
        for code, kind, reading, writing in _KINDS:
            grants: list[tuple[str, LiteralString, LiteralString]] = [(database.read, reading, reading)]
            if maker != database.write:
                grants.append((database.write, writing, "ALL"))
            for group, probe, privileges in grants:
                if (maker, code, group, probe) in held:
                    continue
                session.change(
                    f"new {kind.lower()} of {maker} in {database.name} are open to {group}",
                    "ALTER DEFAULT PRIVILEGES FOR ROLE {maker} IN SCHEMA public GRANT {what} ON {kind} TO {group}",
                    maker=quoted(maker),
                    what=sql.SQL(privileges),
                    kind=sql.SQL(kind),
                    group=quoted(group),
                )


def _open_tables(session: Session, database: Database) -> None:
    """Tables that were there before, as far as their owners let the administrator."""
    foreign: set[str] = set()
    for name, is_sequence, owner, is_allowed in session.rows(_TABLES, {"read": database.read, "write": database.write}):
        if not is_allowed:
            foreign.add(str(owner))
            continue
        kind = sql.SQL("SEQUENCE" if is_sequence else "TABLE")
        table = quoted(str(name))
        grants: list[tuple[str, LiteralString]] = [(database.read, "SELECT"), (database.write, "ALL")]
        for group, privileges in grants:
            session.change(
                f"opened {name} of {database.name} to {group}",
                "GRANT {what} ON {kind} public.{table} TO {group}",
                what=sql.SQL(privileges),
                kind=kind,
                table=table,
                group=quoted(group),
            )
    new_owner = database.owner or database.write
    session.report.notes += [
        f"tables of {database.name} belong to {owner}, so services can't use all of them. Run once in this database, "
        f'as {owner}: GRANT "{new_owner}" TO "{owner}"; REASSIGN OWNED BY "{owner}" TO "{new_owner}";'
        for owner in sorted(foreign)
    ]
