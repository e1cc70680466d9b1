"""What a plan opens, gives away or leaves unprotected is refused until it is approved by name."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from karst.plan.approvals import Approval
from karst.plan.guard import Decision, judge
from karst.plan.model import Consent, Plan
from tests.guard.made_plans import entry, plan

TODAY = date(2026, 1, 1)
BUCKET = "google_storage_bucket.data"
MEMBER = "google_storage_bucket_iam_member.reader"
SQL = "google_sql_database_instance.main"
RUN = "google_cloud_run_v2_service.clio"
RUN_MEMBER = "google_cloud_run_v2_service_iam_member.public"
FIREWALL = "google_compute_firewall.in"
ADA = "serviceAccount:ada@lab.iam.gserviceaccount.com"

Json = dict[str, Any]


def grant(member: str, role: str = "roles/storage.objectViewer", bucket: str = "data") -> Json:
    return {"bucket": bucket, "role": role, "member": member}


def settings(**block: object) -> Json:
    return {"settings": [block]}


def refused(*plans: Plan) -> list[tuple[str, Consent]]:
    return [(one.address, one.consent) for one in judge(plans, (), today=TODAY).refusals]


def open_networks(*ranges: str) -> Json:
    return settings(ip_configuration=[{"authorized_networks": [{"name": "x", "value": one} for one in ranges]}])


EXPOSED: dict[str, Json] = {
    "everybody": entry(MEMBER, "create", after=grant("allUsers")),
    "everybody who signed in somewhere": entry(MEMBER, "create", after=grant("allAuthenticatedUsers")),
    "one of several members": entry(
        "google_project_iam_binding.b",
        "update",
        {"role": "r", "members": [ADA]},
        {"role": "r", "members": [ADA, "allUsers"]},
    ),
    "a policy": entry(
        "google_storage_bucket_iam_policy.p",
        "create",
        after={"policy_data": json.dumps({"bindings": [{"role": "r", "members": ["allUsers"]}]})},
    ),
    "an old list of access": entry("google_storage_bucket_acl.a", "create", after={"role_entity": ["READER:allUsers"]}),
    "prevention gone": entry(
        BUCKET, "update", {"public_access_prevention": "enforced"}, {"public_access_prevention": "inherited"}
    ),
    "prevention known later": entry(BUCKET, "update", {"public_access_prevention": "enforced"}, {}),
    "a public address of a database": entry(
        SQL,
        "update",
        settings(ip_configuration=[{"ipv4_enabled": False}]),
        settings(ip_configuration=[{"ipv4_enabled": True}]),
    ),
    "a database open to all": entry(
        SQL, "update", open_networks("10.0.0.0/8"), open_networks("10.0.0.0/8", "0.0.0.0/0")
    ),
    "a firewall": entry(
        FIREWALL,
        "create",
        after={"direction": "INGRESS", "source_ranges": ["0.0.0.0/0"], "allow": [{"protocol": "tcp"}]},
    ),
    "Cloud Run": entry(
        RUN, "update", {"ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"}, {"ingress": "INGRESS_TRAFFIC_ALL"}
    ),
    "machines with addresses": entry(
        "google_container_cluster.c",
        "update",
        {"private_cluster_config": [{"enable_private_nodes": True}]},
        {"private_cluster_config": [{"enable_private_nodes": False}]},
    ),
    "one machine": entry(
        "google_compute_instance.m", "create", after={"network_interface": [{"access_config": [{"nat_ip": ""}]}]}
    ),
    "a Kubernetes service": entry(
        "kubernetes_service_v1.s", "create", after={"metadata": [{}], "spec": [{"type": "LoadBalancer"}]}
    ),
    "one more address of the load balancer": entry(
        "google_compute_global_forwarding_rule.f", "create", after={"load_balancing_scheme": "EXTERNAL_MANAGED"}
    ),
    "pods": entry(
        "kubernetes_network_policy_v1.p",
        "create",
        after={"spec": [{"ingress": [{"from": [{"ip_block": [{"cidr": "0.0.0.0/0"}]}]}]}]},
    ),
}


@pytest.mark.parametrize("name", EXPOSED)
def test_exposed(name: str) -> None:
    address = EXPOSED[name]["address"]
    assert (address, Consent.EXPOSE) in refused(plan(EXPOSED[name]))


CLOSED: dict[str, Json] = {
    "open before": entry(MEMBER, "update", grant("allUsers"), {**grant("allUsers"), "etag": "2"}),
    "a name that sounds like everybody": entry(
        BUCKET, "update", {"name": "allUsers"}, {"name": "allUsers", "labels": {}}
    ),
    "closed": entry(
        BUCKET, "update", {"public_access_prevention": "inherited"}, {"public_access_prevention": "enforced"}
    ),
    "a firewall that denies": entry(
        FIREWALL,
        "create",
        after={"direction": "INGRESS", "source_ranges": ["0.0.0.0/0"], "deny": [{"protocol": "all"}]},
    ),
    "pods that call the world": entry(
        "kubernetes_network_policy_v1.p",
        "create",
        after={"spec": [{"egress": [{"to": [{"ip_block": [{"cidr": "0.0.0.0/0"}]}]}]}]},
    ),
    "an internal Kubernetes service": entry(
        "kubernetes_service_v1.s",
        "create",
        after={
            "metadata": [{"annotations": {"networking.gke.io/load-balancer-type": "Internal"}}],
            "spec": [{"type": "LoadBalancer"}],
        },
    ),
    "taken away": entry(MEMBER, "delete", grant("allUsers")),
}


@pytest.mark.parametrize("name", CLOSED)
def test_not_exposed(name: str) -> None:
    assert refused(plan(CLOSED[name])) == []


WIDER: dict[str, Json] = {
    "somebody new": entry(MEMBER, "create", after=grant(ADA)),
    "another role": entry(MEMBER, "delete/create", grant(ADA), grant(ADA, "roles/storage.admin")),
    "somebody known later": entry(
        MEMBER, "create", after={"bucket": "data", "role": "r"}, after_unknown={"member": True}
    ),
    "one more member": entry(
        "google_project_iam_binding.b", "update", {"role": "r", "members": ["a"]}, {"role": "r", "members": ["a", "b"]}
    ),
    "no condition any more": entry(MEMBER, "update", grant(ADA) | {"condition": [{"expression": "x"}]}, grant(ADA)),
    "a policy known later": entry(
        "google_project_iam_policy.p", "update", {"policy_data": "{}"}, after_unknown={"policy_data": True}
    ),
    "a role with more permissions": entry(
        "google_project_iam_custom_role.r", "update", {"permissions": ["a.b.c"]}, {"permissions": ["a.b.c", "a.b.d"]}
    ),
    "a login to the database": entry("google_sql_user.u", "create", after={"name": "u", "instance": "i"}),
    "a key": entry("google_service_account_key.k", "create", after={"service_account_id": "a"}),
    "a federation without its condition": entry(
        "google_iam_workload_identity_pool_provider.p",
        "update",
        {"attribute_condition": "assertion.repository == 'lab/karst'"},
        {"attribute_condition": ""},
    ),
    "everything in the cluster": entry(
        "kubernetes_cluster_role_binding_v1.b",
        "create",
        after={"role_ref": [{"name": "cluster-admin"}], "subject": [{"kind": "User", "name": "ada"}]},
    ),
}


@pytest.mark.parametrize("name", WIDER)
def test_wider(name: str) -> None:
    assert (WIDER[name]["address"], Consent.GRANT) in refused(plan(WIDER[name]))


def test_a_grant_on_what_the_plan_makes_opens_nothing_that_exists() -> None:
    made = entry(BUCKET, "create", after={"name": "data", "project": "lab", "public_access_prevention": "enforced"})
    assert refused(plan(made, entry(MEMBER, "create", after=grant(ADA)))) == []
    other = entry(MEMBER, "create", after=grant(ADA, bucket="other"))
    assert refused(plan(made, other)) == [(MEMBER, Consent.GRANT)]
    later = entry(MEMBER, "create", after={"role": "r", "member": ADA}, after_unknown={"bucket": True})
    assert refused(plan(made, later)) == []
    assert refused(plan(later)) == [(MEMBER, Consent.GRANT)]


def test_a_first_deployment_gives_what_its_stack_declares_but_opens_nothing() -> None:
    account = entry("google_service_account.a", "create", after={"account_id": "a"})
    grants = entry("google_project_iam_member.m", "create", after={"project": "lab", "role": "r", "member": ADA})
    public = entry(MEMBER, "create", after=grant("allUsers"))
    assert refused(plan(account, grants, is_new=True)) == []
    assert refused(plan(account, public, is_new=True)) == [(MEMBER, Consent.EXPOSE)]
    # Grants alone are no deployment.
    assert refused(plan(grants, is_new=True)) == [("google_project_iam_member.m", Consent.GRANT)]


@pytest.mark.parametrize(
    ("ingress", "decision"), [("INTERNAL_LOAD_BALANCER", Decision.REPORTED), ("ALL", Decision.REFUSED)]
)
def test_a_first_service_behind_the_load_balancer_may_answer_everybody(ingress: str, decision: Decision) -> None:
    service = entry(RUN, "create", after={"name": "clio", "ingress": f"INGRESS_TRAFFIC_{ingress}"})
    member = entry(RUN_MEMBER, "create", after={"name": "clio", "role": "roles/run.invoker", "member": "allUsers"})
    findings = judge([plan(service, member, is_new=True)], (), today=TODAY).findings
    assert {one.decision for one in findings if one.address == RUN_MEMBER} == {decision}
    assert refused(plan(service, member))


LIFTED: dict[str, Json] = {
    "PREVENT": entry(BUCKET, "update", {"deletion_policy": "PREVENT"}, {"deletion_policy": "DELETE"}),
    "the cloud's own switch": entry(SQL, "update", {"deletion_protection": True}, {"deletion_protection": False}),
    "versions": entry(BUCKET, "update", {"versioning": [{"enabled": True}]}, {"versioning": [{"enabled": False}]}),
    "versions, block and all": entry(BUCKET, "update", {"versioning": [{"enabled": True}]}, {"versioning": []}),
    "deleted objects kept": entry(
        BUCKET,
        "update",
        {"soft_delete_policy": [{"retention_duration_seconds": 604800}]},
        {"soft_delete_policy": [{"retention_duration_seconds": 0}]},
    ),
    "backups": entry(
        SQL,
        "update",
        settings(backup_configuration=[{"enabled": True}]),
        settings(backup_configuration=[{"enabled": False}]),
    ),
    "logs to go back by": entry(
        SQL,
        "update",
        settings(backup_configuration=[{"enabled": True, "point_in_time_recovery_enabled": True}]),
        settings(backup_configuration=[{"enabled": True, "point_in_time_recovery_enabled": False}]),
    ),
    "earlier states of documents": entry(
        "google_firestore_database.d",
        "update",
        {"point_in_time_recovery_enablement": "POINT_IN_TIME_RECOVERY_ENABLED"},
        {"point_in_time_recovery_enablement": "POINT_IN_TIME_RECOVERY_DISABLED"},
    ),
    "backups of a table": entry(
        "google_bigtable_table.t",
        "update",
        {"automated_backup_policy": [{"retention_period": "168h0m0s", "frequency": "24h0m0s"}]},
        {"automated_backup_policy": []},
    ),
    "fewer hours of them": entry(
        "google_bigtable_table.t",
        "update",
        {"automated_backup_policy": [{"retention_period": "168h0m0s", "frequency": "24h0m0s"}]},
        {"automated_backup_policy": [{"retention_period": "72h0m0s", "frequency": "24h0m0s"}]},
    ),
    "full buckets deleted": entry(BUCKET, "update", {"force_destroy": False}, {"force_destroy": True}),
    "objects deleted by a rule": entry(
        BUCKET,
        "update",
        {"lifecycle_rule": []},
        {"lifecycle_rule": [{"action": [{"type": "Delete"}], "condition": [{"age": 1}]}]},
    ),
    "cells deleted sooner": entry("google_bigtable_gc_policy.g", "update", {"gc_rules": "a"}, {"gc_rules": "b"}),
}


@pytest.mark.parametrize("name", LIFTED)
def test_lifted(name: str) -> None:
    assert (LIFTED[name]["address"], Consent.UNPROTECT) in refused(plan(LIFTED[name]))


@pytest.mark.parametrize("actions", ["delete", "delete/create"])
def test_data_that_nobody_released_is_not_destroyed_though_nothing_protects_it(actions: str) -> None:
    gone = entry(BUCKET, actions, {"name": "data"}, {"name": "data", "public_access_prevention": "enforced"})
    assert [address for address, _ in refused(plan(gone))] == [BUCKET]
    released = entry(BUCKET, "delete", {"name": "data", "deletion_policy": "DELETE"})
    assert refused(plan(released)) == []


def approval(address: str, consent: Consent) -> Approval:
    return Approval(address=address, stack="demo", action=consent, reason="published", file="approvals.yaml", line=2)


def test_each_thing_that_a_change_does_needs_its_own_approval() -> None:
    both = plan(
        entry(
            SQL,
            "update",
            {"deletion_protection": True} | settings(ip_configuration=[{"ipv4_enabled": False}]),
            {"deletion_protection": False} | settings(ip_configuration=[{"ipv4_enabled": True}]),
        )
    )
    consents = [Consent.EXPOSE, Consent.UNPROTECT]
    assert refused(both) == [(SQL, consent) for consent in consents]
    one = judge([both], [approval(SQL, Consent.EXPOSE)], today=TODAY)
    assert [finding.consent for finding in one.refusals] == [Consent.UNPROTECT]
    assert not judge([both], [approval(SQL, consent) for consent in consents], today=TODAY).refusals
    assert judge([both], [approval(SQL, Consent.GRANT)], today=TODAY).unused
