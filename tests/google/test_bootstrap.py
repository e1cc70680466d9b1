"""Bootstrap against a fake of Google's APIs: what it makes, that it makes it once, that nothing stops it for good."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from karst.bootstrap.rights import project_bindings, state_bindings, to_plan
from karst.bootstrap.run import StoppedError, apply
from karst.bootstrap.step import Standing
from karst.derived.workflow_trust import trusts
from karst.naming import DEPLOY, PLAN, Names
from karst.project_facts import FIRST_APIS
from tests.google.fake import Call, FakeGoogle
from tests.google.fake_state import NUMBER, PROJECT, Answer
from tests.google.support import BUCKET, REPOSITORY, deployment, details, make, standings, steps

THE_BUCKET = f"the bucket gs://{BUCKET}"
PROVIDER = "the way into the pool api-deploy by github"
NAMES = Names(deployment())


def whole() -> FakeGoogle:
    """A project in which everything was made."""
    fake = FakeGoogle()
    make(fake)
    fake.calls.clear()
    return fake


def stands(fake: FakeGoogle) -> bool:
    return set(standings(fake).values()) == {Standing.READY}


def test_everything_is_made_in_a_project_that_has_nothing() -> None:
    fake = FakeGoogle()
    make(fake)
    world = fake.world
    assert world.apis >= FIRST_APIS
    assert set(world.accounts) == {NAMES.service_account(PLAN), NAMES.service_account(DEPLOY)}
    assert {one for one in world.pools if "/providers/" not in one} == {
        NAMES.identity_pool_path(PLAN),
        NAMES.identity_pool_path(DEPLOY),
    }
    for trust in trusts(deployment()):
        provider = world.pools[NAMES.identity_provider_path(trust.account)]
        assert provider["attributeCondition"] == trust.condition
        assert f"assertion.repository == '{REPOSITORY}'" in trust.condition
        policy = f"projects/{PROJECT}/serviceAccounts/{NAMES.service_account(trust.account)}"
        assert world.held(policy) == {("roles/iam.workloadIdentityUser", trust.member, "")}
    assert world.held(f"projects/{PROJECT}") == {
        (one.role, one.member, one.expression) for one in project_bindings(deployment())
    }
    assert world.held(BUCKET) == {(one.role, one.member, "") for one in state_bindings(deployment())}
    assert set(world.roles["karst_plan_api"]["includedPermissions"]) == set(to_plan(deployment()))


def test_the_bucket_is_safe() -> None:
    bucket = whole().world.buckets[BUCKET]
    assert bucket["iamConfiguration"] == {
        "uniformBucketLevelAccess": {"enabled": True},
        "publicAccessPrevention": "enforced",
    }
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["softDeletePolicy"] == {"retentionDurationSeconds": "604800"}
    assert (bucket["location"], bucket["labels"]) == ("us-east4", {"owner": "lab", "managed-by": "karst"})
    (rule,) = bucket["lifecycle"]["rule"]
    assert rule["condition"] == {"numNewerVersions": 50, "daysSinceNoncurrentTime": 90, "isLive": False}


def test_a_second_run_changes_nothing() -> None:
    fake = whole()
    assert make(fake) == []
    assert fake.changes == []
    assert stands(fake)


def test_a_plan_changes_nothing_and_says_what_cannot_be_seen_yet() -> None:
    fake = FakeGoogle()
    found = standings(fake)
    assert fake.changes == []
    assert found[f"the first APIs of {PROJECT}"] is Standing.MISSING
    assert found[THE_BUCKET] is Standing.MISSING
    assert found["the pool api-plan"] is Standing.UNSEEN
    assert "on condition that assertion.repository == 'lab/karst-environments'" in details(fake, PROVIDER)
    assert "roles/dns.admin for api-deploy@" in details(fake, f"roles on the project {PROJECT}")


def test_without_a_repository_and_a_bucket_there_is_nothing_of_either() -> None:
    names = standings(FakeGoogle(), deployment(ci=None, state=None))
    assert list(names) == [f"the first APIs of {PROJECT}", f"your own permissions in {PROJECT}"]


class Killed(BaseException):
    """The process ends here."""


def kill_at(number: int) -> Callable[[int, Call], Answer | None]:
    def fault(now: int, _: Call) -> Answer | None:
        if now == number:
            raise Killed
        return None

    return fault


def length_of_a_run() -> int:
    fake = FakeGoogle()
    make(fake)
    return len(fake.calls)


CALLS = length_of_a_run()


@pytest.mark.parametrize("first", range(1, CALLS + 1, 8))
def test_whoever_is_killed_at_any_call_goes_on_from_there(first: int) -> None:
    for number in range(first, min(first + 8, CALLS + 1)):
        fake = FakeGoogle(fault=kill_at(number))
        with pytest.raises(Killed):
            make(fake)
        fake.fault = None
        make(fake)
        assert stands(fake), f"killed at call {number}"
        assert fake.world.held(f"projects/{PROJECT}") == {
            (one.role, one.member, one.expression) for one in project_bindings(deployment())
        }


@pytest.mark.parametrize("first", range(1, CALLS + 1, 8))
def test_an_answer_that_is_lost_after_its_effect_is_no_harm(first: int) -> None:
    for number in range(first, min(first + 8, CALLS + 1)):
        fake = FakeGoogle(vanishes_after=number)
        make(fake)
        fake.vanishes_after = 0
        assert stands(fake), f"lost at call {number}"
        policy = fake.world.policy(f"projects/{PROJECT}")["bindings"]
        assert len(policy) == len(project_bindings(deployment())), f"granted twice at call {number}"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_every_call_may_fail_once(status: int) -> None:
    failed: set[tuple[str, str, str]] = set()

    def once(_: int, call: Call) -> Answer | None:
        key = (call.method, call.api, call.path)
        if key in failed:
            return None
        failed.add(key)
        return status, {"error": {"code": status, "message": "not now", "status": "UNAVAILABLE"}}

    fake = FakeGoogle(fault=once)
    make(fake)
    fake.fault = None
    assert stands(fake)


def every_change() -> list[str]:
    fake = FakeGoogle()
    make(fake)
    return list(dict.fromkeys(fake.changes))


@pytest.mark.parametrize("refused", every_change())
def test_a_permission_that_is_missing_half_way_stops_it_and_the_next_run_goes_on(refused: str) -> None:
    def deny(_: int, call: Call) -> Answer | None:
        if f"{call.method} {call.api}/{call.path}" != refused:
            return None
        return 403, {"error": {"code": 403, "message": "Permission 'x.y.z' denied", "status": "PERMISSION_DENIED"}}

    fake = FakeGoogle(fault=deny)
    with pytest.raises(StoppedError, match=r"Permission 'x\.y\.z' denied") as stopped:
        make(fake)
    every = steps(fake)
    position = [step.name for step in every].index(stopped.value.step.name)
    assert [step.name for step in stopped.value.left] == [step.name for step in every[position + 1 :]]
    assert all(state is Standing.READY for state in list(standings(fake).values())[:position])
    fake.fault = None
    make(fake)
    assert stands(fake)


def test_two_at_once_make_everything_once() -> None:
    """Another whole run happens between each look and the change that follows it."""
    fake = FakeGoogle()

    def rival(_: int, call: Call) -> Answer | None:
        if call.method in {"POST", "PUT", "PATCH"} and not call.path.endswith(("getIamPolicy", "testIamPermissions")):
            fake.fault = None
            lock, fake._lock = fake._lock, type(fake._lock)()
            make(fake)
            fake._lock = lock
        return None

    fake.fault = rival
    make(fake)
    assert stands(fake)
    assert len(fake.world.policy(f"projects/{PROJECT}")["bindings"]) == len(project_bindings(deployment()))


def test_grants_of_others_stay_with_their_conditions() -> None:
    fake = FakeGoogle()
    theirs = {
        "role": "roles/owner",
        "members": ["user:ada@example.org"],
        "condition": {"title": "until spring", "expression": "request.time < timestamp('2027-03-01T00:00:00Z')"},
    }
    fake.world.policies[f"projects/{PROJECT}"] = {"version": 3, "etag": "7", "bindings": [theirs], "auditConfigs": [1]}
    make(fake)
    policy = fake.world.policy(f"projects/{PROJECT}")
    assert theirs in policy["bindings"]
    assert policy["auditConfigs"] == [1]


def test_a_policy_that_somebody_else_changes_is_read_again() -> None:
    fake = FakeGoogle()
    contested: list[int] = []

    def change(_: int, call: Call) -> Answer | None:
        if call.path == f"v1/projects/{PROJECT}:setIamPolicy" and len(contested) < 3:
            contested.append(1)
            policy = fake.world.policy(f"projects/{PROJECT}")
            policy["etag"] = str(int(policy["etag"]) + 1)
        return None

    fake.fault = change
    make(fake)
    assert len(contested) == 3
    assert stands(fake)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"projectNumber": "999999999999"}, "it belongs to the project with the number 999999999999, not to lab-cave"),
        ({"hidden": True}, "somebody else's"),
        ({"labels": {"managed-by": "terragrunt"}}, "its label managed-by says that 'terragrunt' looks after it"),
        ({"retentionPolicy": {"retentionPeriod": "86400"}}, "--clear-retention-period"),
        (
            {"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]}},
            "one of its lifecycle rules deletes states that are in use",
        ),
    ],
)
def test_a_bucket_that_is_not_ours_to_use_is_left_alone(change: dict[str, object], words: str) -> None:
    fake = whole()
    fake.world.buckets[BUCKET] |= change
    before = dict(fake.world.buckets[BUCKET])
    assert standings(fake)[THE_BUCKET] is Standing.BLOCKED
    assert words in details(fake, THE_BUCKET)
    with pytest.raises(StoppedError):
        make(fake)
    assert fake.world.buckets[BUCKET] == before


def test_a_bucket_with_other_things_in_it_is_left_alone_and_one_with_states_is_taken_over() -> None:
    fake = FakeGoogle()
    fake.world.buckets[BUCKET] = {"projectNumber": NUMBER, "metageneration": "4", "location": "EU"}
    fake.world.objects[f"{BUCKET}/karst/api/api/default.tfstate"] = {"resources": []}
    fake.world.objects[f"{BUCKET}/mesh/1"] = {}
    assert "it holds other things than states, such as 'mesh/1'" in details(fake, THE_BUCKET)
    del fake.world.objects[f"{BUCKET}/mesh/1"]
    assert "label managed-by=karst" in details(fake, THE_BUCKET)
    make(fake)
    bucket = fake.world.buckets[BUCKET]
    assert bucket["location"] == "EU"
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["labels"] == {"managed-by": "karst"}
    assert "lifecycle" not in bucket, "rules of who made it stay theirs"


def test_what_is_stricter_already_stays() -> None:
    fake = whole()
    bucket = fake.world.buckets[BUCKET]
    bucket |= {"softDeletePolicy": {"retentionDurationSeconds": "7776000"}, "lifecycle": {"rule": []}}
    provider = fake.world.pools[NAMES.identity_provider_path(DEPLOY)]
    provider["attributeCondition"] += " && assertion.actor == 'ada'"
    assert stands(fake)
    assert make(fake) == []


def test_a_bucket_that_changes_between_look_and_change_is_looked_at_again() -> None:
    fake = whole()
    bucket = fake.world.buckets[BUCKET]
    bucket["versioning"] = {"enabled": False}
    rivals: list[int] = []

    def rival(_: int, call: Call) -> Answer | None:
        if call.method == "PATCH" and not rivals:
            rivals.append(1)
            bucket["metageneration"] = "77"
        return None

    fake.fault = rival
    assert make(fake) == [THE_BUCKET]
    assert (bucket["versioning"], bucket["metageneration"]) == ({"enabled": True}, "78")


def test_a_name_that_is_taken_between_look_and_making_is_told() -> None:
    fake = FakeGoogle()

    def take(_: int, call: Call) -> Answer | None:
        if call.method == "POST" and call.path == "storage/v1/b":
            fake.world.buckets[BUCKET] = {"hidden": True}
        return None

    fake.fault = take
    with pytest.raises(StoppedError, match="names are unique in the whole world"):
        make(fake)


@pytest.mark.parametrize(
    "condition", ["", "assertion.repository_owner == 'lab'", "assertion.repository == 'lab/other' || true"]
)
def test_a_condition_that_lets_others_in_is_shown_and_tightened(condition: str) -> None:
    fake = whole()
    provider = fake.world.pools[NAMES.identity_provider_path(DEPLOY)]
    wanted, provider["attributeCondition"] = provider["attributeCondition"], condition
    assert standings(fake)[PROVIDER] is Standing.DIFFERS
    assert f"-> {wanted}" in details(fake, PROVIDER)
    assert make(fake) == [PROVIDER]
    assert provider["attributeCondition"] == wanted


def test_a_condition_with_an_alternative_behind_it_is_no_stricter_one() -> None:
    fake = whole()
    fake.world.pools[NAMES.identity_provider_path(DEPLOY)]["attributeCondition"] += " && true || true"
    assert standings(fake)[PROVIDER] is Standing.DIFFERS


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("the account api-deploy@lab-cave.iam.gserviceaccount.com", {"description": "by hand"}),
        ("the account api-deploy@lab-cave.iam.gserviceaccount.com", {"disabled": True}),
        ("the pool api-deploy", {"description": "by hand"}),
        ("the pool api-deploy", {"state": "DELETED"}),
        ("the pool api-deploy", {"disabled": True}),
        (PROVIDER, {"oidc": {"issuerUri": "https://evil.example.org"}}),
        ("the role karst_plan_api", {"description": "by hand"}),
        ("the role karst_plan_api", {"deleted": True}),
    ],
)
def test_what_somebody_else_made_or_switched_off_is_left_alone(name: str, spoil: dict[str, object]) -> None:
    fake = whole()
    world = fake.world
    place = {
        "the account": world.accounts.get(NAMES.service_account(DEPLOY)),
        "the pool": world.pools.get(NAMES.identity_pool_path(DEPLOY)),
        "the way": world.pools.get(NAMES.identity_provider_path(DEPLOY)),
        "the role": world.roles.get("karst_plan_api"),
    }[" ".join(name.split()[:2])]
    assert place is not None
    place |= spoil
    assert standings(fake)[name] is Standing.BLOCKED
    with pytest.raises(StoppedError):
        make(fake)
    assert fake.changes == []


def test_the_wrong_project_is_found_before_anything_is_made() -> None:
    fake = FakeGoogle()
    gcp = {**deployment().gcp.model_dump(mode="json"), "project_number": "999999999999"}
    said = details(fake, f"the first APIs of {PROJECT}", deployment(gcp=gcp))
    assert f"the project {PROJECT} has the number {NUMBER}, and deployment.yaml says 999999999999" in said
    with pytest.raises(StoppedError):
        make(fake, deployment(gcp=gcp))
    assert fake.changes == []


def test_permissions_are_asked_for_first_and_the_commands_name_roles() -> None:
    fake = FakeGoogle()
    fake.world.apis |= FIRST_APIS
    fake.world.denied = {"storage.buckets.create", "iam.workloadIdentityPools.create"}
    said = details(fake, f"your own permissions in {PROJECT}")
    assert "you lack iam.workloadIdentityPools.create, storage.buckets.create" in said
    first = f"gcloud projects add-iam-policy-binding {PROJECT} --condition=None --member=user:YOU@example.org"
    assert f"{first} --role=roles/iam.workloadIdentityPoolAdmin\n{first} --role=roles/storage.admin" in said
    with pytest.raises(StoppedError):
        make(fake)
    assert fake.changes == []


def test_permissions_that_google_knows_no_more_stop_nobody() -> None:
    fake = FakeGoogle()
    fake.world.unknown = {"dns.changes.get", "storage.buckets.get"}
    fake.world.unsupported = {"redis.instances.getAuthString"}
    make(fake)
    assert stands(fake)
    held = set(fake.world.roles["karst_plan_api"]["includedPermissions"])
    assert set(to_plan(deployment())) - held == {
        "dns.changes.get",
        "storage.buckets.get",
        "redis.instances.getAuthString",
    }


def test_an_account_that_policies_do_not_know_yet_is_waited_for() -> None:
    fake = FakeGoogle()
    early: list[int] = []

    def not_yet(_: int, call: Call) -> Answer | None:
        if call.path == f"v1/projects/{PROJECT}:setIamPolicy" and len(early) < 2:
            early.append(1)
            message = "Service account api-deploy@lab-cave.iam.gserviceaccount.com does not exist."
            return 400, {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}
        return None

    fake.fault = not_yet
    make(fake)
    fake.fault = None
    assert len(early) == 2
    assert stands(fake)


def test_an_api_that_was_just_switched_on_is_waited_for() -> None:
    fake = FakeGoogle()
    waited: list[str] = []

    def slow(_: int, call: Call) -> Answer | None:
        if call.api == "cloudresourcemanager" and "cloudresourcemanager" in fake.world.apis and len(waited) < 7:
            waited.append(call.path)
            fake.world.apis.discard("cloudresourcemanager")
            answer = fake._answered(call)
            fake.world.apis.add("cloudresourcemanager")
            return answer
        return None

    fake.fault = slow
    make(fake)
    fake.fault = None
    assert len(waited) == 7
    assert stands(fake)


def test_a_step_that_never_comes_to_stand_is_told() -> None:
    fake = FakeGoogle()

    def forget(_: int, call: Call) -> Answer | None:
        return (200, {}) if call.method == "POST" and call.path == "storage/v1/b" else None

    fake.fault = forget
    pauses: list[float] = []
    with pytest.raises(StoppedError, match="it was made, but Google does not show it so"):
        apply(steps(fake), lambda _: None, pauses.append)
    assert sum(pauses) > 20
