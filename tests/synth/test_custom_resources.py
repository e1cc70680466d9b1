from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from cdktn import TerraformStack

from karst.app import SynthesisError, plain_errors
from karst.derived.monitoring import Monitoring
from karst.derived.scaling import Scaler, ScalerLogin, SecretParameter, Trigger
from karst.derived.secret_classes import SecretClass, SecretEntry, SecretSync
from karst.kubernetes import custom_resources
from karst.kubernetes.custom_resources import CHART, CustomResources, CustomResourcesProps, chart_values
from karst.kubernetes.providers import add_helm_provider
from tests.synth.support import Document, only, resources, synth

BROKER = ScalerLogin(
    name="redis-broker",
    secrets=(SecretParameter(parameter="password", secret="api-redis-broker-auth", version="latest"),),
)
GOOGLE = ScalerLogin(name="google-monitoring")


def scaler(name: str, trigger: Trigger) -> Scaler:
    return Scaler(
        name=name,
        min_replicas=0,
        max_replicas=50,
        polling_s=30,
        cooldown_s=60,
        fallback_replicas=1,
        failures_before_fallback=3,
        trigger=trigger,
    )


PROPS = CustomResourcesProps(
    namespace="api-blue",
    labels={"app.kubernetes.io/part-of": "api"},
    secret_classes=(
        SecretClass(
            name="mesh", entries=(SecretEntry(resource="projects/lab-cave/secrets/k/versions/latest", file="KEY"),)
        ),
        SecretClass(
            name="guide", entries=(SecretEntry(resource="projects/lab-cave/secrets/f/versions/3", file="FORM_KEY"),)
        ),
    ),
    secret_syncs=(SecretSync(name="guide-variables", account="guide", secret_class="guide", keys=("FORM_KEY",)),),
    scalers=(
        scaler("worker", Trigger(type="redis", login=BROKER, metadata={"listName": "process", "unsafeSsl": "true"})),
        scaler("mesh", Trigger(type="prometheus", login=GOOGLE, metadata={"query": 'sum(x{a="b"})', "threshold": "3"})),
        scaler("plain", Trigger(type="redis", login=None, metadata={"listName": "plain"})),
    ),
    monitorings=(Monitoring(name="web", match_labels={"app": "web"}, port=8080),),
)


def release(props: CustomResourcesProps = PROPS) -> Document:
    def build(stack: TerraformStack) -> None:
        add_helm_provider(stack, "https://cluster.example.org")
        CustomResources(stack, "custom", props)

    return synth(build)


def test_one_release_of_our_own_chart_stands_or_falls_as_a_whole() -> None:
    body = only(release(), "helm_release")
    assert (body["name"], body["namespace"]) == ("custom-resources", "api-blue")
    assert body["chart"].startswith("./assets/custom__chart/")
    assert (body["atomic"], body["cleanup_on_fail"], body["wait"], body["lint"]) == (True, True, True, True)
    assert "repository" not in body


def test_nothing_is_installed_where_there_is_nothing() -> None:
    assert resources(release(CustomResourcesProps(namespace="api-blue")), "helm_release") == {}


def test_order_changes_nothing() -> None:
    turned = replace(
        PROPS, secret_classes=PROPS.secret_classes[::-1], scalers=PROPS.scalers[::-1], labels=dict(PROPS.labels)
    )
    assert only(release(turned), "helm_release") == only(release(), "helm_release")


def test_a_mistake_is_placed_in_our_construct_and_not_in_a_provider_s() -> None:
    wrong = replace(PROPS, namespace=7)
    with pytest.raises(SynthesisError, match=r"^test/custom: property 'namespace'"), plain_errors():
        release(wrong)


def test_two_objects_of_one_name_are_refused() -> None:
    twice = replace(PROPS, secret_classes=(PROPS.secret_classes[0], PROPS.secret_classes[0]))
    with pytest.raises(ValueError, match="two objects of the kind secret class are called 'mesh'"):
        chart_values(twice)


def test_the_chart_refuses_what_it_does_not_know_and_what_is_missing() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    values: dict[str, Any] = json.loads(json.dumps(chart_values(PROPS)))
    jsonschema.validate(values, schema)
    breaches = [
        values | {"surprise": 1},
        {key: value for key, value in values.items() if key != "scalers"},
        values | {"secretClasses": [{"name": "mesh", "entries": []}]},
        values | {"secretClasses": [{"name": "mesh", "entries": [{"resource": "k", "file": "KEY"}]}]},
        values | {"scalers": [values["scalers"][0] | {"minReplicas": "0"}]},
        values | {"scalers": [{**values["scalers"][0], "surprise": 1}]},
        values | {"monitorings": [values["monitorings"][0] | {"port": 0}]},
    ]
    for breach in breaches:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(breach, schema)


def test_the_copy_of_the_chart_is_named_after_its_content_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "much" / "deeper"
    shutil.copytree(CHART, elsewhere)
    here = only(release(), "helm_release")["chart"]
    monkeypatch.setattr(custom_resources, "CHART", elsewhere)
    assert only(release(), "helm_release")["chart"] == here
    (elsewhere / "values.yaml").write_text("changed: true\n", encoding="utf-8")
    assert only(release(), "helm_release")["chart"] != here


@pytest.fixture
def rendered(require: Callable[[str], Path], tmp_path: Path) -> list[dict[str, Any]]:
    """What Helm makes of the chart; skipped, saying so, where there is no `helm`."""
    helm = require("helm")
    values = tmp_path / "values.json"
    values.write_text(json.dumps(chart_values(PROPS)), encoding="utf-8")
    subprocess.run([helm, "lint", "--strict", str(CHART), "-f", str(values)], check=True, capture_output=True)
    arguments = [helm, "template", "custom-resources", str(CHART), "--namespace", "api-blue", "-f", str(values)]
    text = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    return [document for document in yaml.safe_load_all(text) if document]


def test_helm_renders_what_was_declared(rendered: list[dict[str, Any]]) -> None:
    objects = {(one["kind"], one["metadata"]["name"]): one for one in rendered}
    assert all(one["metadata"]["namespace"] == "api-blue" for one in rendered)
    assert all(one["metadata"]["labels"]["app.kubernetes.io/part-of"] == "api" for one in rendered)
    assert {kind for kind, _ in objects} == {
        "PodMonitoring",
        "ScaledObject",
        "SecretProviderClass",
        "SecretSync",
        "TriggerAuthentication",
    }
    secrets = objects["SecretProviderClass", "guide"]["spec"]
    assert secrets["provider"] == "gke"
    assert yaml.safe_load(secrets["parameters"]["secrets"]) == [
        {"resourceName": "projects/lab-cave/secrets/f/versions/3", "path": "FORM_KEY"}
    ]
    assert objects["SecretSync", "guide-variables"]["spec"] == {
        "serviceAccountName": "guide",
        "secretProviderClassName": "guide",
        "secretObject": {"type": "Opaque", "data": [{"sourcePath": "FORM_KEY", "targetKey": "FORM_KEY"}]},
    }
    assert objects["TriggerAuthentication", "google-monitoring"]["spec"] == {"podIdentity": {"provider": "gcp"}}
    assert objects["TriggerAuthentication", "redis-broker"]["spec"] == {
        "gcpSecretManager": {
            "podIdentity": {"provider": "gcp"},
            "secrets": [{"parameter": "password", "id": "api-redis-broker-auth", "version": "latest"}],
        }
    }
    assert objects["PodMonitoring", "web"]["spec"] == {
        "selector": {"matchLabels": {"app": "web"}},
        "endpoints": [{"port": 8080, "path": "/metrics", "interval": "30s"}],
    }


def test_helm_renders_scalers_that_leave_busy_workers_alone(rendered: list[dict[str, Any]]) -> None:
    scalers = {one["metadata"]["name"]: one["spec"] for one in rendered if one["kind"] == "ScaledObject"}
    assert scalers["mesh"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "mesh"},
        "pollingInterval": 30,
        "cooldownPeriod": 60,
        "minReplicaCount": 0,
        "maxReplicaCount": 50,
        "fallback": {"failureThreshold": 3, "replicas": 1, "behavior": "currentReplicasIfHigher"},
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}}},
        "triggers": [
            {
                "type": "prometheus",
                "metricType": "AverageValue",
                "metadata": {"query": 'sum(x{a="b"})', "threshold": "3"},
                "authenticationRef": {"name": "google-monitoring"},
            }
        ],
    }
    assert scalers["worker"]["triggers"][0]["authenticationRef"] == {"name": "redis-broker"}
    assert "authenticationRef" not in scalers["plain"]["triggers"][0]
