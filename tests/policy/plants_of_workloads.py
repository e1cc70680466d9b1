"""Violations to plant into what runs in clusters."""

from __future__ import annotations

from collections.abc import Callable

from tests.policy.plant import Body, Plant, add, change, put

STACK = "local-apps-blue"
GLOBAL = "global-apps-blue"
DEPLOYMENT = "kubernetes_deployment_v1"
POLICY = "kubernetes_network_policy_v1"
BUDGET = "kubernetes_pod_disruption_budget_v1"
ACCOUNT = "kubernetes_service_account_v1"
NAMESPACE = "kubernetes_namespace_v1"
AUTOSCALER = "kubernetes_horizontal_pod_autoscaler_v2"
POD = "spec.template.spec"
BOX = f"{POD}.container"
CONTEXT = f"{BOX}.security_context"
OURS = "ours-apps-blue"
KEY_FILE = "GOOGLE_APPLICATION_CREDENTIALS"
ROLE = "kubernetes_role_v1"
BINDING = "kubernetes_role_binding_v1"


def first(document: Body, kind: str) -> Body:
    found: Body = next(iter(document["resource"][kind].values()))
    return found


def pod(document: Body) -> Body:
    found: Body = first(document, DEPLOYMENT)["spec"]["template"]["spec"]
    return found


def box(document: Body) -> Body:
    found: Body = pod(document)["container"][0]
    return found


def policy(document: Body, name: str) -> Body:
    return next(one for one in document["resource"][POLICY].values() if one["metadata"]["name"] == name)


def edit(rule: str, name: str, change_it: Callable[[Body], object], stack: str = STACK) -> Plant:
    return change(rule, stack, name, change_it)


def _share_account(document: Body) -> None:
    first(document, ACCOUNT)["metadata"]["annotations"] = list(document["resource"][ACCOUNT].values())[1]["metadata"][
        "annotations"
    ]


def _enforce(document: Body, level: str) -> None:
    for namespace in document["resource"][NAMESPACE].values():
        namespace["metadata"][0]["labels"]["pod-security.kubernetes.io/enforce"] = level


def _variable(document: Body, name: str, value: str) -> None:
    box(document)["env"] = [*box(document).get("env", []), {"name": name, "value": value}]


def _lone_budget(document: Body) -> None:
    one = first(document, AUTOSCALER)["metadata"]["name"]
    labels = {"app.kubernetes.io/name": one}
    spec = {"max_unavailable": "1", "selector": {"match_labels": labels}}
    metadata = {"name": one, "namespace": first(document, AUTOSCALER)["metadata"]["namespace"]}
    document["resource"].setdefault(BUDGET, {})["planted"] = {"metadata": metadata, "spec": spec}


def _pin(release: Body) -> None:
    release["values"] = [release["values"][0].replace("/versions/latest", "/versions/1")]


PLANTS = (
    edit("KARST_K8S_1", "no budget", lambda d: d["resource"].pop(BUDGET), GLOBAL),
    put("KARST_K8S_1", GLOBAL, BUDGET, "spec.max_unavailable", "0"),
    put("KARST_K8S_1", STACK, AUTOSCALER, "spec.min_replicas", 2),
    edit("KARST_K8S_1", "budget of one replica", _lone_budget),
    put("KARST_K8S_2", STACK, DEPLOYMENT, f"{POD}.topology_spread_constraint", []),
    put("KARST_K8S_2", STACK, DEPLOYMENT, f"{POD}.termination_grace_period_seconds", 0),
    edit("KARST_K8S_3", "open namespace", lambda d: d["resource"][POLICY].pop("apps__upstream__closed__policy")),
    edit("KARST_K8S_3", "one way", lambda d: policy(d, "default-deny")["spec"].update(policy_types=["Ingress"])),
    edit(
        "KARST_K8S_3", "no policy", lambda d: d["resource"][POLICY].pop("apps__materialize__workload__network__policy")
    ),
    edit("KARST_K8S_3", "to all", lambda d: policy(d, "materialize")["spec"]["egress"][0].pop("to")),
    edit("KARST_K8S_3", "from all", lambda d: policy(d, "materialize")["spec"]["ingress"][0].pop("from")),
    edit("KARST_K8S_3", "all ports", lambda d: policy(d, "materialize")["spec"]["egress"][0].pop("ports")),
    edit("KARST_K8S_4", "no level", lambda d: _enforce(d, "privileged")),
    edit("KARST_K8S_4", "root where none may be", lambda d: _enforce(d, "restricted")),
    edit("KARST_K8S_4", "exceptions for ours", lambda d: _enforce(d, "baseline"), OURS),
    put("KARST_K8S_4", OURS, DEPLOYMENT, f"{CONTEXT}.run_as_user", 0),
    put("KARST_K8S_4", OURS, DEPLOYMENT, f"{CONTEXT}.run_as_non_root", False),
    put("KARST_K8S_4", OURS, DEPLOYMENT, f"{CONTEXT}.read_only_root_filesystem", False),
    put("KARST_K8S_4", OURS, DEPLOYMENT, f"{CONTEXT}.capabilities.add", ["NET_BIND_SERVICE"]),
    put("KARST_K8S_4", OURS, "kubernetes_job_v1", f"{CONTEXT}.read_only_root_filesystem", False),
    put("KARST_K8S_4", OURS, "kubernetes_cron_job_v1", f"spec.job_template.{POD}.host_network", True),
    put("KARST_K8S_4", STACK, DEPLOYMENT, f"{CONTEXT}.privileged", True),
    put("KARST_K8S_4", STACK, DEPLOYMENT, f"{CONTEXT}.allow_privilege_escalation", True),
    put("KARST_K8S_4", STACK, DEPLOYMENT, f"{CONTEXT}.capabilities.drop", ["NET_RAW"]),
    put("KARST_K8S_4", STACK, DEPLOYMENT, f"{CONTEXT}.capabilities.add", ["SYS_ADMIN"]),
    put("KARST_K8S_4", STACK, DEPLOYMENT, f"{CONTEXT}.capabilities.add", ["FSETID"]),
    put("KARST_K8S_4", STACK, DEPLOYMENT, f"{CONTEXT}.seccomp_profile", {}),
    put("KARST_K8S_4", STACK, DEPLOYMENT, f"{POD}.host_network", True),
    put(
        "KARST_K8S_4",
        STACK,
        DEPLOYMENT,
        f"{POD}.volume",
        [{"name": "x", "host_path": {"path": "/var/run/docker.sock"}}],
    ),
    put("KARST_K8S_4", STACK, DEPLOYMENT, f"{BOX}.port", [{"container_port": 80, "host_port": 80}]),
    put("KARST_K8S_5", STACK, ACCOUNT, "metadata.annotations", {}),
    put("KARST_K8S_5", STACK, ACCOUNT, "automount_service_account_token", True),
    edit("KARST_K8S_5", "shared", _share_account),
    put("KARST_K8S_5", STACK, DEPLOYMENT, f"{POD}.service_account_name", "default"),
    put("KARST_K8S_5", STACK, DEPLOYMENT, f"{POD}.automount_service_account_token", True),
    edit("KARST_IAM_2", "key file", lambda d: _variable(d, KEY_FILE, "/secrets/key.json")),
    put("KARST_IAM_2", STACK, "kubernetes_config_map_v1", "data", {KEY_FILE: "/secrets/key.json"}),
    edit("KARST_K8S_6", "no readiness", lambda d: box(d).pop("readiness_probe")),
    edit("KARST_K8S_6", "no startup", lambda d: box(d).pop("startup_probe")),
    put("KARST_K8S_6", STACK, DEPLOYMENT, f"{BOX}.readiness_probe.period_seconds", 60),
    put("KARST_K8S_6", STACK, DEPLOYMENT, f"{BOX}.liveness_probe.failure_threshold", 1),
    edit("KARST_K8S_6", "one path", lambda d: _enforce(d, "restricted")),
    put("KARST_K8S_7", STACK, DEPLOYMENT, f"{BOX}.resources.limits", {}),
    put("KARST_K8S_7", STACK, DEPLOYMENT, f"{BOX}.resources.requests", {"cpu": "1"}),
    put("KARST_K8S_8", STACK, "kubernetes_service_v1", "spec.type", "NodePort"),
    add("KARST_K8S_9", ROLE, STACK, rule=[{"api_groups": [""], "resources": ["*"], "verbs": ["get"]}]),
    add("KARST_K8S_9", ROLE, STACK, rule={"api_groups": ["apps"], "resources": ["deployments"], "verbs": ["*"]}),
    add("KARST_K8S_9", "kubernetes_cluster_role_v1", STACK, rule=[{"resources": ["roles"], "verbs": ["escalate"]}]),
    add("KARST_K8S_10", "kubernetes_cluster_role_binding_v1", STACK, role_ref={"name": "cluster-admin"}),
    add("KARST_K8S_10", BINDING, STACK, subject=[{"kind": "Group", "name": "system:authenticated"}]),
    add("KARST_K8S_10", BINDING, STACK, subject={"kind": "ServiceAccount", "name": "default"}),
    put("KARST_IMAGE_1", STACK, DEPLOYMENT, f"{BOX}.image", "nginx"),
    edit("KARST_SEC_1", "pod's setting", lambda d: _variable(d, "DB_PASSWORD", "correct horse")),
    edit(
        "KARST_SEC_1",
        "config map",
        lambda d: first(d, "kubernetes_config_map_v1")["data"].update(x="postgresql://u:planted@10.0.0.2/x"),
    ),
    *(
        edit(
            "KARST_SEC_1",
            f"file {text}",
            lambda d, text=text: first(d, "kubernetes_config_map_v1")["data"].update(x=text),
        )
        for text in (
            "SECRET_KEY = 'correct horse'\n",
            "DEBUG = False\nDB_PASSWORD='correct horse'",
            'auth:\n  auth_token: "correct horse"\n',
            '{"config.cfg": ["CSRF_KEY = ", "correct\\nSLACK_TOKEN = horse"]}',
        )
    ),
    edit("KARST_SEC_4", "pinned", lambda d: _pin(first(d, "helm_release"))),
)
