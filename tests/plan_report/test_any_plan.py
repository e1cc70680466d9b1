"""Whatever attributes hold, a plan is judged and reported, or refused with a reason: nothing falls over."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karst.plan.cost import DRIVERS
from karst.plan.guard import judge
from karst.plan.markdown import LIMIT_BYTES, as_markdown
from karst.plan.page import as_html
from karst.plan.protection import STATEFUL
from karst.plan.reader import PlanUnreadableError, parse_plan
from karst.plan.shown_values import SHOWN
from karst.plan.summary import Summary, summarize

KEYS = (
    *("role", "member", "members", "condition", "policy_data", "versioning", "enabled", "settings", "lifecycle_rule"),
    *(
        "ip_configuration",
        "authorized_networks",
        "value",
        "action",
        "type",
        "spec",
        "metadata",
        "annotations",
        "ingress",
    ),
    *(
        "from",
        "ip_block",
        "cidr",
        "source_ranges",
        "allow",
        "direction",
        "network_interface",
        "access_config",
        "subject",
    ),
    *("deletion_policy", "deletion_protection", "force_destroy", "labels", "limits", "cpu", "public_access_prevention"),
    *(
        "automated_backup_policy",
        "retention_period",
        "soft_delete_policy",
        "retention_duration_seconds",
        "name",
        "bucket",
    ),
    *("rule", "security_policy", "iap", "column_family", "family", "protocol", "ports", "deny", "key", "role_entity"),
    *("ssl_mode", "network_policy", "pod_selector", "expire_time"),
    *sorted(SHOWN)[:20],
)
TYPES = (
    *sorted(STATEFUL),
    *sorted(DRIVERS),
    *("google_storage_bucket_iam_member", "google_project_iam_policy", "google_project_iam_binding", "google_sql_user"),
    *("google_compute_security_policy", "google_compute_backend_service", "google_compute_project_metadata"),
    *("google_storage_bucket_acl", "google_bigquery_dataset_access"),
    *("google_compute_firewall", "kubernetes_service_v1", "kubernetes_network_policy_v1", "kubernetes_cluster_role_v1"),
    *("google_compute_instance", "google_bigtable_gc_policy", "kubernetes_role_binding_v1", "google_bigquery_dataset"),
)
WORDS = st.sampled_from(
    ("allUsers", "0.0.0.0/0", "PREVENT", "Delete", "enforced", "LoadBalancer", "{", "[]", "168h", "\ud800")
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), WORDS, st.text(max_size=12))
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
ATTRIBUTES = st.none() | st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8)
ACTIONS = st.sampled_from(
    (["create"], ["update"], ["delete"], ["delete", "create"], ["create", "delete"], ["no-op"], ["forget"])
)
MARKS = st.booleans() | st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4)


@st.composite
def changes(draw: st.DrawFn) -> dict[str, object]:
    kind = draw(st.sampled_from(TYPES))
    body = {
        "actions": draw(ACTIONS),
        "before": draw(ATTRIBUTES),
        "after": draw(ATTRIBUTES),
        "after_unknown": draw(MARKS),
        "before_sensitive": draw(MARKS),
        "after_sensitive": draw(MARKS),
    }
    return {"address": f"{kind}.{draw(st.text(min_size=1, max_size=8))}", "type": kind, "change": body}


@pytest.mark.fuzz
@given(st.lists(changes(), max_size=4), st.booleans())
def test_any_attributes(listed: list[dict[str, object]], is_new: bool) -> None:
    prior = [] if is_new else [{"values": {"name": "x"}}]
    document = {
        "format_version": "1.2",
        "resource_changes": listed,
        "prior_state": {"values": {"root_module": {"resources": prior}}},
    }
    try:
        plan = parse_plan(json.dumps(document), stack="demo", source="demo")
    except PlanUnreadableError:
        return
    verdict = judge([plan], (), today=date(2026, 1, 1))
    summary = Summary(stacks=summarize([plan], verdict), verdict=verdict)
    assert len(as_markdown(summary).encode()) <= LIMIT_BYTES
    assert "</html>" in as_html(summary).encode().decode()
