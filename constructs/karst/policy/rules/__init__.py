"""The rules, one file a subject; `ALL` is every one of them."""

from __future__ import annotations

from karst.policy.rules import (
    access,
    cluster_roles,
    clusters,
    databases,
    edge,
    hygiene,
    messaging,
    protection,
    secrets,
    serving,
    storage,
    workloads,
)

ALL = (
    *hygiene.RULES,
    *protection.RULES,
    *access.RULES,
    *secrets.RULES,
    *databases.RULES,
    *storage.RULES,
    *messaging.RULES,
    *serving.RULES,
    *edge.RULES,
    *workloads.RULES,
    *cluster_roles.RULES,
    *clusters.RULES,
)
