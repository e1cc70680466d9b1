"""The four steps that only people can take: told to the letter for a deployment, and seen once they are done."""

from __future__ import annotations

import json

import pytest

from karst.bootstrap.by_hand import Done, HandStep, hand_steps
from karst.bootstrap.run import apply
from karst.bootstrap.sign_in import addresses_of, client_id_in
from karst.bootstrap.steps import steps_of
from karst.config.deployment import Deployment
from karst.project_facts import CAVE_AND_CLIO, FIRST_APIS
from tests.google.fake import FakeGoogle
from tests.google.fake_state import PROJECT
from tests.google.support import Clock, client, deployment

CLIENT = "123-abc.apps.googleusercontent.com"
JSON = json.dumps({"web": {"client_id": CLIENT, "client_secret": "s3cret", "redirect_uris": []}})
SECRET = f"projects/{PROJECT}/secrets/oauth-client"
SERVERS = ["ns-cloud-a1.googledomains.com.", "ns-cloud-a2.googledomains.com."]
ADDRESSES = {
    f"https://{host}/{service}/api/v1/oauth2callback"
    for host in ("api.example.org", "cave.example.org")
    for service in ("auth", "sticky_auth")
}


def done() -> FakeGoogle:
    """A project in which people did all four."""
    fake = FakeGoogle()
    fake.world.apis |= FIRST_APIS | CAVE_AND_CLIO
    fake.world.zones["example-org"] = {"dnsName": "example.org.", "nameServers": SERVERS}
    fake.world.delegated["example.org"] = [one.upper() for one in reversed(SERVERS)]
    fake.world.secrets[SECRET] = JSON
    fake.world.redirects[CLIENT] = set(ADDRESSES)
    return fake


def step(number: int, fake: FakeGoogle, of: Deployment | None = None) -> HandStep:
    return hand_steps(client(fake), of or deployment())[number - 1]


def test_all_four_are_seen_to_be_done() -> None:
    assert [one.done for one in hand_steps(client(done()), deployment())] == [Done.DONE] * 4


def test_nothing_is_written_and_no_secret_is_told() -> None:
    fake = done()
    found = hand_steps(client(fake), deployment())
    assert fake.changes == []
    assert "s3cret" not in str(found)
    assert not [one for one in fake.calls if "s3cret" in str(one)]


def test_every_host_has_both_callbacks_and_its_origin() -> None:
    wanted = addresses_of(deployment())
    assert set(wanted.redirects) == ADDRESSES
    assert wanted.origins == ("https://api.example.org", "https://cave.example.org")


def test_permissions_that_are_missing_are_told_as_commands() -> None:
    fake = done()
    fake.world.denied = {"dns.managedZones.create", "cloudsql.instances.create", "cloudsql.users.list"}
    found = step(1, fake)
    assert found.done is Done.OPEN
    first = f"gcloud projects add-iam-policy-binding {PROJECT} --condition=None --member=user:YOU@example.org"
    assert [line for line in found.lines if line.startswith(first)] == [
        f"{first} --role=roles/cloudsql.admin",
        f"{first} --role=roles/dns.admin",
    ]


def test_grants_in_other_projects_and_on_the_bill_are_told() -> None:
    of = deployment(
        bigtable={"project": "lab-data", "manage": "existing"},
        budget={"billing_account": "012345-6789AB-CDEF01", "monthly": 100},
    )
    member = f"--member=serviceAccount:api-deploy@{PROJECT}.iam.gserviceaccount.com"
    binding = "gcloud {} add-iam-policy-binding"
    assert step(1, done(), of).lines[1:] == (
        f"{binding.format('billing accounts')} 012345-6789AB-CDEF01 {member} --role=roles/billing.costsManager",
        f"{binding.format('projects')} lab-data --condition=None {member} --role=roles/bigtable.admin",
    )


@pytest.mark.parametrize(
    ("servers", "seen"),
    [
        (None, "The world asks nobody."),
        (["ns1.registrar.example."], "The world asks ns1.registrar.example.."),
        (SERVERS[:1], "The world asks ns-cloud-a1.googledomains.com.."),
        (["broken"], "a DS record there does not fit it"),
    ],
)
def test_records_of_delegation_are_told_to_the_letter(servers: list[str] | None, seen: str) -> None:
    fake = done()
    fake.world.delegated = {} if servers is None else {"example.org": servers}
    found = step(2, fake)
    assert found.done is Done.OPEN
    assert found.lines[:3] == (
        "Where example.org was bought, or in the zone above it, enter:",
        "    example.org.  NS  ns-cloud-a1.googledomains.com.",
        "    example.org.  NS  ns-cloud-a2.googledomains.com.",
    )
    assert seen.rstrip(".") in found.lines[-1]


def test_a_zone_that_is_not_there_yet_comes_with_the_first_deployment() -> None:
    fake = done()
    fake.world.zones.clear()
    assert step(2, fake).done is Done.LATER
    fake.world.apis.discard("dns")
    assert step(2, fake).done is Done.LATER


def test_nobody_waits_for_an_api_that_only_the_first_deployment_switches_on() -> None:
    fake, clock = FakeGoogle(), Clock()
    api = client(fake, clock)
    apply(steps_of(api, deployment()), lambda _: None, clock.sleep)
    before = clock.now_s
    found = hand_steps(api, deployment())
    assert found[1].done is Done.LATER
    assert clock.now_s == before


def test_zones_of_further_hosts_are_looked_at_too() -> None:
    fake = done()
    fake.world.zones["lab-org"] = {"dnsName": "lab.example.", "nameServers": SERVERS}
    extra = {
        "zone": "example-org",
        "domain": "example.org",
        "hostnames": [{"name": "a.lab.example", "zone": "lab-org"}],
    }
    found = step(2, fake, deployment(dns=extra))
    assert found.done is Done.OPEN
    assert "    lab.example.  NS  ns-cloud-a1.googledomains.com." in found.lines


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("absent", "gcloud secrets create oauth-client --project=lab-cave"),
        (None, "gcloud secrets versions add oauth-client --project=lab-cave --data-file=client.json"),
        ("", "no web client's JSON file"),
        ('{"installed": {"client_id": "x"}}', "no web client's JSON file"),
        ("[" * 5000, "no web client's JSON file"),
        ('{"web": {"client_id": "123-abc.apps.googleusercontent.com"}}', "no web client's JSON file"),
    ],
)
def test_the_client_is_told_until_its_file_is_there(value: str | None, words: str) -> None:
    fake = done()
    if value == "absent":
        del fake.world.secrets[SECRET]
    else:
        fake.world.secrets[SECRET] = value
    found = step(3, fake)
    assert found.done is Done.OPEN
    assert words in "\n".join(found.lines)
    assert step(4, fake).done is Done.OPEN


def test_addresses_that_google_does_not_know_are_told_and_no_others() -> None:
    fake = done()
    missing = "https://cave.example.org/sticky_auth/api/v1/oauth2callback"
    fake.world.redirects[CLIENT] -= {missing}
    found = step(4, fake)
    assert found.done is Done.OPEN
    assert [line.strip() for line in found.lines if line.endswith("oauth2callback")] == [missing]
    assert f"In the client {CLIENT}, under Authorized redirect URIs:" in found.lines


def test_a_client_that_was_deleted_is_told() -> None:
    fake = done()
    fake.world.redirects.clear()
    assert step(4, fake).lines == (f"Google knows no client {CLIENT}: make one, and store it as the step before says.",)


def test_an_answer_that_nobody_understands_is_no_success() -> None:
    fake = done()
    fake.fault = lambda _, call: (200, "<html>hello</html>") if call.api == "accounts" else None
    assert step(4, fake).done is Done.UNCHECKED
    fake.fault = lambda _, call: (302, {"Location": "https://evil.example.org/x"}) if call.api == "accounts" else None
    assert step(4, fake).done is Done.UNCHECKED
    assert not [one for one in fake.calls if "evil" in one.path]


def test_who_may_not_read_the_client_is_told_so() -> None:
    fake = done()
    fake.world.denied = {"secretmanager.versions.access"}
    found = step(3, fake)
    assert found.done is Done.UNCHECKED
    assert "Permission 'secretmanager.versions.access' denied" in found.lines[0]


def test_local_deployments_sign_in_at_their_global_one() -> None:
    local = deployment(kinds=["local"], **{"global": {"host": "global.example.org"}})
    assert [one.done for one in hand_steps(client(done()), local)][2:] == [Done.NEEDLESS] * 2
    assert step(3, done(), local).lines == ("People sign in at global.example.org.",)


def test_clio_alone_is_told_its_origins() -> None:
    clio = deployment(kinds=["clio"], clio={"allowed_origins": ["https://clio.example.org"]})
    assert "    https://clio.example.org" in step(3, done(), clio).lines


@pytest.mark.parametrize("data", ["", "!!", "bm90IGpzb24=", "W10=", "eyJ3ZWIiOiA3fQ=="])
def test_files_that_are_no_clients_have_no_id(data: str) -> None:
    assert client_id_in(data) is None
