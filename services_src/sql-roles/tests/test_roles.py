"""Runs against a real server: what they make, what they leave alone, and what the services may then do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg import errors, sql

from karst_sql_roles import SqlRolesError, Wanted

if TYPE_CHECKING:
    from conftest import Place

HOSTILE = "a'b\"c\\d%@e{f}$$;-- \N{GREEK SMALL LETTER MU}\N{SNOWMAN}"


def everybody(place: Place) -> Wanted:
    return place.wanted(
        place.login("reader", base="read", volume="read"),
        place.login("annotationengine", base="write", volume="write"),
        place.login("materialize", copies=True, base="write", volume="write"),
        place.login("worker", copies=True, volume="write"),
    )


def test_a_second_run_changes_nothing(place: Place) -> None:
    first = place.run(everybody(place))
    assert f"made the login {place.name('reader')}" in first.changes
    assert first.notes == []
    second = place.run(everybody(place))
    assert second.changes == []
    assert second.notes == []


def test_a_reader_reads_what_others_make_and_writes_nothing(place: Place) -> None:
    place.run(everybody(place))
    with place.service("annotationengine", "volume") as writer:
        writer.execute("CREATE TABLE cells (id serial PRIMARY KEY)")
        writer.execute("INSERT INTO cells DEFAULT VALUES")
    with place.service("reader", "volume") as reader:
        assert reader.execute("SELECT count(*) FROM cells").fetchone() == (1,)
        for forbidden in ("INSERT INTO cells DEFAULT VALUES", "DELETE FROM cells", "CREATE TABLE mine ()"):
            with pytest.raises(errors.InsufficientPrivilege):
                reader.execute(forbidden.encode())


def test_writers_share_their_tables_whoever_makes_them(place: Place) -> None:
    place.run(everybody(place))
    with place.service("materialize", "volume") as maker:
        maker.execute("CREATE TABLE segmentations (id serial PRIMARY KEY)")
    with place.service("annotationengine", "volume") as writer:
        writer.execute("INSERT INTO segmentations DEFAULT VALUES")
        writer.execute("CREATE TABLE annotations (id serial PRIMARY KEY)")
    with place.service("worker", "volume") as other:
        other.execute("ALTER TABLE annotations ADD COLUMN note text")
        other.execute("ALTER TABLE segmentations ADD COLUMN note text")
    with place.service("reader", "volume") as reader:
        assert reader.execute("SELECT count(*) FROM segmentations").fetchone() == (1,)


def test_materialization_alone_copies_databases_and_all_of_it_uses_the_copy(place: Place) -> None:
    place.run(everybody(place))
    with place.service("annotationengine", "volume") as writer:
        writer.execute("CREATE TABLE cells (id int)")
        busy = writer.info.backend_pid
        copy, original = sql.Identifier(place.name("frozen")), sql.Identifier(place.name("volume"))
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(copy, original)
        with place.service("annotationengine", "base") as engine, pytest.raises(errors.InsufficientPrivilege):
            engine.execute(statement)
        with place.service("materialize", "base") as maker:
            maker.execute("SELECT pg_terminate_backend(%s, 5000)", (busy,))
            maker.execute(statement)
    with place.service("worker", "frozen") as worker:
        worker.execute("INSERT INTO cells VALUES (1)")
        worker.execute("CREATE TABLE merged AS SELECT * FROM cells")
    with place.service("materialize", "frozen") as maker:
        maker.execute("ALTER TABLE merged ADD PRIMARY KEY (id)")
    with place.service("reader", "frozen") as reader:
        assert reader.execute("SELECT count(*) FROM merged").fetchone() == (1,)
    with place.service("worker", "volume") as worker:
        worker.execute(sql.SQL("DROP DATABASE {}").format(copy))


@pytest.mark.parametrize("forbidden", ["CREATE ROLE mine", "ALTER ROLE CURRENT_USER SUPERUSER", "SET ROLE postgres"])
def test_who_copies_databases_gives_itself_nothing_else(place: Place, forbidden: str) -> None:
    place.run(everybody(place))
    with place.service("materialize", "volume") as maker, pytest.raises(errors.InsufficientPrivilege):
        maker.execute(forbidden.encode())


def test_the_public_and_users_of_other_databases_can_not_connect(place: Place) -> None:
    place.add_database("other")
    listed = (place.database("base"), place.database("other"))
    place.run(place.wanted(place.login("a", base="write"), place.login("b", other="read"), databases=listed))
    with place.root() as root:
        root.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(place.name("stranger"))))
    (place.secrets / "stranger").write_text("x", encoding="utf-8")
    for who in ("b", "stranger"):
        with pytest.raises(errors.OperationalError, match="permission denied for database"):
            place.service(who, "base")


@pytest.mark.parametrize(
    "password",
    ["'\"\\%@", HOSTILE, "Schl\N{LATIN SMALL LETTER U WITH DIAERESIS}ssel\N{KEY}", " two words ", "x" * 500],
)
def test_any_password_works_and_a_new_one_replaces_it(place: Place, password: str) -> None:
    place.run(place.wanted(place.login("service", password, base="read")))
    place.service("service", "base").close()
    changed = place.run(place.wanted(place.login("service", f"{password}2", base="read")))
    assert changed.changes == [f"gave {place.name('service')} its password"]
    place.service("service", "base").close()
    with pytest.raises(errors.OperationalError, match="authentication failed"):
        place.connect(place.name("service"), password, "base")


def test_the_last_newline_of_a_secret_is_none_of_the_password(place: Place) -> None:
    place.run(place.wanted(place.login("service", "secret\n", base="read")))
    place.connect(place.name("service"), "secret", "base").close()


def test_no_password_reaches_the_server_or_the_log(place: Place) -> None:
    with place.root() as root:
        root.execute("ALTER SYSTEM SET log_statement = 'all'")
        root.execute("SELECT pg_reload_conf()")
        report = place.run(place.wanted(place.login("service", "my-long-password", base="read")))
        folder = root.execute("SHOW data_directory").fetchone()
        root.execute("ALTER SYSTEM RESET log_statement")
        root.execute("SELECT pg_reload_conf()")
        log = root.execute("SELECT pg_read_file('log')").fetchone()
    assert folder is not None
    assert log is not None
    assert "SCRAM-SHA-256$" in log[0], "the log holds the statements"
    assert "my-long-password" not in log[0]
    assert not any("my-long-password" in line or "SCRAM" in line for line in report.changes)


def test_what_is_no_longer_wanted_loses_its_rights(place: Place) -> None:
    place.run(everybody(place))
    report = place.run(place.wanted(place.login("annotationengine", base="write", volume="read")))
    assert f"closed the login {place.name('reader')}" in report.changes
    with pytest.raises(errors.OperationalError, match="not permitted to log in"):
        place.service("reader", "volume")
    with place.service("annotationengine", "volume") as reader, pytest.raises(errors.InsufficientPrivilege):
        reader.execute("CREATE TABLE cells (id int)")
    with place.root() as root:
        query = "SELECT pg_has_role(%s, %s, 'MEMBER')"
        for group in ("volume_read", "volume_write", "copies"):
            assert root.execute(query, (place.name("materialize"), place.name(group))).fetchone() == (False,)
    place.run(everybody(place))
    place.service("reader", "volume").close()
    assert place.run(everybody(place)).changes == []


def test_what_was_given_by_hand_and_what_others_made_stays(place: Place) -> None:
    wanted = place.wanted(place.login("reader", base="read"))
    place.run(wanted)
    person = sql.Identifier(place.name("person"))
    with place.root() as root:
        root.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x' CREATEDB").format(person))
        root.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(place.name("base_read")), person))
    (place.secrets / "person").write_text("x", encoding="utf-8")
    assert place.run(wanted).changes == []
    place.service("person", "base").close()


def test_two_deployments_on_one_server_leave_each_other_alone(place: Place) -> None:
    mine = place.wanted(place.login("reader", base="read"))
    theirs = mine.model_copy(
        update={
            "deployment": place.name("other"),
            "copies": place.name("other copies"),
            "logins": (),
            "databases": mine.databases,
        }
    )
    theirs = theirs.model_copy(update={"logins": place.wanted(place.login("guest", base="write")).logins})
    place.run(mine)
    place.run(theirs)
    place.service("reader", "base").close()
    place.service("guest", "base").close()
    assert place.run(mine).changes == []
    assert place.run(theirs).changes == []


@pytest.mark.parametrize("name", [HOSTILE, 'x"; DROP DATABASE postgres; --', "Ünïcødé", "%s %(x)s {x}", "public"])
def test_any_name_works(place: Place, name: str) -> None:
    place.add_database(name)
    wanted = place.wanted(place.login("service"), databases=(place.database(name, is_copied=True),))
    login = wanted.logins[0].model_copy(
        update={"name": place.name(f"login {name}"), "databases": {place.name(name): "write"}, "can_copy": True}
    )
    wanted = wanted.model_copy(update={"logins": (login,)})
    place.run(wanted)
    with place.connect(login.name, "pass", name) as writer:
        writer.execute("CREATE TABLE cells (id int)")
    assert place.run(wanted).changes == []


def test_a_users_service_account_gets_its_groups_and_is_told_when_it_must_act_itself(place: Place) -> None:
    account = place.name("info@example.iam")
    login = {"name": account, "databases": {place.name("base"): "write"}}
    with pytest.raises(SqlRolesError, match=r"has no user .* The foundation stack makes the users"):
        place.run(place.wanted(login))
    with place.root() as root:
        root.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(account)))
    report = place.run(place.wanted(login))
    assert f"gave {place.name('base_write')} to {account}" in report.changes
    assert len(report.notes) == 1, "the administrator may not change a role that another made"
    assert "The service says SET ROLE itself" in report.notes[0]
    with place.connect(account, "x", "base") as service:
        service.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(place.name("base_write"))))
        service.execute("CREATE TABLE cells (id int)")


def test_tables_that_were_there_are_opened_where_the_administrator_may(place: Place) -> None:
    with place.root("base") as root:
        root.execute("CREATE TABLE theirs (id int)")
        root.execute("CREATE TABLE ours (id int)")
        root.execute("ALTER TABLE ours OWNER TO cloudsqlsuperuser")
    report = place.run(place.wanted(place.login("reader", base="read")))
    assert [note.partition(",")[0] for note in report.notes] == [f"tables of {place.name('base')} belong to postgres"]
    with place.service("reader", "base") as reader:
        reader.execute("SELECT * FROM ours")
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute("SELECT * FROM theirs")
    with place.root("base") as root:
        owner = sql.Identifier(place.name("base_write"))
        root.execute(sql.SQL("ALTER TABLE theirs OWNER TO {}").format(owner))
    assert place.run(place.wanted(place.login("reader", base="read"))).notes == []
    with place.service("reader", "base") as reader:
        reader.execute("SELECT * FROM theirs")
