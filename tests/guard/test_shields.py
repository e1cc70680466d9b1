"""What keeps strangers out, or data whole, beside the thing itself is missed when it goes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from karst.plan.guard import judge
from karst.plan.model import Consent
from tests.guard.made_plans import entry, plan

Json = dict[str, Any]

BUCKET = "google_storage_bucket.data"
BACKEND = "google_compute_backend_service.edge"
FIREWALL = "google_compute_firewall.in"
ARMOR = "google_compute_security_policy.edge"
SQL = "google_sql_database_instance.main"
CLUSTER = "google_container_cluster.main"
POLICY = "kubernetes_network_policy_v1.deny"
DENIES = {"spec": [{"pod_selector": [{"match_labels": None}], "policy_types": ["Ingress"], "ingress": []}]}


def door(*ports: str, ranges: tuple[str, ...] = ("0.0.0.0/0",)) -> Json:
    rule = {"protocol": "tcp", "ports": list(ports)}
    return {"direction": "INGRESS", "source_ranges": list(ranges), "allow": [rule]}


def rules(*actions: str) -> Json:
    return {"rule": [{"action": action, "priority": number} for number, action in enumerate(actions)]}


def network(**block: object) -> Json:
    return {"settings": [{"ip_configuration": [block]}]}


def refused(*entries: Json, is_new: bool = False) -> list[tuple[str, Consent]]:
    found = judge([plan(*entries, is_new=is_new)], (), today=date(2026, 1, 1)).refusals
    return [(one.address, one.consent) for one in found]


EXPOSED: dict[str, Json] = {
    "two halves of the internet": entry(FIREWALL, "create", after=door(ranges=("0.0.0.0/1", "128.0.0.0/1"))),
    "one half of it": entry(FIREWALL, "create", after=door(ranges=("128.0.0.0/1",))),
    "all of it, spelt otherwise": entry(FIREWALL, "create", after=door(ranges=("0::/0",))),
    "one more port of an open firewall": entry(FIREWALL, "update", door("443"), door("443", "22")),
    "every port of an open firewall": entry(FIREWALL, "update", door("443"), door()),
    "a firewall known later": entry(
        FIREWALL, "create", after={"allow": [{"protocol": "tcp"}]}, after_unknown={"source_ranges": True}
    ),
    "ingress known later": entry(
        "google_cloud_run_v2_service.s",
        "update",
        {"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"},
        {},
        after_unknown={"ingress": True},
    ),
    "a denial of the firewall": entry(FIREWALL, "delete", {"deny": [{"protocol": "all"}]}),
    "Cloud Armor": entry(BACKEND, "update", {"security_policy": "p"}, {"security_policy": ""}),
    "sign-in at the edge": entry(BACKEND, "update", {"iap": [{"enabled": True}]}, {"iap": [{"enabled": False}]}),
    "a denial of Cloud Armor": entry(ARMOR, "update", rules("deny(403)", "allow"), rules("allow", "allow")),
    "one who is let past it": entry(ARMOR, "update", rules("deny(403)"), rules("deny(403)", "allow")),
    "the network policy of a namespace": entry(POLICY, "delete", DENIES),
    "the cluster's network policies": entry(
        CLUSTER, "update", {"network_policy": [{"enabled": True}]}, {"network_policy": [{"enabled": False}]}
    ),
    "networks of the control plane": entry(
        CLUSTER,
        "update",
        {"master_authorized_networks_config": [{"cidr_blocks": [{"cidr_block": "10.0.0.0/8"}]}]},
        {"master_authorized_networks_config": []},
    ),
    "lists of access on objects": entry(
        BUCKET, "update", {"uniform_bucket_level_access": True}, {"uniform_bucket_level_access": False}
    ),
    "half the internet at a database": entry(
        SQL, "update", network(), network(authorized_networks=[{"value": "128.0.0.0/1"}])
    ),
    "a database without encryption": entry(
        SQL, "update", network(ssl_mode="ENCRYPTED_ONLY"), network(ssl_mode="ALLOW_UNENCRYPTED_AND_ENCRYPTED")
    ),
}


@pytest.mark.parametrize("name", EXPOSED)
def test_a_shield_that_goes_opens(name: str) -> None:
    assert (EXPOSED[name]["address"], Consent.EXPOSE) in refused(EXPOSED[name])


def test_what_goes_with_all_that_it_guarded_opens_nothing() -> None:
    namespace = entry("kubernetes_namespace_v1.n", "delete", {"metadata": []})
    assert refused(entry(POLICY, "delete", DENIES), namespace) == []
    whole = entry("google_compute_network.n", "delete", {"name": "n"})
    assert refused(entry(FIREWALL, "delete", {"deny": [{"protocol": "all"}]}), whole) == []


CLOSED: dict[str, Json] = {
    "fewer ports": entry(FIREWALL, "update", door("443", "22"), door("443")),
    "somebody's network": entry(FIREWALL, "create", after=door(ranges=("10.0.0.0/8", "35.191.0.0/16", "fd00::/8"))),
    "another policy of Cloud Armor": entry(BACKEND, "update", {"security_policy": "p"}, {"security_policy": "q"}),
    "one more denial": entry(ARMOR, "update", rules("allow"), rules("allow", "deny(403)")),
    "certificates of clients": entry(
        SQL, "update", network(ssl_mode="ENCRYPTED_ONLY"), network(ssl_mode="TRUSTED_CLIENT_CERTIFICATE_REQUIRED")
    ),
    "a network policy that allows": entry(
        POLICY, "delete", {"spec": [{"pod_selector": [{}], "ingress": [{"from": [{"namespace_selector": [{}]}]}]}]}
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_a_shield_that_stays_says_nothing(name: str) -> None:
    assert refused(CLOSED[name]) == []


UNPROTECTED: dict[str, Json] = {
    "what was left standing": entry(BUCKET, "update", {"deletion_policy": "ABANDON"}, {"deletion_policy": "DELETE"}),
    "what nobody had released": entry(BUCKET, "update", {"name": "b"}, {"name": "b", "deletion_policy": "DELETE"}),
    "a full bucket": entry(BUCKET, "update", {"name": "b"}, {"name": "b", "force_destroy": True}),
    "a full dataset of BigQuery": entry(
        "google_bigquery_dataset.d",
        "update",
        {"delete_contents_on_destroy": False},
        {"delete_contents_on_destroy": True},
    ),
    "tables that end by themselves": entry(
        "google_bigquery_dataset.d",
        "update",
        {"default_table_expiration_ms": None},
        {"default_table_expiration_ms": 3600000},
    ),
    "a secret that ends by itself": entry("google_secret_manager_secret.s", "update", {}, {"expire_time": "2027"}),
}


@pytest.mark.parametrize("name", UNPROTECTED)
def test_releasing_data_is_approved_before_it_may_go(name: str) -> None:
    assert (UNPROTECTED[name]["address"], Consent.UNPROTECT) in refused(UNPROTECTED[name])


def test_a_table_that_stays_may_not_lose_a_column_family_unseen() -> None:
    families = [{"family": "a"}, {"family": "b"}]
    table = "google_bigtable_table.graph"
    fewer = entry(table, "update", {"column_family": families}, {"column_family": families[:1]})
    assert refused(fewer) == [(table, Consent.DELETE)]
    more = entry(table, "update", {"column_family": families[:1]}, {"column_family": families})
    assert refused(more) == []


GRANTED: dict[str, Json] = {
    "an entry of a bucket's list": entry(
        "google_storage_bucket_access_control.a",
        "create",
        after={"bucket": "b", "role": "OWNER", "entity": "user-a@example.org"},
    ),
    "one more on it": entry(
        "google_storage_bucket_acl.a", "update", {"role_entity": []}, {"role_entity": ["OWNER:user-a@example.org"]}
    ),
    "an entry of BigQuery's": entry(
        "google_bigquery_dataset_access.a",
        "create",
        after={"dataset_id": "d", "role": "OWNER", "user_by_email": "a@example.org"},
    ),
    "a key to every machine": entry(
        "google_compute_project_metadata_item.a", "create", after={"key": "ssh-keys", "value": "a:ssh-ed25519 A"}
    ),
}


@pytest.mark.parametrize("name", GRANTED)
def test_old_ways_to_give_rights_are_grants(name: str) -> None:
    assert (GRANTED[name]["address"], Consent.GRANT) in refused(GRANTED[name])


@pytest.mark.parametrize("role", ["roles/owner", "roles/editor", "roles/resourcemanager.projectIamAdmin"])
def test_not_even_a_first_deployment_gives_away_a_whole_project(role: str) -> None:
    account = entry("google_service_account.a", "create", after={"account_id": "a"})
    address = "google_project_iam_member.m"
    grant = entry(address, "create", after={"project": "p", "role": role, "member": "user:a@example.org"})
    assert refused(account, grant, is_new=True) == [(address, Consent.GRANT)]


def test_marks_of_what_is_known_are_no_unknown_addresses() -> None:
    """A provider marks each element of what it knows with false."""
    marks = {"source_ranges": [False], "allow": [{"ports": [False]}]}
    assert refused(entry(FIREWALL, "create", after=door("80", ranges=("10.0.0.0/8",)), after_unknown=marks)) == []
