"""What people see of a run: it starts, tells what to do, serves, keeps everything, ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from cryptography import x509

from services_src.local.tests.conftest import Launch
from services_src.local.tests.runner import DEPLOYMENT, READY, Running, found, launch, ready, until


@pytest.fixture(scope="module")
def running(stopped: Path, services: Path) -> Iterator[Running]:
    """A run that its tests leave as it is."""
    state = stopped.with_name("shared")
    subprocess.run(["cp", "-a", str(stopped), str(state)], check=True)
    run = ready(launch(state, services))
    yield run
    assert run.stop() == 0


def test_it_serves_every_service_behind_its_prefix(running: Running) -> None:
    assert running.get("/").headers["content-type"].startswith("text/html")
    assert running.get("/slow/wait/0").json() == "done"
    assert running.get("/clio/v2/roles").json()["email"] == "ada@example.org"
    assert running.get("/nothing/here").status_code == 404


def test_the_printed_token_signs_in_an_administrator(running: Running) -> None:
    assert {"admin", "clio_general", "clio_write"} <= set(running.get("/clio/v2/roles").json()["global_roles"])
    assert running.get("/clio/v2/roles", Authorization="Bearer x").status_code == 401


def test_it_listens_to_this_machine_only(running: Running) -> None:
    process = psutil.Process(running.process.pid)
    every = [one for each in (process, *process.children(recursive=True)) for one in each.net_connections("inet")]
    assert [one.laddr.ip for one in every if one.status == psutil.CONN_LISTEN] == ["127.0.0.1", "127.0.0.1"]


def test_https_is_vouched_for_by_the_printed_authorities(running: Running) -> None:
    context = ssl.create_default_context(cafile=found(r"authorities: (\S+)", running.text))
    for host in ("localhost", "127.0.0.1"):
        answer = httpx.get(running.https.replace("localhost", host), verify=context, trust_env=False)
        assert answer.status_code == 200
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(running.https, verify=ssl.create_default_context(), trust_env=False)


def test_no_browser_is_told_to_insist_on_https_for_this_machine(running: Running) -> None:
    for path in ("/", "/clio/v2/roles"):
        assert "strict-transport-security" not in running.get(path).headers


@pytest.mark.parametrize("host", ["evil.example.org", "localhost.example.org", "127.0.0.1.example.org", "[::2]", ""])
def test_web_sites_can_not_read_the_page_by_a_name_of_theirs(running: Running, host: str) -> None:
    answer = running.get("/", Host=host)
    assert answer.status_code == 421
    assert running.token not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "127.9.9.9"])
def test_names_of_this_machine_are_answered(running: Running, host: str) -> None:
    assert running.get("/", Host=host).status_code == 200


def test_the_front_page_shows_health_links_datasets_and_token(running: Running) -> None:
    page = running.get("/").text
    for text in (running.token, 'href="/clio/docs">API</a>', ">ready</span>", "Tiny", "Not in clio"):
        assert text in page
    assert all(each["ready"] for each in running.get("/api/v1/health").json()["services"])


def test_the_printed_python_works_as_it_stands(running: Running) -> None:
    code = found(r"(?s)(import json, urllib.request\n.*?\n)\n", running.text)
    finished = subprocess.run(
        [sys.executable, "-c", code.replace("/v2/datasets", "/v2/roles")],
        capture_output=True,
        text=True,
        check=False,
        env={"no_proxy": "localhost"},
    )
    assert "ada@example.org" in finished.stdout, finished.stderr


def test_secrets_are_readable_by_their_owner_only(running: Running) -> None:
    state = running.state
    private = [*(state / "secrets").iterdir(), *(state / "authority").iterdir(), state / "running.json"]
    assert len(private) >= 8
    assert [path for path in private if stat.S_IMODE(path.stat().st_mode) != 0o600] == []


def test_no_token_stands_in_the_log(running: Running) -> None:
    running.get("/clio/v2/roles?dsg_token=" + running.token)
    log = (running.state / "karst.log").read_text(encoding="utf-8")
    assert '"route": "/v2/roles"' in log
    assert running.token not in log
    assert running.token.rpartition(".")[2] not in log


def test_one_page_counts_the_requests_of_all_services(running: Running) -> None:
    running.get("/clio/v2/roles")
    running.get("/slow/wait/0")
    page = running.get("/metrics").text
    assert 'http_route="/v2/roles"' in page
    assert 'http_route="/slow/wait/{seconds}"' in page
    assert 'karst_store_operation_duration_seconds_count{operation="' in page


def test_all_is_kept_from_one_run_to_the_next(start: Launch, state: Path) -> None:
    first = ready(start(state))
    token = first.token
    assert first.stop() == 0
    second = ready(start(state))
    assert second.token == token
    assert "up to date" in second.text
    assert "as declared" in second.text
    assert "cut off" not in second.text


def test_a_token_that_its_user_ended_is_made_anew(start: Launch, state: Path) -> None:
    first = ready(start(state))
    first.post("/clio/v2/users", json={"ada@example.org": {"token_epoch": time.time()}})
    assert first.get("/clio/v2/roles").status_code == 401
    assert first.stop() == 0
    second = ready(start(state))
    assert second.token != first.token
    assert second.get("/clio/v2/roles").status_code == 200


def test_fresh_begins_anew(start: Launch, state: Path) -> None:
    key = (state / "secrets" / "signing-key").read_text(encoding="utf-8")
    running = ready(start(state, "--fresh"))
    assert "for the first time" in running.text
    assert (state / "secrets" / "signing-key").read_text(encoding="utf-8") != key


def test_what_was_declared_anew_replaces_what_is_stored(start: Launch, state: Path) -> None:
    document = {"version": 1, "datasets": [{"name": "tiny", "title": "Renamed", "clio": {}}]}
    running = ready(start(state, deployment={**DEPLOYMENT, "document": document}))
    assert "1 document written" in running.text
    assert "Renamed" in running.get("/").text


def test_ctrl_c_finishes_open_requests_and_stops_the_database(start: Launch, state: Path) -> None:
    running = ready(start(state))
    postgres = psutil.Process(int((state / "postgres" / "postmaster.pid").read_text().splitlines()[0]))
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(running.get("/slow/wait/1.5")))
    asking.start()
    time.sleep(0.5)
    assert running.stop() == 0
    asking.join()
    assert [one.json() for one in answers] == ["done"]
    assert "Finishing open requests" in running.text
    until(lambda: not postgres.is_running() or postgres.status() == psutil.STATUS_ZOMBIE, "the database ended", 5)
    assert not (state / "running.json").exists()


def test_ctrl_c_twice_stops_at_once(start: Launch, state: Path) -> None:
    running = ready(start(state))
    finished: list[httpx.Response] = []

    def ask() -> None:
        with contextlib.suppress(httpx.HTTPError):
            finished.append(running.get("/slow/wait/25"))

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.5)
    begin_s = time.monotonic()
    running.interrupt()
    until(lambda: "Finishing open requests" in running.text, "it says that it drains")
    assert running.process.poll() is None
    running.interrupt()
    assert running.wait() == 130
    assert time.monotonic() - begin_s < 8
    asking.join()
    assert [one for one in finished if one.is_success] == []
    assert not (state / "postgres" / "postmaster.pid").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_wishes_to_stop_are_taken_as_ctrl_c(start: Launch, state: Path, number: signal.Signals) -> None:
    running = ready(start(state))
    running.process.send_signal(number)
    assert running.wait() == 0
    assert not (state / "postgres" / "postmaster.pid").exists()


def test_it_goes_on_when_nobody_reads_what_it_prints(start: Launch, state: Path) -> None:
    script = 'trap "" INT; { "$@"; echo "$?" > "$0"; } | head -n 1'
    code = state.with_name("code")
    running = start(state, prefix=("sh", "-c", script, str(code)))
    until((state / "running.json").exists, "it serves")
    url = json.loads((state / "running.json").read_text(encoding="utf-8"))["url"]
    until(lambda: answers(url), "it answers")
    process = json.loads((state / "running.json").read_text(encoding="utf-8"))["process"]
    os.kill(process, signal.SIGTERM)
    assert running.wait() == 0
    until(code.exists, "the shell saw its end")
    assert (code.read_text(encoding="utf-8"), running.text.count("\n")) == ("0\n", 1)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("path", ["state.json", "postgres/base", "postgres/postmaster.pid"])
def test_ctrl_c_during_the_start_leaves_nothing_behind(start: Launch, place: Path, path: str) -> None:
    state = place / "new"
    running = start(state)
    until((state / path).exists, "it began")
    os.killpg(running.process.pid, signal.SIGINT)  # as a terminal does: the programs that it runs get it too
    assert running.wait() in {0, 130}, running.text
    assert "Traceback" not in running.text
    assert "Stopped" in running.text
    assert READY in ready(start(state)).text


def test_beyond_this_machine_nobody_is_logged_in_by_a_demo_token(start: Launch, state: Path) -> None:
    token = (state / "secrets" / "demo-token").read_text(encoding="utf-8")
    running = ready(start(state, "--host", "0.0.0.0"))
    assert "no demo login" in running.text
    assert "eyJ" not in running.text
    name = socket.gethostname()
    assert f"https://{name}:" in running.text, "others know this machine by its name"
    url = running.url.replace(name, "127.0.0.1")
    page = httpx.get(url, trust_env=False).text
    assert "eyJ" not in page
    assert "Not in clio" not in page
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{url}/clio/v2/roles", headers=headers, trust_env=False).status_code == 401
    certificate = x509.load_pem_x509_certificate((state / "authority" / "server.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert name in names.get_values_for_type(x509.DNSName)


def test_beyond_this_machine_a_test_user_is_refused(start: Launch, state: Path) -> None:
    running = start(state, "--host", "0.0.0.0", environment={"TEST_USER": "ada@example.org"})
    assert running.wait() == 2
    assert "TEST_USER lets anybody in" in running.text


def test_a_database_of_somebody_else_is_used_and_left_running(start: Launch, state: Path, place: Path) -> None:
    first = ready(start(state))
    dsn = f"postgresql://postgres@/postgres?host={state / 'postgres'}"
    second = ready(start(place / "other", environment={"KARST_POSTGRES_DSN": dsn}))
    assert second.get("/clio/v2/roles").json()["email"] == "ada@example.org"
    assert not (place / "other" / "postgres").exists()
    assert second.stop() == 0
    assert first.get("/clio/v2/roles").status_code == 200
