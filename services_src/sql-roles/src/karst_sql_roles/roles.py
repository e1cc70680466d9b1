"""What belongs to the whole server: groups and their members, logins, and as whom these act."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import LiteralString

from psycopg import sql

from karst_sql_roles.document import Login, Wanted
from karst_sql_roles.errors import SqlRolesError
from karst_sql_roles.marks import EMPTY, Members, read_mark, write_mark
from karst_sql_roles.plan import EVERYWHERE, Group, acts_as, groups
from karst_sql_roles.session import Session, quoted

SIGNAL = "pg_signal_backend"
"""PostgreSQL's own group of those who may end others' sessions: nobody may be connected to what is copied."""
_MARKS = "SELECT rolname, shobj_description(oid, 'pg_authid') FROM pg_roles"
_MEMBERS = """
SELECT DISTINCT member.rolname, grouping.rolname FROM pg_auth_members AS held
JOIN pg_roles AS member ON member.oid = held.member JOIN pg_roles AS grouping ON grouping.oid = held.roleid
WHERE {direct}
"""
_SETTINGS = """
SELECT role.rolname, coalesce(datname, ''), substr(entry, 6) FROM pg_db_role_setting AS held
JOIN pg_roles AS role ON role.oid = held.setrole LEFT JOIN pg_database AS base ON base.oid = held.setdatabase
CROSS JOIN LATERAL unnest(setconfig) AS entry
WHERE entry LIKE 'role=%' AND (held.setdatabase = 0 OR datname IS NOT NULL)
"""

Accepts = Callable[[str, str], bool]


class Roles:
    """The roles of a server, brought to what a deployment wants of them."""

    def __init__(self, session: Session, wanted: Wanted, passwords: Mapping[str, str], accepts: Accepts) -> None:
        self._session = session
        self._wanted = wanted
        self._passwords = passwords
        self._accepts = accepts
        self._groups = groups(wanted)
        self._marks: dict[str, Members | None] = {}
        row = session.rows("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")[0]
        self._admin, self._is_superuser = str(row[0]), bool(row[1])

    def apply(self, existing: frozenset[str]) -> None:
        """Make, change and take away, in the transaction that is open; `existing` names the databases there are."""
        self._marks = {str(name): read_mark(str(comment or "")) for name, comment in self._session.rows(_MARKS)}
        for group in self._groups:
            self._ensure_group(group)
        for login in self._wanted.logins:
            self._ensure_login(login)
        self._close_others()
        self._set_members()
        self._allow_signals()
        self._set_acting(existing)

    def _ensure_group(self, group: Group) -> None:
        name, databases = group.name, sql.SQL("CREATEDB" if group.may_make_databases else "NOCREATEDB")
        if name not in self._marks:
            self._session.change(
                f"made the group {name}",
                "CREATE ROLE {name} NOLOGIN {databases}",
                name=quoted(name),
                databases=databases,
            )
            self._marks[name] = {}
        else:
            self._require_mark(name)
            self._attributes(name, login=False, makes=group.may_make_databases)

    def _ensure_login(self, login: Login) -> None:
        name = login.name
        if login.password is None:
            if name not in self._marks:
                raise SqlRolesError(
                    f"The server has no user {name!r}. The foundation stack makes the users of service accounts: "
                    "deploy it, then this one again."
                )
            return
        password = self._passwords[name]
        if name not in self._marks:
            self._session.change(
                f"made the login {name}",
                "CREATE ROLE {name} LOGIN PASSWORD {verifier}",
                name=quoted(name),
                verifier=self._verifier(name, password),
            )
            self._mark(name, {})
            return
        self._require_mark(name)
        if self._wanted.deployment not in (self._marks[name] or {}):
            self._mark(name, self._marks[name] or {})
        self._attributes(name, login=True, makes=False)
        if not self._accepts(name, password):
            self._session.change(
                f"gave {name} its password",
                "ALTER ROLE {name} PASSWORD {verifier}",
                name=quoted(name),
                verifier=self._verifier(name, password),
            )

    def _attributes(self, name: str, *, login: bool, makes: bool) -> None:
        held = self._session.rows(
            "SELECT rolcanlogin, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = %(name)s", {"name": name}
        )[0]
        if held == (login, makes, False):
            return
        words: list[LiteralString] = [
            "LOGIN" if login else "NOLOGIN",
            "CREATEDB" if makes else "NOCREATEDB",
            "NOCREATEROLE",
        ]
        self._session.change(
            f"set what {name} may do", "ALTER ROLE {name} {words}", name=quoted(name), words=sql.SQL(" ".join(words))
        )

    def _close_others(self) -> None:
        """Logins of this deployment that it no longer wants stay, without a way in and without rights."""
        kept = {login.name for login in self._wanted.logins} | {group.name for group in self._groups}
        able = self._session.names("SELECT rolname FROM pg_roles WHERE rolcanlogin")
        for name, mark in sorted(self._marks.items()):
            if mark is not None and set(mark) == {self._wanted.deployment} and name in able - kept:
                self._session.change(f"closed the login {name}", "ALTER ROLE {name} NOLOGIN", name=quoted(name))

    def _set_members(self) -> None:
        held = self._members()
        wanted = {group.name: group.members for group in self._groups}
        own = frozenset() if self._is_superuser else frozenset({self._admin})
        # First what goes: a role can't become a member of one that is a member of it.
        for name, mark in sorted(self._marks.items()):
            for member in sorted(set((mark or {}).get(self._wanted.deployment, ())) - wanted.get(name, frozenset())):
                if self._others_want(name, member) or (member, name) not in held:
                    continue
                self._session.change(
                    f"took {name} from {member}",
                    "REVOKE {group} FROM {member}",
                    group=quoted(name),
                    member=quoted(member),
                )
        self._refuse_leftovers(wanted, held)
        for group in self._groups:
            for member in sorted(group.members | own):
                if (member, group.name) not in held:
                    self._session.change(
                        f"gave {group.name} to {member}",
                        "GRANT {group} TO {member}",
                        group=quoted(group.name),
                        member=quoted(member),
                    )
        for name, mark in sorted(self._marks.items()):
            if name in wanted or (mark or {}).get(self._wanted.deployment):
                self._mark(name, mark or {}, wanted.get(name, frozenset()))

    def _refuse_leftovers(self, wanted: Mapping[str, frozenset[str]], before: frozenset[tuple[str, str]]) -> None:
        after = self._members()
        for name, mark in sorted(self._marks.items()):
            gone = set((mark or {}).get(self._wanted.deployment, ())) - wanted.get(name, frozenset())
            for member in sorted(gone):
                if (member, name) in before & after and not self._others_want(name, member):
                    raise SqlRolesError(
                        f"{member!r} is still a member of {name!r}: another administrator gave it. Run as that one "
                        f'once: REVOKE "{name}" FROM "{member}";'
                    )

    def _others_want(self, group: str, member: str) -> bool:
        mark = self._marks[group] or {}
        return any(member in members for name, members in mark.items() if name != self._wanted.deployment)

    def _members(self) -> frozenset[tuple[str, str]]:
        # Since version 16 a membership may exist that gives nothing but the right to give it on.
        newer = self._session.connection.info.server_version >= 160000
        direct = "held.inherit_option AND held.set_option" if newer else "true"
        return frozenset(
            (str(member), str(group)) for member, group in self._session.rows(_MEMBERS.format(direct=direct))
        )

    def _allow_signals(self) -> None:
        copies = self._wanted.copies
        if copies is None or (copies, SIGNAL) in self._members():
            return
        done = self._session.try_change(
            f"gave {SIGNAL} to {copies}", "GRANT {group} TO {member}", group=quoted(SIGNAL), member=quoted(copies)
        )
        if not done:
            self._session.report.notes.append(
                f"{copies} can't end other sessions, so a database that is in use can't be copied. Run once as an "
                f'administrator who may: GRANT {SIGNAL} TO "{copies}";'
            )

    def _set_acting(self, existing: frozenset[str]) -> None:
        """Every login acts as its group, in each database where it makes tables."""
        held = {(str(role), str(base)): str(value) for role, base, value in self._session.rows(_SETTINGS)}
        wanted: dict[tuple[str, str], str] = {}
        for login in self._wanted.logins:
            for base, group in acts_as(self._wanted, login).items():
                if base == EVERYWHERE or base in existing:
                    wanted[login.name, base] = group
        ours = {name for name, mark in self._marks.items() if mark is not None and self._wanted.deployment in mark}
        managed = ours | {login.name for login in self._wanted.logins}
        for (role, base), group in sorted(held.items()):
            if role in managed and group in ours and (role, base) not in wanted:
                self._act(role, base, None)
        for (role, base), group in sorted(wanted.items()):
            if held.get((role, base)) != group:
                self._act(role, base, group)

    def _act(self, role: str, base: str, group: str | None) -> None:
        where = sql.SQL("") if base == EVERYWHERE else sql.SQL(" IN DATABASE {}").format(quoted(base))
        what = sql.SQL("RESET role") if group is None else sql.SQL("SET role = {}").format(sql.Literal(group))
        place = "everywhere" if base == EVERYWHERE else f"in {base}"
        sentence = f"{role} acts as {group or 'itself'} {place}"
        if not self._session.try_change(
            sentence, "ALTER ROLE {role}{where} {what}", role=quoted(role), where=where, what=what
        ):
            self._session.report.notes.append(
                f"the server doesn't let its administrator set that {sentence}. The service says SET ROLE itself."
            )

    def _require_mark(self, name: str) -> None:
        if self._marks[name] is None:
            raise SqlRolesError(
                f"The server has a role {name!r} that Karst did not make, and it needs this name. Rename that role; "
                f"or, if Karst shall manage it from now on, run: COMMENT ON ROLE \"{name}\" IS '{EMPTY}';"
            )

    def _mark(self, name: str, before: Members, members: Iterable[str] = ()) -> None:
        mark = {**before, self._wanted.deployment: tuple(sorted(members))}
        if mark == self._marks.get(name):
            return
        self._marks[name] = mark
        self._session.change(
            f"noted whose {name} is",
            "COMMENT ON ROLE {name} IS {mark}",
            name=quoted(name),
            mark=sql.Literal(write_mark(mark)),
        )

    def _verifier(self, name: str, password: str) -> sql.Literal:
        """What the server keeps instead of a password, computed here, so that no log of statements can hold one."""
        made = self._session.connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
        return sql.Literal(made.decode())
