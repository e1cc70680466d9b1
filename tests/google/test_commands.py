"""`karst bootstrap` and `karst doctor` as they are typed, against a fake of Google's APIs on the loopback interface."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from karst.google.client import ENDPOINT_VARIABLE
from karst_cli import bootstrap as command
from karst_cli.main import create_app
from tests.google.fake import FakeGoogle, serving
from tests.google.fake_state import PROJECT, World
from tests.google.support import BUCKET, deployment
from tests.google.test_by_hand import done

_SAID = {"terraform": '{"terraform_version": "1.11.4"}', "node": "v24.1.0", "gcloud": "Google Cloud SDK 528.0.0"}


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    folder = tmp_path / "environments"
    (folder / "api").mkdir(parents=True)
    content = deployment().model_dump(mode="json", exclude_unset=True, by_alias=True)
    (folder / "api" / "deployment.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their own start takes seconds; tests/google/test_tools.py asks what they say."""

    def run(command: Sequence[str]) -> str:
        return _SAID.get(Path(command[0]).name, "")

    monkeypatch.setattr("karst_cli.doctor._run", run)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Generator[FakeGoogle]:
    found = done()
    monkeypatch.setattr(command, "POLL_S", 0.01)
    monkeypatch.setattr("karst.google.client._POLL_S", 0.001)
    monkeypatch.setattr("karst.bootstrap.run._SEEN_AGAIN_S", (0.0,))
    with serving(found) as address:
        monkeypatch.setenv(ENDPOINT_VARIABLE, address)
        yield found


def karst(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(create_app(words), list(words), input=answer)


def bootstrap(environments: Path, *more: str, answer: str = "") -> Result:
    return karst("bootstrap", "api", "--environments", str(environments), *more, answer=answer)


def test_it_shows_asks_and_makes(fake: FakeGoogle, environments: Path) -> None:
    result = bootstrap(environments, answer="y\n")
    assert result.exit_code == 0, result.output
    assert f"  + the bucket gs://{BUCKET}: to be made" in result.stdout
    assert "Make this? [y/N]" in result.stdout
    assert f"  made: the bucket gs://{BUCKET}" in result.stdout
    number = "projects/123456789012/locations/global/workloadIdentityPools"
    assert f"workload_identity_provider: {number}/api-deploy/providers/github" in result.stdout
    assert f"service_account: api-plan@{PROJECT}.iam.gserviceaccount.com" in result.stdout
    assert "4. Register its redirect addresses: done" in result.stdout
    again = bootstrap(environments)
    assert again.exit_code == 0
    assert "Nothing to do." in again.stdout
    assert BUCKET in fake.world.buckets


@pytest.mark.parametrize(("more", "answer", "status"), [((), "n\n", 1), ((), "", 1), (("--dry-run",), "", 0)])
def test_nothing_is_made_unless_somebody_says_so(
    fake: FakeGoogle, environments: Path, more: tuple[str, ...], answer: str, status: int
) -> None:
    result = bootstrap(environments, *more, answer=answer)
    assert result.exit_code == status
    assert fake.changes == []


def test_what_is_in_the_way_is_told_before_anything_is_made(fake: FakeGoogle, environments: Path) -> None:
    fake.world.buckets[BUCKET] = {"hidden": True}
    result = bootstrap(environments, "--yes")
    assert result.exit_code == 3
    assert f"  ! the bucket gs://{BUCKET}: in the way" in result.stdout
    assert fake.changes == []


def test_where_it_stands_is_told_when_it_stops(fake: FakeGoogle, environments: Path) -> None:
    fake.world.denied = {"iam.workloadIdentityPoolProviders.create"}
    fake.fault = lambda _, call: (200, {"permissions": call.body["permissions"]}) if "testIam" in call.path else None
    result = bootstrap(environments, "--yes")
    assert result.exit_code == 1
    assert "Stopped at the way into the pool api-plan by github:" in result.stderr
    assert "Permission 'iam.workloadIdentityPoolProviders.create' denied" in result.stderr
    assert f"Made so far: the bucket gs://{BUCKET}, the account api-plan@" in result.stderr
    assert "Not begun: roles on the account api-plan@" in result.stderr
    assert "karst bootstrap api" in result.stderr
    fake.world.denied.clear()
    assert bootstrap(environments, "--yes").exit_code == 0


def test_it_waits_for_permissions_and_for_people(fake: FakeGoogle, environments: Path) -> None:
    servers, fake.world.delegated = fake.world.delegated, {}
    fake.world.denied = {"storage.buckets.create"}

    def people(number: int, _: object) -> None:
        if number > 40:
            fake.world.denied.clear()
        if number > 200:
            fake.world.delegated = servers

    fake.fault = people
    result = bootstrap(environments, "--yes", "--wait")
    assert result.exit_code == 0, result.output
    assert ": in the way" in result.stdout
    assert result.stdout.count("2. Delegate the name servers: to do") == 1
    assert "2. Delegate the name servers: done" in result.stdout


def test_waiting_has_an_end(fake: FakeGoogle, environments: Path) -> None:
    fake.world.delegated = {}
    result = bootstrap(environments, "--yes", "--wait", "--timeout-s", "1")
    assert result.exit_code == 4
    assert "Still open. The same command looks again." in result.stderr
    assert "    example.org.  NS  ns-cloud-a1.googledomains.com." in result.stdout


def test_whoever_interrupts_is_told_that_nothing_is_lost(fake: FakeGoogle, environments: Path) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    fake.world.delegated = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("karst_cli.bootstrap.time.sleep", interrupt)
        result = bootstrap(environments, "--yes", "--wait")
    assert result.exit_code == 130
    assert "What was made stays" in result.stderr


@pytest.mark.parametrize("word", ["bootstrap", "doctor"])
@pytest.mark.parametrize("name", ["nope", "../api", "a\nb", "\x1b[2J", "--", "'; rm"])
def test_deployments_that_are_not_there_are_told(word: str, name: str, environments: Path) -> None:
    result = karst(word, "--environments", str(environments), "--", name)
    assert result.exit_code == 2
    assert "\x1b" not in result.output
    assert "Traceback" not in result.output


def doctor(environments: Path, *more: str) -> tuple[int, list[dict[str, str]]]:
    result = karst("doctor", "api", "--json", "--environments", str(environments), *more)
    assert result.stderr == ""
    return result.exit_code, json.loads(result.stdout)


def found(findings: list[dict[str, str]], severity: str) -> dict[str, str]:
    return {one["check"]: one["message"] for one in findings if one["severity"] == severity}


def test_doctor_finds_nothing_in_a_deployment_that_stands(fake: FakeGoogle, environments: Path) -> None:
    assert bootstrap(environments, "--yes").exit_code == 0
    fake.world.certificates = {
        f"api-hosts-{host}-example-org": {"managed": {"state": "ACTIVE"}, "expireTime": "2027-01-01T00:00:00Z"}
        for host in ("api", "cave")
    }
    status, findings = doctor(environments)
    in_the_cloud = [one for one in findings if one["check"] not in {"terraform", "gcloud", "node", "python"}]
    assert {one["severity"] for one in in_the_cloud} == {"ok"}, in_the_cloud
    checks = {one["check"] for one in in_the_cloud}
    assert checks == {
        "configuration",
        "project",
        "APIs",
        "permissions",
        "state bucket",
        "orphaned states",
        "workflows",
        "quotas",
        "delegation",
        "certificates",
        "OAuth client",
    }
    assert status == int(any(one["severity"] == "error" for one in findings))


def test_doctor_says_what_is_missing_in_a_project_that_has_nothing(fake: FakeGoogle, environments: Path) -> None:
    fake.world = World()
    status, findings = doctor(environments)
    assert status == 1
    errors, unseen = found(findings, "error"), found(findings, "unchecked")
    assert errors["state bucket"] == f"gs://{BUCKET} does not exist."
    assert errors["APIs"] == "Off: cloudresourcemanager, iam, iamcredentials, secretmanager, sts."
    assert {"permissions", "quotas", "delegation", "certificates", "OAuth client"} <= unseen.keys()
    remedies = {one["check"]: one["remedy"] for one in findings}
    assert remedies["state bucket"] == "karst bootstrap api"


def test_doctor_works_where_nobody_is_signed_in(environments: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", ENDPOINT_VARIABLE, "CLOUDSDK_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(environments.parent / "none"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    status, findings = doctor(environments)
    assert status in {1, 3}
    unseen = [one["check"] for one in findings if one["severity"] == "unchecked"]
    assert len(unseen) == 10
    assert unseen[0] == "sign-in"
    assert {"configuration", "python"} <= found(findings, "ok").keys()
    assert bootstrap(environments, "--yes").exit_code == 1


def test_doctor_without_a_deployment_looks_at_the_machine_only(environments: Path) -> None:
    result = karst("doctor", "--environments", str(environments))
    assert "configuration: 1 deployment is valid" in result.stdout
    assert result.stdout.endswith("so nothing in the cloud was looked at: karst doctor NAME\n")


def test_doctor_sends_to_validate_where_the_configuration_is_broken(environments: Path) -> None:
    (environments / "api" / "deployment.yaml").write_text("name: [", encoding="utf-8")
    assert karst("doctor", "--environments", str(environments)).exit_code == 1
    assert karst("doctor", "api", "--environments", str(environments)).exit_code == 2
