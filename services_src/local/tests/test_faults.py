"""What can go wrong with a run: each has a message that says what to do, an exit code, and does no harm."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil
import psycopg
import pytest

from karst_platform.testing_programs import missing
from services_src.local.tests.conftest import Launch
from services_src.local.tests.runner import Running, ready, until


def ends(run: Running, code: int, *messages: str) -> None:
    """The run ends by itself with this code, and says these things without a traceback."""
    assert run.wait() == code, run.text
    for message in messages:
        assert message in run.text
    assert "Traceback" not in run.text


def postmaster(state: Path) -> int:
    return int((state / "postgres" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])


@pytest.fixture
def mounting() -> Sequence[str]:
    """What begins a command that mounts disks of its own; nothing is left of them."""
    command = ("unshare", "--mount", "--map-root-user") if os.geteuid() else ("unshare", "--mount")
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, "true"], check=False, capture_output=True).returncode
    ):
        missing(
            "mounts", "this machine lets nobody mount a small disk (needs unshare of util-linux, and its permission)"
        )
    return command


def dsn(state: Path) -> str:
    return f"postgresql://postgres@/postgres?host={state / 'postgres'}"


def test_a_second_run_is_told_who_has_the_folder(start: Launch, state: Path) -> None:
    first = ready(start(state))
    ends(start(state), 3, f"in use by process {first.process.pid}", first.url, "--state")
    ends(start(state, "--fresh"), 3)
    assert first.get("/clio/v2/roles").status_code == 200


def test_a_run_that_was_killed_leaves_no_lock_and_loses_nothing(start: Launch, state: Path) -> None:
    first = ready(start(state))
    with psycopg.connect(dsn(state), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    token = first.token
    first.kill()
    second = ready(start(state))
    assert "cut off" in second.text
    assert second.token == token
    with psycopg.connect(dsn(state)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert second.stop() == 0
    assert not (state / "postgres" / "postmaster.pid").exists()


@pytest.mark.parametrize("content", ["", "999999999\n", "{me}\n/elsewhere\n1\n5432\n\n\n\nready\n", "no number\n"])
def test_a_stale_lock_of_the_database_is_passed_over(start: Launch, state: Path, content: str) -> None:
    (state / "postgres" / "postmaster.pid").write_text(content.replace("{me}", str(os.getpid())), encoding="utf-8")
    assert ready(start(state)).get("/clio/v2/roles").status_code == 200


@pytest.mark.parametrize("option", ["--port", "--https-port"])
def test_a_busy_port_is_named_with_who_has_it(start: Launch, state: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = {"--port": "--https-port", "--https-port": "--port"}[option]
        run = start(state, ports=(option, str(port), other, "0"))
        ends(run, 4, f"Port {port} is in use", f"(process {os.getpid()})", f"{option} {port + 1}")


def test_an_address_of_another_machine_is_refused(start: Launch, state: Path) -> None:
    ends(start(state, "--host", "192.0.2.1"), 2, "192.0.2.1 is no address of this machine")


def test_one_port_for_both_is_refused(start: Launch, state: Path) -> None:
    ends(start(state, ports=("--port", "9000", "--https-port", "9000")), 2, "can't share port 9000")


def test_a_full_disk_is_said(start: Launch, place: Path, mounting: Sequence[str]) -> None:
    """A disk of 64 MiB, in a namespace of its own, so that nothing is left of it."""
    disk = place / "disk"
    disk.mkdir()
    mount = (*mounting, "sh", "-c", 'mount -t tmpfs -o size=64m tmpfs "$0" && exec "$@"', str(disk))
    ends(start(disk / "state", prefix=mount), 5, "less than 256 MiB left", "--state")
    # Full to the last byte: not even the folder can be made.
    fill = 'mount -t tmpfs -o size=1m tmpfs "$0" && cat /dev/zero > "$0/rest" 2>/dev/null; exec "$@"'
    full = (*mounting, "sh", "-c", fill, str(disk))
    ends(start(disk / "state", prefix=full), 5, "--state")


def test_a_disk_that_fills_up_while_it_runs_is_said(
    start: Launch, place: Path, state: Path, mounting: Sequence[str]
) -> None:
    disk = place / "disk"
    disk.mkdir()
    script = 'mount -t tmpfs -o size=400m tmpfs "$0" && cp -a "$1" "$0" && shift && exec "$@"'
    run = ready(start(disk / "state", prefix=(*mounting, "sh", "-c", script, str(disk), str(state))))
    inside = Path(f"/proc/{run.process.pid}/root{disk}")
    assert subprocess.run(["cp", "/dev/zero", str(inside / "rest")], check=False, capture_output=True).returncode == 1
    assert run.get("/clio/v2/roles").status_code in {200, 503}
    users = {"eve@example.org": {"global_roles": ["x" * 1_000_000], "datasets": {}}}
    answers = [run.post("/clio/v2/users", json={f"{n}{k}": v for k, v in users.items()}) for n in range(40)]
    assert {one.status_code for one in answers} <= {200, 503}
    assert answers[-1].status_code == 503
    (inside / "rest").unlink()
    until(lambda: run.post("/clio/v2/users", json=users).status_code == 200, "it can write again")


def test_a_killed_database_comes_back_and_nothing_is_lost(start: Launch, state: Path) -> None:
    run = ready(start(state))
    before = postmaster(state)
    psutil.Process(before).kill()
    until(lambda: "PostgreSQL runs again" in run.text, "it noticed")
    assert "ended unexpectedly" in run.text
    assert postmaster(state) != before
    assert run.get("/clio/v2/roles").json()["email"] == "ada@example.org"
    assert run.stop() == 0


def test_a_database_that_dies_again_and_again_is_given_up(start: Launch, state: Path) -> None:
    run = ready(start(state))
    (state / "postgres" / "postgresql.conf").write_text("nonsense\n", encoding="utf-8")
    psutil.Process(postmaster(state)).kill()
    ends(run, 6, "PostgreSQL ended unexpectedly", "PostgreSQL didn't start")


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ('{"format": 2, "deployment": "demo", "karst": "9.1"}', "was written by Karst 9.1, which is newer"),
        ('{"format": 1, "deployment": "lab", "karst": "0.1.0"}', "belongs to the deployment lab, not demo"),
        ("{", "is broken"),
        ("[]", "is broken"),
    ],
)
def test_a_folder_that_is_not_ours_to_use_is_left_alone(start: Launch, state: Path, marker: str, message: str) -> None:
    (state / "state.json").write_text(marker, encoding="utf-8")
    before = {path.name for path in state.iterdir()}
    ends(start(state), 7, message)
    assert {path.name for path in state.iterdir()} == before
    assert (state / "state.json").read_text(encoding="utf-8") == marker


@pytest.mark.parametrize("option", [(), ("--fresh",)])
def test_a_folder_with_other_files_is_never_used_nor_emptied(
    start: Launch, place: Path, option: tuple[str, ...]
) -> None:
    folder = place / "home"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work", encoding="utf-8")
    ends(start(folder, *option), 7, "holds other files (thesis.txt)")
    assert (folder / "thesis.txt").read_text(encoding="utf-8") == "years of work"


@pytest.mark.parametrize("below", ["", "state"])
def test_a_file_in_place_of_the_folder_is_refused(start: Launch, place: Path, below: str) -> None:
    (place / "file").write_text("", encoding="utf-8")
    ends(start(place / "state", "--state", str(place / "file" / below)), 7, "file is a file", "--state FOLDER")


def test_a_folder_that_can_not_be_made_is_said(start: Launch, place: Path) -> None:
    ends(start(place / "state", "--state", "/proc/karst"), 7, "/proc/karst can't be made", "--state FOLDER")


def test_a_folder_that_nobody_may_write_to_is_said(start: Launch, place: Path, mounting: Sequence[str]) -> None:
    disk = place / "disk"
    disk.mkdir()
    script = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"'
    ends(start(disk, prefix=(*mounting, "sh", "-c", script, str(disk))), 7, "Nothing can be written to", "--state")


def test_a_database_of_a_newer_karst_is_left_alone(start: Launch, state: Path) -> None:
    first = ready(start(state))
    with psycopg.connect(dsn(state), autocommit=True) as connection:
        connection.execute("UPDATE documents_schema SET version = 99")
    assert first.stop() == 0
    ends(start(state), 7, "schema 99", "use the newer Karst")


def test_data_of_another_postgres_is_left_alone(start: Launch, state: Path) -> None:
    (state / "postgres" / "PG_VERSION").write_text("16\n", encoding="utf-8")
    ends(start(state), 7, "PostgreSQL 16")


@pytest.mark.parametrize(
    ("address", "code", "reason"),
    [
        ("postgresql://ada:hunter2@127.0.0.1:1/karst", 6, "Connection refused"),
        ("postgresql://ada:hunter2@nowhere.example.org/karst", 6, "failed to resolve host"),
        ("host=/nowhere password=hunter2", 6, "No such file or directory"),
        ("mysql://ada:hunter2@127.0.0.1/karst", 2, "can't be read. Write postgresql://"),
    ],
)
def test_a_database_that_can_not_be_reached_is_said_without_its_password(
    start: Launch, place: Path, address: str, code: int, reason: str
) -> None:
    run = start(place / "state", environment={"KARST_POSTGRES_DSN": address})
    ends(run, code, "PostgreSQL", "--dsn", reason)
    assert "hunter2" not in run.text + (place / "state" / "karst.log").read_text(encoding="utf-8")


def test_a_database_of_somebody_else_is_not_emptied(start: Launch, place: Path) -> None:
    run = start(place / "state", "--fresh", environment={"KARST_POSTGRES_DSN": "postgresql://127.0.0.1:1/x"})
    ends(run, 2, "Leave out --fresh or --dsn")


def test_a_deployment_that_makes_no_sense_is_refused(start: Launch, place: Path) -> None:
    ends(start(place / "state", deployment={"version": 7}), 2, "version:", "karst up")


def test_a_service_that_is_declared_wrong_is_named(start: Launch, state: Path, services: Path, place: Path) -> None:
    folder = place / "services"
    shutil.copytree(services, folder)
    (folder / "slow" / "service.yaml").write_text("name: slow\nroutes: {}\n", encoding="utf-8")
    run = start(state, "--services", str(folder))
    ends(run, 2, "slow/service.yaml is no declaration", "karst validate")


def test_two_services_of_one_prefix_are_named(start: Launch, state: Path, services: Path, place: Path) -> None:
    folder = place / "services"
    shutil.copytree(services, folder)
    path = folder / "slow" / "service.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("/slow", "/clio"), encoding="utf-8")
    ends(start(state, "--services", str(folder)), 2, "clio and slow both stand at /clio")


def test_settings_of_the_shell_that_a_service_refuses_are_named(start: Launch, state: Path, services: Path) -> None:
    path = services / "clio" / "service.yaml"
    assert "TEST_USER" in path.read_text(encoding="utf-8")
    run = start(state, environment={"KARST_LOG_LEVEL": "LOUD"})
    assert run.wait() == 2
    assert "KARST_LOG_LEVEL" in run.text
    assert json.loads((state / "state.json").read_text(encoding="utf-8"))["format"] == 1
