"""One run: make the server what the document says, change by change, and say what was changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from karst_sql_roles.databases import furnish, open_to_groups
from karst_sql_roles.document import Wanted
from karst_sql_roles.errors import SqlRolesError
from karst_sql_roles.roles import Roles
from karst_sql_roles.server import Server
from karst_sql_roles.session import Report, Session
from karst_sql_roles.settings import SqlRolesSettings

_LOCK = 0x6B61727374
"""One run at a time on a server, of whichever deployment or generation."""


def reconcile(settings: SqlRolesSettings, wanted: Wanted, report: Report) -> None:
    """Bring the server to the wanted state. What is so already is left alone, so a second run changes nothing.

    What concerns all of the server happens in one transaction, then each database has one of its own: a run that is
    interrupted leaves whole steps behind, and the next one goes on. `report` takes what was done. Raises SqlRolesError
    with everything that a person must put right; the databases that are in order are done nevertheless.
    """
    passwords = _passwords(settings.secrets, wanted)
    server = Server(settings)
    problems: list[str] = []
    with server.administer(settings.database) as connection:
        _wait_for_turn(Session(connection, report), settings)
        existing = Session(connection, report).names("SELECT datname FROM pg_database WHERE datallowconn")
        ready = [database for database in wanted.databases if database.name in existing]
        problems += [
            f"The server has no database {database.name!r}. Deploy the stack that makes it, then this one again."
            for database in wanted.databases
            if database.name not in existing
        ]
        done = Report()
        with connection.transaction():
            session = Session(connection, done)
            Roles(session, wanted, passwords, server.accepts).apply(existing)
            for database in ready:
                _surely(session, lambda inside, one=database: open_to_groups(inside, one))
        report.take(done)
        for database in ready:
            done = Report()
            try:
                with server.administer(database.name) as inside, inside.transaction():
                    _surely(Session(inside, done), lambda inside, one=database: furnish(inside, wanted, one))
            except SqlRolesError as error:
                problems.append(str(error))
            else:
                report.take(done)
    if problems:
        raise SqlRolesError("\n".join(problems))


def _surely(session: Session, work: Callable[[Session], None]) -> None:
    """Do it and look again: PostgreSQL answers a grant that it did not make with no more than a warning."""
    work(session)
    again = Report()
    work(Session(session.connection, again))
    if again.changes:
        raise SqlRolesError(
            f"The server did not do this, for it belongs to somebody else: {'; '.join(again.changes)}. Give "
            "the administrator the rights of its owner (GRANT owner TO administrator), and deploy again."
        )


def _wait_for_turn(session: Session, settings: SqlRolesSettings) -> None:
    """Until no other run is at work; its end, however it comes, lets the next one in."""
    with session.connection.transaction():
        # Another run may take longer than a lock on a table should.
        session.rows("SELECT set_config('lock_timeout', %(wait)s, true)", {"wait": f"{20 * settings.timeout_s}s"})
        session.rows("SELECT pg_advisory_lock(%(key)s)", {"key": _LOCK})


def _passwords(folder: Path, wanted: Wanted) -> Mapping[str, str]:
    """Login to its password. Raises SqlRolesError that names every one that can't be had."""
    found: dict[str, str] = {}
    problems: list[str] = []
    for login in wanted.logins:
        if login.password is None:
            continue
        try:
            text = (folder / login.password).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(
                f"The password of {login.name!r} can't be read from {folder / login.password}: {_why(error)}"
            )
            continue
        # As the services' own files are filled: an editor's last newline is none of the password's.
        password = text.removesuffix("\n").removesuffix("\r")
        if not password or "\x00" in password:
            problems.append(
                f"The password of {login.name!r} in {folder / login.password} is empty, or has a NUL in it."
            )
        found[login.name] = password
    if problems:
        raise SqlRolesError(
            "\n".join([*problems, "Give each secret a value in Secret Manager, as text, then deploy again."])
        )
    return found


def _why(error: OSError | UnicodeDecodeError) -> str:
    return "it is no text in UTF-8." if isinstance(error, UnicodeDecodeError) else f"{error.strerror or 'unreadable'}."
