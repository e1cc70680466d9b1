"""Objects of kinds that the cluster learned from add-ons: secrets to fetch, scalers, metrics to collect.

Terraform can plan such kinds only while it reaches a cluster that knows them. One small chart of ours carries them, so
that a plan needs neither; its values are the typed data below, checked once more by the chart's own schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cdktn import AssetType, ITerraformDependable, TerraformAsset
from cdktn_provider_helm.release import Release
from constructs import Construct

from karst.derived.monitoring import Monitoring
from karst.derived.scaling import Scaler, ScalerLogin, logins
from karst.derived.secret_classes import SecretClass, SecretSync

CHART = Path(__file__).parent / "chart"
_RELEASE = "custom-resources"
_TIMEOUT_S = 300
_REVISIONS_KEPT = 5

_Named = TypeVar("_Named", SecretClass, SecretSync, ScalerLogin, Scaler, Monitoring)


@dataclass(frozen=True, kw_only=True)
class CustomResourcesProps:
    """What stands in one namespace. Names must differ within a kind; order doesn't matter."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Put on every object."""
    secret_classes: Sequence[SecretClass] = ()
    secret_syncs: Sequence[SecretSync] = ()
    scalers: Sequence[Scaler] = ()
    monitorings: Sequence[Monitoring] = ()
    waits_for: Sequence[ITerraformDependable] = ()
    """What must exist before: the namespace, the service accounts that the objects name."""


class CustomResources(Construct):
    """The custom resources of one namespace as one release of one chart; nothing where there is nothing to install.

    Promises: all or nothing, a failed change is taken back. Workloads wait for it: their pods mount its secret
    classes, and a process that goes to sleep must lose its scaler before its replicas are stopped.
    """

    release: Release | None

    def __init__(self, scope: Construct, id: str, props: CustomResourcesProps) -> None:
        super().__init__(scope, id)
        self.release = None
        if not (props.secret_classes or props.secret_syncs or props.scalers or props.monitorings):
            return
        chart = TerraformAsset(self, "chart", path=str(CHART), type=AssetType.DIRECTORY)
        self.release = Release(
            self,
            "release",
            name=_RELEASE,
            namespace=props.namespace,
            chart=f"./{chart.path}",
            values=[json.dumps(chart_values(props), indent=2, sort_keys=True)],
            atomic=True,
            cleanup_on_fail=True,
            lint=True,
            max_history=_REVISIONS_KEPT,
            timeout=_TIMEOUT_S,
            wait=True,
            depends_on=list(props.waits_for),
        )


def chart_values(props: CustomResourcesProps) -> dict[str, object]:
    """Values of the chart, each list in order of names. Raises ValueError where two objects of a kind share a name."""
    return {
        "labels": dict(props.labels),
        "secretClasses": _by_name("secret class", props.secret_classes, _secret_class),
        "secretSyncs": _by_name("secret sync", props.secret_syncs, _secret_sync),
        "scalerLogins": _by_name("scaler login", logins(props.scalers), _login),
        "scalers": _by_name("scaler", props.scalers, _scaler),
        "monitorings": _by_name("monitoring", props.monitorings, _monitoring),
    }


def _by_name(
    kind: str, objects: Sequence[_Named], values: Callable[[_Named], dict[str, object]]
) -> list[dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for one in objects:
        if one.name in found:
            raise ValueError(f"two objects of the kind {kind} are called {one.name!r}: rename one of them")
        found[one.name] = {"name": one.name, **values(one)}
    return [found[name] for name in sorted(found)]


def _secret_class(one: SecretClass) -> dict[str, object]:
    return {"entries": [{"resource": entry.resource, "file": entry.file} for entry in one.entries]}


def _secret_sync(one: SecretSync) -> dict[str, object]:
    return {"account": one.account, "secretClass": one.secret_class, "keys": list(one.keys)}


def _login(one: ScalerLogin) -> dict[str, object]:
    secrets = [{"parameter": each.parameter, "secret": each.secret, "version": each.version} for each in one.secrets]
    return {"secrets": secrets}


def _scaler(one: Scaler) -> dict[str, object]:
    login = one.trigger.login
    return {
        "minReplicas": one.min_replicas,
        "maxReplicas": one.max_replicas,
        "pollingSeconds": one.polling_s,
        "cooldownSeconds": one.cooldown_s,
        "fallback": {"failures": one.failures_before_fallback, "replicas": one.fallback_replicas},
        "trigger": {
            "type": one.trigger.type,
            "login": login.name if login else "",
            "metadata": dict(one.trigger.metadata),
        },
    }


def _monitoring(one: Monitoring) -> dict[str, object]:
    return {
        "matchLabels": dict(one.match_labels),
        "port": one.port,
        "path": one.path,
        "intervalSeconds": one.interval_s,
    }
