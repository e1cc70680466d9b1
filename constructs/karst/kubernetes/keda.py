"""KEDA: scales processes by queues and requests, down to none. A chart of others, pinned to a version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from cdktn import ITerraformDependable
from cdktn_provider_helm.release import Release
from constructs import Construct

OPERATOR = "keda-operator"
"""Name of the operator's pods, and of its Kubernetes service account."""
METRICS_SERVER = "keda-operator-metrics-apiserver"
WEBHOOKS = "keda-admission-webhooks"
METRICS_PORT = 8080

_TIMEOUT_S = 600
_REVISIONS_KEPT = 5


@dataclass(frozen=True, kw_only=True)
class KedaProps:
    """Which chart goes where, and as whom it acts."""

    namespace: str
    cluster: str
    """Name by which its events call the cluster."""
    repository: str
    version: str
    account: str
    """E-mail of the Google service account with which the operator reads metrics and passwords."""
    is_redundant: bool
    """A second copy of what scaling depends on, and never both down for maintenance."""
    waits_for: Sequence[ITerraformDependable] = ()


class Keda(Construct):
    """The release of KEDA of one cluster.

    Promises: pods within the strictest Pod Security level; it reads no Kubernetes Secret outside its namespace.
    Surprise: it watches every namespace, for those of the workloads are made after it, and the chart binds its rights
    in namespaces that exist.
    """

    release: Release

    def __init__(self, scope: Construct, id: str, props: KedaProps) -> None:
        super().__init__(scope, id)
        self.release = Release(
            self,
            "release",
            name="keda",
            namespace=props.namespace,
            repository=props.repository,
            chart="keda",
            version=props.version,
            values=[json.dumps(keda_values(props), indent=2, sort_keys=True)],
            atomic=True,
            cleanup_on_fail=True,
            max_history=_REVISIONS_KEPT,
            timeout=_TIMEOUT_S,
            wait=True,
            depends_on=list(props.waits_for),
        )


def keda_values(props: KedaProps) -> dict[str, object]:
    """Where the release differs from the chart's own values, and what of these it relies on."""
    copies = 2 if props.is_redundant else 1
    budget = {"maxUnavailable": 1} if props.is_redundant else {}
    return {
        "asciiArt": False,
        "clusterName": props.cluster,
        "crds": {"install": True},
        "enableServiceLinks": False,
        "image": {"pullPolicy": "IfNotPresent"},
        "logging": {"operator": {"format": "json"}, "webhooks": {"format": "json"}},
        "metricsServer": {"replicaCount": copies},
        "operator": {"name": OPERATOR, "replicaCount": copies},
        "permissions": {
            "metricServer": {"restrict": {"secret": True}},
            "operator": {"restrict": {"secret": True}},
        },
        "podDisruptionBudget": {"metricServer": budget, "operator": budget},
        "podIdentity": {"gcp": {"enabled": True, "gcpIAMServiceAccount": props.account}},
        "podSecurityContext": {part: {"runAsNonRoot": True} for part in ("metricServer", "operator", "webhooks")},
        "prometheus": {"operator": {"enabled": True, "port": METRICS_PORT}},
        "rbac": {"enabledCustomScaledRefKinds": False},
        "resources": {
            "metricServer": _resources("100m", "128Mi", "256Mi"),
            "operator": _resources("100m", "256Mi", "512Mi"),
            "webhooks": _resources("50m", "64Mi", "256Mi"),
        },
        "securityContext": dict.fromkeys(("metricServer", "operator", "webhooks"), _SECURITY_CONTEXT),
        "serviceAccount": {"operator": {"name": OPERATOR}},
        "topologySpreadConstraints": {"metricsServer": _spread(METRICS_SERVER), "operator": _spread(OPERATOR)},
        "webhooks": {"name": WEBHOOKS},
    }


_SECURITY_CONTEXT = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def _resources(cpu: str, memory: str, memory_limit: str) -> dict[str, object]:
    # None takes the chart's own limit away: a throttled autoscaler decides late.
    return {"limits": {"cpu": None, "memory": memory_limit}, "requests": {"cpu": cpu, "memory": memory}}


def _spread(app: str) -> list[dict[str, object]]:
    return [
        {
            "labelSelector": {"matchLabels": {"app": app}},
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
        }
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]
