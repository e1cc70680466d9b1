"""Roles in databases are there before anything that uses a database starts, and where they are not, nothing starts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from karst.naming import SQL_ROLES
from tests.derived.workers import deployment
from tests.examples import ExampleStack
from tests.synthesis.running import UPSTREAM, WEB, WORKER, Body, apps, foundation, objects, workload

FIRST = {"roles": {"runs_first": True, "resources": {"cpu": "50m", "memory": "64Mi"}}}
ADMIN = workload(SQL_ROLES, processes=FIRST, health=None, routes=None)
INFO = {"relational": [{"name": "annotation", "access": "write"}]}
SECRET = {"DATABASE_PASSWORD": {"description": "Logs in", "is_generated": True}}
MIGRATED = workload(
    "engine",
    processes={"web": WEB, "nightly": {**WORKER, "schedule": "0 3 * * *"}},
    stores=INFO,
    migrations={"command": ["migrate"], "database": "annotation"},
)
THEIRS = workload("theirs", stores=INFO, secrets=SECRET, **UPSTREAM)
OTHER = workload("other")
STARTED = ("kubernetes_deployment_v1", "kubernetes_cron_job_v1", "kubernetes_job_v1")


def stack(*, running: Iterable[Any] = (OTHER, MIGRATED, THEIRS, ADMIN), **keys: object) -> ExampleStack:
    return apps(deployment(**keys), running)


def waiting(of: ExampleStack) -> tuple[set[str], set[str]]:
    """Addresses of what starts pods: those that wait for the roles, and those that don't."""
    waits, others = set[str](), set[str]()
    for kind in STARTED:
        for name, body in of.content["resource"].get(kind, {}).items():
            needs = [one for one in body["depends_on"] if one.startswith("kubernetes_job_v1.apps__sql_roles")]
            (waits if needs else others).add(f"{kind}.{name}")
    return waits, others


def job(of: ExampleStack) -> tuple[str, Body]:
    (found,) = ((name, body) for name, body in objects(of, "job_v1").items() if name.startswith(f"{SQL_ROLES}-"))
    return found


def test_what_uses_a_database_waits_for_its_roles_and_nothing_else_does() -> None:
    waits, others = waiting(stack())
    assert waits == {
        "kubernetes_deployment_v1.apps__engine__workload__web__deployment",
        "kubernetes_cron_job_v1.apps__engine__workload__nightly__job",
        "kubernetes_job_v1.apps__engine__workload__migrate__job",
        "kubernetes_deployment_v1.apps__theirs__workload__web__deployment",
    }
    assert others == {
        "kubernetes_deployment_v1.apps__other__workload__web__deployment",
        "kubernetes_job_v1.apps__sql_roles__workload__roles__job",
    }


def test_an_apply_waits_for_the_end_of_the_job() -> None:
    _, body = job(stack())
    assert body["wait_for_completion"] is True
    assert body["metadata"]["namespace"] == "api-blue"
    assert body["spec"]["active_deadline_seconds"] == 900
    assert body["spec"]["template"]["spec"]["service_account_name"] == SQL_ROLES
    assert SQL_ROLES not in objects(stack(), "deployment_v1")


def test_the_job_runs_again_exactly_when_the_wanted_roles_change() -> None:
    once, _ = job(stack())
    assert job(stack())[0] == once
    assert job(stack(running=(MIGRATED, THEIRS, ADMIN)))[0] == once, "a service without databases is nothing to it"
    assert job(stack(running=(MIGRATED, ADMIN)))[0] != once
    assert job(stack(sql={"databases": {"annotation": "notes"}}))[0] != once


@pytest.mark.parametrize("state", ["standby", "active", "draining", "retired"])
def test_it_runs_in_every_generation_that_runs_anything(state: str) -> None:
    other = "active" if state != "active" else "standby"
    _, body = job(stack(generations={"blue": {"state": state}, "green": {"state": other}}))
    assert body["wait_for_completion"] is True


def test_its_pod_reads_the_document_and_the_passwords() -> None:
    made = stack()
    _, body = job(made)
    pod = body["spec"]["template"]["spec"]
    (box,) = pod["container"]
    mounts = {one["mount_path"]: one for one in box["volume_mount"]}
    env = {one["name"]: one["value"] for one in box["env"]}
    assert env["KARST_SECRETS"] in mounts
    assert "/etc/karst-sql/roles.json" in mounts
    document = next(iter(objects(made, "config_map_v1")[f"{SQL_ROLES}-config"]["data"].values()))
    logins = {one["name"]: one["password"] for one in json.loads(document)["logins"]}
    assert logins == {"api-engine@lab-cave.iam": None, "api-theirs": "password-theirs"}
    releases = made.content["resource"]["helm_release"].values()
    classes = {one["name"]: one for release in releases for one in json.loads(release["values"][0])["secretClasses"]}
    assert "password-theirs" in json.dumps(classes[SQL_ROLES])
    assert "password-theirs" not in json.dumps([one for name, one in classes.items() if name != SQL_ROLES])


def test_it_reaches_the_databases_and_nobody_reaches_it() -> None:
    policy = objects(stack(), "network_policy_v1")[SQL_ROLES]["spec"]
    assert not policy.get("ingress")
    ports = sorted(port["port"] for rule in policy["egress"] for port in rule["ports"])
    assert ports == ["443", "53", "53", "5432", "80"]


def test_it_alone_is_an_administrator() -> None:
    users = foundation(deployment(), (OTHER, MIGRATED, THEIRS, ADMIN)).content["resource"]["google_sql_user"].values()
    roles = {user["name"]: user.get("database_roles") for user in users}
    assert roles == {
        "api-engine@lab-cave.iam": None,
        "api-sql-roles@lab-cave.iam": ["cloudsqlsuperuser"],
    }


def test_examples_run_it_exactly_where_something_uses_a_database(examples: dict[str, ExampleStack]) -> None:
    with_roles = {
        name
        for name, example in examples.items()
        if any("sql_roles" in one for one in example.content.get("resource", {}).get("kubernetes_job_v1", {}))
    }
    assert with_roles == {"demo-apps-blue", "global-apps-blue", "global-apps-green", "local-apps-blue"}
    for name in with_roles:
        waits, _ = waiting(examples[name])
        assert waits, f"{name} has users of databases"
