"""What doctor finds in a project, and the remedy that it gives for each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from karst.config.loader import Environment, load_environments
from karst.doctor.examine import CHECKS, examine, status
from karst.doctor.finding import Finding, Severity
from karst.google.errors import UnreachableError
from karst.naming import DEPLOY, Names
from tests.examples import ENVIRONMENTS
from tests.google.fake import FakeGoogle
from tests.google.fake_state import PROJECT
from tests.google.support import BUCKET, client, deployment, make
from tests.google.test_by_hand import CLIENT, done

DATASET = yaml.safe_load((ENVIRONMENTS / "demo/datasets/tiny.yaml").read_text(encoding="utf-8"))


def environments(folder: Path, **keys: object) -> dict[str, Environment]:
    """One deployment with one dataset, written and read."""
    content = deployment(**keys).model_dump(mode="json", exclude_unset=True, by_alias=True)
    (folder / "api" / "datasets").mkdir(parents=True)
    (folder / "api" / "deployment.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (folder / "api" / "datasets" / "tiny.yaml").write_text(yaml.safe_dump(DATASET), encoding="utf-8")
    return load_environments(folder)


@pytest.fixture
def fake() -> FakeGoogle:
    """Everything is made and done."""
    fake = done()
    make(fake)
    names = Names(deployment())
    for host in deployment().hosts:
        fake.world.certificates[names.certificate(host)] = {"managed": {"state": "ACTIVE"}, "expireTime": "2027-01-01"}
    fake.calls.clear()
    return fake


def found(fake: FakeGoogle, folder: Path, check: str, **keys: object) -> list[Finding]:
    every = environments(folder, **keys)
    return [one for one in examine(client(fake), every["api"], every) if one.check == check]


def amiss(fake: FakeGoogle, folder: Path, check: str, **keys: object) -> list[tuple[Severity, str, str]]:
    return [
        (one.severity, one.message, one.remedy)
        for one in found(fake, folder, check, **keys)
        if one.severity is not Severity.OK
    ]


def state(fake: FakeGoogle, path: str, resources: object = (), updated: str = "") -> None:
    fake.world.objects[f"{BUCKET}/{path}"] = {"resources": list(resources), "updated": updated}  # type: ignore[call-overload]


def test_nothing_is_amiss_and_nothing_is_changed(fake: FakeGoogle, tmp_path: Path) -> None:
    every = environments(tmp_path)
    findings = examine(client(fake), every["api"], every)
    assert {one.severity for one in findings} == {Severity.OK}, findings
    assert fake.changes == []
    assert status(findings) == 0


def test_states_of_declared_stacks_are_nobody_elses(fake: FakeGoogle, tmp_path: Path) -> None:
    for stack in ("api", "api-foundation", "api-run", "api-data-tiny", "api-cluster-blue", "api-apps-blue"):
        state(fake, f"karst/api/{stack}/default.tfstate", [{}])
    state(fake, "elsewhere/x/default.tfstate", [{}])
    assert amiss(fake, tmp_path, "orphaned states") == []


def test_states_that_nobody_owns_are_told_with_what_they_hold(fake: FakeGoogle, tmp_path: Path) -> None:
    state(fake, "karst/api/api-data-gone/default.tfstate", [{}, {}])
    state(fake, "karst/api/api-data-done/default.tfstate")
    state(fake, "karst/old/old-foundation/default.tfstate", [{}])
    state(fake, "karst/api/api-data-\x1b[2J'; rm -rf/default.tfstate", [{}])
    findings = amiss(fake, tmp_path, "orphaned states")
    by_place = {message.split()[0].removeprefix(f"gs://{BUCKET}/karst/"): severity for severity, message, _ in findings}
    assert by_place["api/api-data-gone/default.tfstate"] is Severity.ERROR
    assert by_place["api/api-data-done/default.tfstate"] is Severity.WARNING
    assert by_place["old/old-foundation/default.tfstate"] is Severity.ERROR
    assert len(findings) == 4
    assert "holds 2 resources that nothing looks after" in "".join(message for _, message, _ in findings)
    assert not any("\x1b" in text for _, *texts in findings for text in texts)
    (remedy,) = [remedy for severity, _, remedy in findings if severity is Severity.WARNING]
    assert remedy == f"gcloud storage rm gs://{BUCKET}/karst/api/api-data-done/default.tfstate"


@pytest.mark.parametrize(("age", "count"), [(timedelta(minutes=5), 0), (timedelta(hours=5), 1)])
def test_locks_that_were_left_are_told(fake: FakeGoogle, tmp_path: Path, age: timedelta, count: int) -> None:
    updated = (datetime.now(UTC) - age).isoformat()
    state(fake, "karst/api/api/default.tflock", updated=updated)
    assert len(amiss(fake, tmp_path, "state locks")) == count


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ({"versioning": {"enabled": False}}, "lacks what keeps states safe: versioning"),
        (
            {"iamConfiguration": {"publicAccessPrevention": "inherited"}},
            "lacks what keeps states safe: iamConfiguration",
        ),
        ({"projectNumber": "7"}, "belongs to another project"),
        ({"retentionPolicy": {"retentionPeriod": "9"}}, "forbids to write over states"),
        ({"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {}}]}}, "deletes states that are in use"),
    ],
)
def test_a_bucket_that_is_not_safe_is_told(
    fake: FakeGoogle, tmp_path: Path, spoil: Mapping[str, object], words: str
) -> None:
    fake.world.buckets[BUCKET] |= spoil
    (only,) = amiss(fake, tmp_path, "state bucket")
    assert only[0] is Severity.ERROR
    assert words in only[1]
    assert only[2]


def test_without_a_bucket_states_lie_on_this_machine(fake: FakeGoogle, tmp_path: Path) -> None:
    (only,) = amiss(fake, tmp_path, "state bucket", state=None)
    assert only[0] is Severity.WARNING


def test_identities_that_were_changed_are_told(fake: FakeGoogle, tmp_path: Path) -> None:
    names = Names(deployment())
    fake.world.pools[names.identity_provider_path(DEPLOY)]["attributeCondition"] = "true"
    (only,) = amiss(fake, tmp_path, "workflows")
    assert only[:2] == (Severity.ERROR, only[1])
    assert "condition: true -> assertion.repository == 'lab/karst-environments'" in only[1]
    assert only[2] == "karst bootstrap api"


def test_quotas_that_pools_may_outgrow_are_told(fake: FakeGoogle, tmp_path: Path) -> None:
    fake.world.quotas = {"T2D_CPUS": 24.0, "CPUS": 1000.0, "PREEMPTIBLE_CPUS": 0.0, "INSTANCES": 500.0}
    (only,) = amiss(fake, tmp_path, "quotas")
    assert only[1] == "T2D_CPUS in us-east4 is 24, and the node pools may grow to 240."
    assert f"https://console.cloud.google.com/iam-admin/quotas?project={PROJECT}" in only[2]


def test_quotas_that_are_declared_too_high_are_told(fake: FakeGoogle, tmp_path: Path) -> None:
    fake.world.quotas = {"T2D_CPUS": 500.0}
    gcp = {**deployment().gcp.model_dump(mode="json", exclude_unset=True), "quotas": {"T2D_CPUS": 900}}
    (only,) = amiss(fake, tmp_path, "quotas", gcp=gcp)
    assert only[1:] == (
        "deployment.yaml says T2D_CPUS is 900, and Google says 500.",
        "Write gcp.quotas.T2D_CPUS: 500, or ask for more.",
    )


def test_apis_that_are_off_are_told_with_who_switches_them_on(fake: FakeGoogle, tmp_path: Path) -> None:
    fake.world.apis -= {"redis", "pubsub"}
    (only,) = amiss(fake, tmp_path, "APIs")
    assert only == (
        Severity.WARNING,
        "Off: pubsub, redis.",
        "The next deployment switches them on: cdktf deploy api",
    )


@pytest.mark.parametrize(
    ("denied", "severity", "words"),
    [
        ("dns.managedZones.create", Severity.WARNING, "You lack 1 to deploy; planning works: dns.managedZones.create."),
        ("dns.managedZones.get", Severity.ERROR, "You lack 1 to plan: dns.managedZones.get."),
    ],
)
def test_permissions_that_are_missing_are_told_by_what_they_keep_from(
    fake: FakeGoogle, tmp_path: Path, denied: str, severity: Severity, words: str
) -> None:
    fake.world.zones, fake.world.denied = {}, {denied}
    (only,) = amiss(fake, tmp_path, "permissions")
    assert only[:2] == (severity, words)
    assert only[2].endswith("--role=roles/dns.admin")


def test_certificates_that_wait_say_what_for(fake: FakeGoogle, tmp_path: Path) -> None:
    names = Names(deployment())
    waits = {"domain": "cave.example.org", "state": "FAILED", "failureReason": "CONFIG"}
    managed = {"state": "PROVISIONING", "authorizationAttemptInfo": [waits]}
    fake.world.certificates[names.certificate("cave.example.org")] = {"managed": managed}
    del fake.world.certificates[names.certificate("api.example.org")]
    first, second = amiss(fake, tmp_path, "certificates")
    assert first[1] == "api.example.org has no certificate yet."
    assert second[1] == "That of cave.example.org is PROVISIONING (cave.example.org: CONFIG)."


def test_delegation_and_the_client_are_told_with_what_to_enter(fake: FakeGoogle, tmp_path: Path) -> None:
    fake.world.delegated, fake.world.redirects = {}, {CLIENT: set()}
    every = environments(tmp_path)
    findings = {one.check: one for one in examine(client(fake), every["api"], every)}
    assert findings["delegation"].message == "example.org: The world asks nobody."
    assert "example.org.  NS  ns-cloud-a1.googledomains.com." in findings["delegation"].remedy
    assert findings["OAuth client"].message == "4 of 4 redirect addresses are not registered."
    assert "https://cave.example.org/sticky_auth/api/v1/oauth2callback" in findings["OAuth client"].remedy


@pytest.mark.parametrize("api", ["cloudresourcemanager", "storage", "compute", "dns", "certificatemanager", "iam"])
def test_what_google_refuses_is_told_in_its_place_and_the_rest_is_looked_at(
    fake: FakeGoogle, tmp_path: Path, api: str
) -> None:
    refusal = {"error": {"code": 403, "message": "not you", "status": "PERMISSION_DENIED"}}
    fake.fault = lambda _, call: (403, refusal) if call.api == api else None
    every = environments(tmp_path)
    findings = examine(client(fake), every["api"], every)
    unseen = [one for one in findings if one.severity is Severity.UNCHECKED]
    assert unseen
    assert all("not you" in one.message for one in unseen)
    assert {one.check for one in findings} - {"project"} == {name for name, _ in CHECKS}
    assert status(findings) == 3


def test_a_network_that_is_gone_is_told_by_every_check(fake: FakeGoogle, tmp_path: Path) -> None:
    def gone(_: int, __: object) -> None:
        raise UnreachableError("it cannot be reached")

    fake.fault = gone
    every = environments(tmp_path)
    findings = examine(client(fake), every["api"], every)
    assert {one.severity for one in findings} == {Severity.UNCHECKED}
    assert len(findings) == len(CHECKS)


def test_the_wrong_project_is_told(fake: FakeGoogle, tmp_path: Path) -> None:
    gcp = {**deployment().gcp.model_dump(mode="json", exclude_unset=True), "project_number": "999999999999"}
    (only,) = amiss(fake, tmp_path, "project", gcp=gcp)
    assert only[0] is Severity.ERROR
    assert only[2] == "Correct gcp.project or gcp.project_number in deployment.yaml."


def test_what_is_too_much_to_list_is_told(fake: FakeGoogle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("karst.doctor.states._MOST_OBJECTS", 4)
    for number in range(9):
        state(fake, f"karst/api/note-{number}")
    (only,) = amiss(fake, tmp_path, "orphaned states")
    assert only[0] is Severity.UNCHECKED
    assert "holds more than 4 objects there; the rest was left" in only[1]
