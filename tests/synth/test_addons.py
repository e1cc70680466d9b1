from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cdktn import App

import main
from karst.app import create_app, synthesize
from karst.blueprint import Blueprint
from karst.config.deployment import Deployment
from karst.config.rules import load_checked
from karst.config.types import GenerationState, Tier
from karst.kubernetes.keda import OPERATOR
from karst.platform.cluster import KEDA_SERVICE_ACCOUNT
from karst.stack import KarstStack
from stacks.addons import AddonsStack
from stacks.foundation import FoundationStack
from tests.examples import ENVIRONMENTS
from tests.synth.support import Document, only, resources

EXAMPLES = load_checked(ENVIRONMENTS)
STACK = "local-addons-blue"


def blueprint(name: str = "local", **keys: object) -> Blueprint:
    whole = main.blueprint(EXAMPLES[name], main.load_catalog())
    plain = whole.deployment.model_dump(by_alias=True, exclude_unset=True)
    return replace(whole, deployment=Deployment.model_validate({**plain, **keys}))


def addons(of: Blueprint, generation: str = "blue") -> Document:
    return written(lambda app: AddonsStack(app, of, generation))


def foundation(of: Blueprint) -> Document:
    return written(lambda app: FoundationStack(app, of))


def written(declare: Callable[[App], KarstStack]) -> Document:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Path(folder))
        stack = declare(app)
        synthesize(app)
        path = Path(folder) / "stacks" / str(stack.node.id) / "cdk.tf.json"
        document: Document = json.loads(path.read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def local() -> Document:
    return addons(blueprint())


def keda(document: Document) -> Document:
    body: Document = resources(document, "helm_release")["addons__keda__release"]
    return body


def values(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(keda(document)["values"][0])
    return found


def policies(document: Document) -> dict[str, Document]:
    found = resources(document, "kubernetes_network_policy_v1").values()
    return {one["metadata"]["name"]: one["spec"] for one in found}


def openings(rules: list[Document], side: str) -> set[tuple[str, str]]:
    """Peer and port of each connection that a policy allows."""
    return {
        (
            peer["ip_block"]["cidr"]
            if "ip_block" in peer
            else "/".join(
                [
                    *peer["namespace_selector"]["match_labels"].values(),
                    *peer["pod_selector"]["match_labels"].values(),
                ]
            ),
            port["port"],
        )
        for rule in rules
        for peer in rule[side]
        for port in rule["ports"]
    }


def test_keda_is_pinned_and_comes_from_where_the_deployment_says(local: Document) -> None:
    body = keda(local)
    assert (body["name"], body["chart"], body["namespace"]) == ("keda", "keda", "local-blue-addons")
    assert (body["repository"], body["version"]) == ("https://kedacore.github.io/charts", "2.20.2")
    assert (body["atomic"], body["cleanup_on_fail"], body["wait"]) == (True, True, True)
    cloud = blueprint().deployment.gcp
    mirror = {"repository": "oci://us-east4-docker.pkg.dev/lab/charts", "version": "2.20.1"}
    gcp = cloud.model_dump(by_alias=True, exclude_unset=True)
    gcp["cluster"] = {**gcp.get("cluster", {}), "keda": mirror}
    moved = keda(addons(blueprint(gcp=gcp)))
    assert {key: moved[key] for key in mirror} == mirror


def test_keda_acts_as_its_own_google_account(local: Document) -> None:
    identity = values(local)["podIdentity"]["gcp"]
    assert identity == {
        "enabled": True,
        "gcpIAMServiceAccount": "local-keda@cortex-lab-cave.iam.gserviceaccount.com",
    }
    assert values(local)["serviceAccount"]["operator"]["name"] == OPERATOR == KEDA_SERVICE_ACCOUNT


def test_keda_runs_within_the_strictest_level(local: Document) -> None:
    labels = only(local, "kubernetes_namespace_v1")["metadata"][0]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    found = values(local)
    for part in ("metricServer", "operator", "webhooks"):
        assert found["securityContext"][part] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert found["podSecurityContext"][part] == {"runAsNonRoot": True}
        requested = found["resources"][part]
        assert requested["requests"].keys() == {"cpu", "memory"}
        assert requested["limits"]["cpu"] is None
        assert requested["limits"]["memory"].endswith("Mi")
    for part in ("metricServer", "operator"):
        assert found["permissions"][part]["restrict"]["secret"] is True


@pytest.mark.parametrize(("tier", "copies", "budget"), [(Tier.PROD, 2, {"maxUnavailable": 1}), (Tier.DEV, 1, {})])
def test_production_keeps_a_second_copy_of_what_scaling_depends_on(
    tier: Tier, copies: int, budget: dict[str, int]
) -> None:
    found = values(addons(blueprint(tier=tier)))
    assert (found["operator"]["replicaCount"], found["metricsServer"]["replicaCount"]) == (copies, copies)
    assert found["podDisruptionBudget"] == {"metricServer": budget, "operator": budget}


def test_every_pod_of_the_namespace_is_cut_off_but_for_what_its_part_is_there_for(local: Document) -> None:
    found = policies(local)
    assert found.keys() == {
        "default-deny",
        "keda-admission-webhooks",
        "keda-operator",
        "keda-operator-metrics-apiserver",
    }
    assert all(one["policy_types"] == ["Ingress", "Egress"] for one in found.values())
    assert found["default-deny"].get("ingress", []) == found["default-deny"].get("egress", []) == []
    assert "match_labels" not in found["default-deny"]["pod_selector"]
    operator, server = found["keda-operator"], found["keda-operator-metrics-apiserver"]
    everybody = {("0.0.0.0/0", "443")} | {
        (peer, port) for peer, port in openings(operator["egress"], "to") if port == "53"
    }
    broker = {("10.42.0.0/16", "6379"), ("10.196.52.3/32", "6379")}
    assert openings(operator["egress"], "to") - everybody == {("169.254.169.254/32", "80")} | broker
    assert openings(operator["ingress"], "from") == {
        ("local-blue-addons/keda-operator-metrics-apiserver", "9666"),
        ("gmp-system", "8080"),
    }
    assert openings(server["egress"], "to") - everybody == {("local-blue-addons/keda-operator", "9666")}
    callers = {"kube-system", "10.40.0.0/20", "172.16.1.0/28"}
    assert openings(server["ingress"], "from") == {(peer, "6443") for peer in callers}
    webhooks = found["keda-admission-webhooks"]
    assert openings(webhooks["egress"], "to") == everybody
    assert openings(webhooks["ingress"], "from") == {(peer, "9443") for peer in callers}


def test_the_broker_is_reached_only_where_queues_of_celery_are_measured() -> None:
    whole = blueprint()
    without = replace(whole, workloads=tuple(one for one in whole.workloads if not one.name.startswith("celery")))
    reached = openings(policies(addons(without))["keda-operator"]["egress"], "to")
    assert {port for _, port in reached} == {"53", "80", "443"}


def test_what_keda_tells_of_itself_is_collected(local: Document) -> None:
    release = resources(local, "helm_release")["addons__metrics__release"]
    (monitoring,) = json.loads(release["values"][0])["monitorings"]
    assert (monitoring["matchLabels"], monitoring["port"]) == ({"app": "keda-operator"}, 8080)
    assert values(local)["prometheus"]["operator"] == {"enabled": True, "port": 8080}


def test_a_deployment_that_scales_by_processor_alone_installs_nothing() -> None:
    document = addons(blueprint("global"))
    assert "resource" not in document
    assert document["provider"].keys() == {"google", "helm", "kubernetes"}


def test_a_removed_generation_keeps_an_empty_stack_and_a_standby_one_is_ready() -> None:
    states = {"blue": {"state": "active"}, "green": {"state": GenerationState.REMOVED}}
    assert "resource" not in addons(blueprint(generations=states), "green")
    states["green"]["state"] = GenerationState.STANDBY
    assert keda(addons(blueprint(generations=states), "green"))["namespace"] == "local-green-addons"


def test_no_data_block_and_a_token_that_is_kept_nowhere(local: Document) -> None:
    assert "data" not in local
    (helm,) = local["provider"]["helm"]
    (kubernetes,) = local["provider"]["kubernetes"]
    assert {**helm["kubernetes"], "ignore_annotations": kubernetes["ignore_annotations"]} == kubernetes
    assert kubernetes["token"] == "${ephemeral.google_client_config.credentials.access_token}"
    assert kubernetes["host"].endswith("/gkeMemberships/local-blue")


@pytest.mark.parametrize(
    ("redis", "secrets"),
    [({}, {"local-redis-broker-auth", "local-redis-broker-ca"}), (None, set[str]())],
    ids=["made by Karst", "existing, without a password"],
)
def test_keda_reads_the_brokers_password_where_it_has_one_and_no_other_secret(
    redis: dict[str, object] | None, secrets: set[str]
) -> None:
    content = foundation(blueprint() if redis is None else blueprint(redis=redis))
    made = resources(content, "google_secret_manager_secret")
    ids = {f"${{google_secret_manager_secret.{key}.secret_id}}": body["secret_id"] for key, body in made.items()}
    granted = {
        ids[body["secret_id"]]
        for body in resources(content, "google_secret_manager_secret_iam_member").values()
        if "local-keda@" in body["member"]
    }
    assert granted == secrets
