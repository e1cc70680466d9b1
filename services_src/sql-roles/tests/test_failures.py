"""What goes wrong says what to do, leaves nothing half done, and keeps no later run from succeeding."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from karst_sql_roles import Report, SqlRolesError, load_wanted, reconcile

if TYPE_CHECKING:
    from conftest import Place


def failure(place: Place, *logins: object, **settings: object) -> str:
    with pytest.raises(SqlRolesError) as caught:
        place.run(place.wanted(*logins), **settings)  # pyright: ignore[reportArgumentType]
    return str(caught.value)


def command(place: Place, document: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "KARST_SQL_ROLES": str(document),
        "KARST_SECRETS": str(place.secrets),
        "KARST_SQL_HOST": place.host,
        "KARST_SQL_USER": place.admin,
        "KARST_SQL_PASSWORD": place.admin_password,
        "KARST_SQL_SSLMODE": "disable",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "karst_sql_roles"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def written(place: Place, logins: int = 1) -> Path:
    document = place.secrets / "roles.json"
    wanted = place.wanted(*(place.login(f"service{number}", volume="write") for number in range(logins)))
    document.write_text(wanted.model_dump_json(), encoding="utf-8")
    return document


def test_the_program_says_what_it_did_and_ends(place: Place) -> None:
    document = written(place)
    first = command(place, document)
    said = first.communicate(timeout=60)[1]
    assert first.returncode == 0, said
    assert f"made the login {place.name('service0')}" in said
    second = command(place, document).communicate(timeout=60)[1]
    assert [json.loads(line)["message"] for line in second.splitlines()] == ["0 changes; the server is as wanted"]


def test_the_program_fails_with_one_message(place: Place) -> None:
    document = written(place)
    (place.secrets / "service0").unlink()
    run = command(place, document)
    out, said = run.communicate(timeout=60)
    assert (run.returncode, out) == (1, "")
    assert "The password of" in said
    assert "Traceback" not in said


def test_two_at_once_wait_for_each_other(place: Place) -> None:
    wanted = place.wanted(*(place.login(f"service{number}", volume="write") for number in range(8)))

    def run(_: int) -> Report:
        report = Report()
        reconcile(place.settings(), wanted, report)
        return report

    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(run, range(4)))
    assert sorted(bool(report.changes) for report in reports) == [False, False, False, True]


def test_one_that_is_killed_leaves_whole_steps_and_the_next_goes_on(place: Place) -> None:
    document = written(place, logins=20)
    groups = [place.name(f"volume_{kind}") for kind in ("owner", "read", "write")]
    with place.root() as root:
        # Holds up the run in the middle of its first transaction: it must read and write this row.
        with root.transaction(), place.root("volume") as inside, inside.transaction():
            inside.execute("LOCK TABLE pg_extension IN ACCESS EXCLUSIVE MODE")
            run = command(place, document)
            query = "SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)"
            with place.root() as watch:
                deadline = time.monotonic() + 30
                while watch.execute(query, (groups,)).fetchone() != (3,):
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            run.send_signal(signal.SIGKILL)
            run.communicate(timeout=30)
            assert run.returncode == -signal.SIGKILL
        defaults = "SELECT count(*) FROM pg_default_acl"
        with place.root("volume") as inside:
            assert inside.execute(defaults).fetchone() == (0,), "the database's own transaction had not ended"
    report = Report()
    reconcile(place.settings(), load_wanted(document), report)
    assert any("schema" in change for change in report.changes)
    report = Report()
    reconcile(place.settings(), load_wanted(document), report)
    assert report.changes == []


def test_missing_secrets_are_named_and_nothing_is_changed(place: Place) -> None:
    logins = [place.login("one", base="read"), place.login("two", base="read"), place.login("bad", base="read")]
    (place.secrets / "one").unlink()
    (place.secrets / "two").write_text("", encoding="utf-8")
    (place.secrets / "bad").write_bytes(b"\xff\xfe")
    said = failure(place, *logins)
    for name, reason in (("one", "No such file"), ("two", "is empty"), ("bad", "no text in UTF-8")):
        assert any(place.name(name) in line and reason in line for line in said.splitlines())
    assert "Give each secret a value in Secret Manager" in said
    with place.root() as root:
        query = "SELECT count(*) FROM pg_roles WHERE rolname LIKE %s"
        assert root.execute(query, (f"{place.mark}%",)).fetchone() == (0,)


def test_a_wrong_password_of_the_administrator(place: Place) -> None:
    said = failure(place, password="wrong-password")
    assert f"turned away '{place.admin}'" in said
    assert "KARST_SQL_PASSWORD" in said
    assert "wrong-password" not in said


@pytest.mark.parametrize("where", [{"host": "127.0.0.1", "port": 1}, {"host": "no-such-host.invalid"}])
def test_a_server_that_does_not_answer(place: Place, where: dict[str, object]) -> None:
    said = failure(place, **where)
    assert "can't be used" in said
    assert "See that the server runs" in said


def test_one_who_logs_in_without_the_rights(place: Place) -> None:
    with place.root() as root:
        root.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(place.name("weak"))))
    assert "may not create roles, neither itself nor as 'cloudsqlsuperuser'" in failure(
        place, user=place.name("weak"), password="x"
    )


def test_a_missing_database_is_named_and_the_others_are_done(place: Place) -> None:
    listed = (place.database("base"), place.database("nowhere"))
    wanted = place.wanted(place.login("reader", base="read", nowhere="write"), databases=listed)
    with pytest.raises(SqlRolesError, match=r"has no database .*nowhere'. Deploy the stack that makes it"):
        place.run(wanted)
    place.service("reader", "base").close()
    place.add_database("nowhere")
    place.run(wanted)
    place.service("reader", "nowhere").close()


def test_a_missing_extension_is_named_and_nothing_of_the_database_is_changed(place: Place) -> None:
    listed = (place.database("base", extensions=("no_such_extension",)), place.database("volume"))
    with pytest.raises(SqlRolesError, match=r"needs the extension 'no_such_extension'.*Install it there"):
        place.run(place.wanted(place.login("writer", base="write", volume="write"), databases=listed))
    with place.service("writer", "volume") as writer:
        writer.execute("CREATE TABLE cells (id int)")
    with place.root("base") as root:
        assert root.execute("SELECT count(*) FROM pg_default_acl").fetchone() == (0,)


def test_an_extension_is_added_by_an_administrator_who_may(place: Place) -> None:
    wanted = place.wanted(
        place.login("reader", base="read"), databases=(place.database("base", extensions=("plpgsql", "vector")),)
    )
    with pytest.raises(SqlRolesError, match=r"added vector to .*: the server refused .permission denied to create"):
        place.run(wanted)
    superuser = {"user": "postgres", "password": "", "admin_role": ""}
    assert f"added vector to {place.name('base')}" in place.run(wanted, **superuser).changes
    with place.service("reader", "base") as reader:
        assert reader.execute("SELECT '[1,2]'::public.vector <-> '[1,3]'").fetchone() == (1.0,)
    assert place.run(wanted).changes == []
    assert place.run(wanted, **superuser).changes == []


def test_a_role_of_somebody_elses_is_not_taken_over_unless_it_is_handed_over(place: Place) -> None:
    name = place.name("service")
    with psycopg.connect(host=place.host, user=place.admin, password=place.admin_password, dbname="postgres") as admin:
        admin.execute("SET ROLE cloudsqlsuperuser")
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'theirs'").format(sql.Identifier(name)))
    login = place.login("service", "ours", base="read")
    said = failure(place, login)
    assert f"has a role '{name}' that Karst did not make" in said
    place.connect(name, "theirs").close()
    with psycopg.connect(host=place.host, user=place.admin, password=place.admin_password, dbname="postgres") as admin:
        admin.execute("SET ROLE cloudsqlsuperuser")
        admin.execute(said.partition("run: ")[2].encode())
    place.run(place.wanted(login))
    place.service("service", "base").close()


def test_a_database_of_somebody_elses_is_not_said_to_be_closed(place: Place) -> None:
    with place.root() as root:
        root.execute(sql.SQL("ALTER DATABASE {} OWNER TO postgres").format(sql.Identifier(place.name("base"))))
    listed = (place.database("base"),)
    with pytest.raises(SqlRolesError, match=r"belongs to somebody else|the server refused"):
        place.run(place.wanted(place.login("reader", base="read"), databases=listed))


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ("{", "Invalid JSON"),
        ('{"deployment": "x", "surprise": 1}', "surprise"),
        ('{"deployment": "x", "logins": [{"name": "a", "databases": {"b": "read"}}]}', "uses the database 'b'"),
        ('{"deployment": "x", "logins": [{"name": "a", "can_copy": true, "databases": {}}]}', "no group is named"),
        ('{"deployment": "x", "logins": [{"name": "a", "password": "../b", "databases": {}}]}', "password"),
        ('{"deployment": "x", "databases": [{"name": "a", "read": "b", "write": "b"}]}', "two roles are called 'b'"),
        (json.dumps({"deployment": "x", "logins": [{"name": "\N{SNOWMAN}" * 22, "databases": {}}]}), "63 bytes"),
    ],
)
def test_a_document_that_is_none(tmp_path: Path, document: str, fault: str) -> None:
    path = tmp_path / "roles.json"
    path.write_text(document, encoding="utf-8")
    with pytest.raises(SqlRolesError, match="are no valid document") as caught:
        load_wanted(path)
    assert fault in str(caught.value)


def test_a_document_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SqlRolesError, match="KARST_SQL_ROLES"):
        load_wanted(tmp_path / "roles.json")
